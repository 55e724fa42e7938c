"""The media that a PC's firmware starts from: images that `lintel image` makes, and the drives that
QEMU puts them into."""
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from machine import ROOT, Hardware

TOOL = ROOT / "build/lintel"
KERNEL = ROOT / "build/kernel/kernel.elf"
MODULE = ROOT / "PROTOCOL.md"


@dataclass(frozen=True)
class Image:
    """What `lintel image` is asked for, and what the kernel must then say it came from."""

    options: str
    medium: str = "disk"
    partitioning: str = "none"
    partition: int = 0


IMAGES = {
    "floppy-1440": Image("--layout floppy --size 1440K", "floppy"),
    "floppy-2880": Image("--layout floppy --size 2880K", "floppy"),
    "mbr-fat16": Image("--layout mbr --fat 16", partitioning="MBR", partition=1),
    "mbr-fat32-inactive": Image("--layout mbr --fat 32 --inactive", partitioning="MBR",
                                partition=1),
    "mbr-fat16-logical-inactive": Image("--layout mbr --fat 16 --logical --inactive",
                                        partitioning="MBR", partition=5),
    "mbr-fat32-logical": Image("--layout mbr --fat 32 --logical", partitioning="MBR", partition=5),
    "mbr-ext4": Image("--layout mbr --fat 16", partitioning="MBR", partition=1),
    "gpt": Image("--layout gpt", partitioning="GPT", partition=2),
    "gpt-4096": Image("--layout gpt --sector-bytes 4096", partitioning="GPT", partition=2),
    "cd": Image("--layout iso", "CD"),
    "cd-as-disk": Image("--layout iso"),
}

# Each takes the drive named `medium`; 440FX is the board with IDE and a floppy controller.
DRIVES = {
    "floppy": ("pc", ["floppy,drive=medium"]),
    "ide": ("pc", ["ide-hd,drive=medium"]),
    "ahci": ("q35", ["ide-hd,drive=medium"]),
    "virtio-blk": ("q35", ["virtio-blk-pci,drive=medium"]),
    "virtio-scsi": ("q35", ["virtio-scsi-pci", "scsi-hd,drive=medium"]),
    "usb": ("q35", ["qemu-xhci", "usb-storage,drive=medium"]),
    "nvme": ("q35", ["nvme,drive=medium,serial=1"]),
    "cd-ide": ("pc", ["ide-cd,drive=medium"]),
    "cd-ahci": ("q35", ["ide-cd,drive=medium"]),
    "cd-virtio-scsi": ("q35", ["virtio-scsi-pci", "scsi-cd,drive=medium"]),
    "cd-usb": ("q35", ["qemu-xhci", "usb-bot,id=stick", "scsi-cd,drive=medium,bus=stick.0"]),
}
SECTORS_4096 = ",logical_block_size=4096,physical_block_size=4096"


def make_medium(path, name):
    command = [TOOL, "image", "--output", path, "--kernel", KERNEL, "--module", MODULE,
               "--cmdline", "test", *IMAGES[name].options.split()]
    subprocess.run(list(map(str, command)), check=True)
    if name.endswith("ext4"):
        make_ext4(path)


def make_ext4(path):
    """Has the same files on ext4 in the place of FAT; the second stage lies before the partition."""
    with open(path, "r+b") as image, tempfile.TemporaryDirectory() as tree:
        image.seek(446 + 8)
        first, sectors = struct.unpack("<II", image.read(8))
        fat = ["mcopy", "-s", "-n", "-i", f"{path}@@{first * 512}", "::*", tree]
        subprocess.run(fat, check=True)
        Path(tree, "boot").mkdir(exist_ok=True)
        Path(tree, "loader").rename(Path(tree, "boot/loader"))
        volume = ["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-E", f"offset={first * 512}", "-d", tree,
                  path, f"{sectors // 2}k"]
        image.seek(first * 512)
        image.write(bytes(sectors * 512))
        image.flush()
        subprocess.run(volume, check=True)


def shared_medium(images, name):
    """The image's file, made once for all tests. A CD's bytes are the same as a disk's."""
    name = name.removesuffix("-as-disk")
    return images.shared(f"medium-{name}.img", lambda path: make_medium(path, name))


def machine_with(drive, file, sector_bytes=512, **hardware):
    """Hardware with the file, or what else QEMU takes for one, in the only drive."""
    board, (*controllers, device) = DRIVES[drive]
    sectors = SECTORS_4096 if sector_bytes == 4096 else ""
    medium = f"if=none,id=medium,format=raw,snapshot=on,file={file}"
    options = ["-drive", medium]
    for part in (*controllers, device + sectors):
        options += ["-device", part]
    return Hardware(board=board, options=tuple(options), **hardware)
