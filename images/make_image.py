#!/usr/bin/python3
"""Makes disk images that Lintel boots from, by sgdisk and mtools: no root, no loop mounts.

The same inputs give the same bytes: GUIDs and serials are derived from the image's name, and every
time stamp is SOURCE_DATE_EPOCH.
"""
import argparse
import os
import subprocess
import tempfile
import zlib
from pathlib import Path, PurePosixPath

import boot_sector
from partition import FAT32_LBA, MIB, derived_serial, mbr_sector, write_gpt

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
CONFIG = ROOT / "config"
DEFAULT_EPOCH = "1767225600"  # 2026-01-01
FAT32_CLUSTERS = 65525  # fewer would be FAT16 (Microsoft FAT specification, 3.5)


def standard_tree(kernel=None, modules=(ROOT / "PROTOCOL.md",), command_line=""):
    """The files of an ordinary image: path on the volume -> bytes, or a Path to read them from."""
    tree = {"/EFI/BOOT/BOOTX64.EFI": BUILD / "uefi/lintelx64.efi",
            "/EFI/lintel/lintelx64.efi": BUILD / "uefi/lintelx64.efi",
            "/lintel/stage2.bin": BUILD / "legacy/stage2.bin",
            "/loader/loader.conf": CONFIG / "loader/loader.conf",
            "/boot/kernel.elf": kernel or BUILD / "kernel/kernel.elf"}
    if kernel is None:
        tree["/boot/kernel-pie.elf"] = BUILD / "kernel/kernel-pie.elf"
    for module in modules:
        tree[f"/boot/{Path(module).name}"] = Path(module)
    for entry in sorted((CONFIG / "loader/entries").glob("*.conf")):
        text = entry.read_text()
        if all(path in tree for path in named_kernels(text)):
            tree[f"/loader/entries/{entry.name}"] = complete_entry(text, modules, command_line)
    return tree


def named_kernels(text):
    return [line.split()[1] for line in text.splitlines() if line.split()[:1] == ["kernel"]]


def complete_entry(text, modules, command_line):
    """An entry of config/ with what `make image` was asked for: module and options lines."""
    for module in modules:
        crc = zlib.crc32(Path(module).read_bytes())
        text += f"module  /boot/{Path(module).name} crc32={crc:08x}\n"
    if command_line:
        text += f"options {command_line}\n"
    return text.encode()


def make_image(path, tree, name="lintel", sector_bytes=512, disk_bytes=None,
               second_stage=BUILD / "legacy/stage2.bin"):
    """A GPT disk: first sector, second stage in the BIOS boot partition, tree in the ESP. Without a
    second stage it boots on UEFI only."""
    disk_bytes = disk_bytes or fitting_bytes(tree, sector_bytes)
    make_empty(path, disk_bytes)
    bios_boot, esp = write_gpt(path, name, disk_bytes, sector_bytes)
    format_fat(path, name, sector_bytes, esp.first, esp.last - esp.first + 1)
    copy_tree(path, esp.first * sector_bytes, tree)
    if second_stage is None:
        return
    with open(path, "r+b") as image:
        room = (bios_boot.last - bios_boot.first + 1) * sector_bytes
        boot_sector.install_mbr(image, second_stage, bios_boot.first, sector_bytes, room)


def make_fat_disk(path, tree, name="lintel-fat", disk_bytes=None,
                  second_stage=BUILD / "legacy/stage2.bin"):
    """An MBR disk with one FAT32 partition that carries Lintel's boot sector, and the second stage
    in its reserved sectors. The MBR is bootable too."""
    stage_sectors = -(-Path(second_stage).stat().st_size // 512)
    reserved = boot_sector.RESERVED_BEFORE_STAGE + stage_sectors
    disk_bytes = disk_bytes or fitting_bytes(tree, 512)
    first, sectors = MIB // 512, (disk_bytes - MIB) // 512
    make_empty(path, disk_bytes)
    with open(path, "r+b") as image:
        image.write(mbr_sector(b"", derived_serial(name), [(0x80, FAT32_LBA, first, sectors)]))
    format_fat(path, name, 512, first, sectors, reserved)
    copy_tree(path, first * 512, tree)
    with open(path, "r+b") as image:
        boot_sector.install_vbr(image, second_stage, first, reserved)


def fitting_bytes(tree, sector_bytes):
    """Whole MiB that hold the tree in a file system with clusters enough to be FAT32."""
    content = sum(map(content_bytes, tree.values()))
    smallest = FAT32_CLUSTERS * sector_bytes * 5 // 4
    return (max(smallest, 32 * MIB + content * 9 // 8) // MIB + 24) * MIB


def content_bytes(content):
    return len(content) if isinstance(content, bytes) else Path(content).stat().st_size


def make_empty(path, disk_bytes):
    with open(path, "wb") as image:
        image.truncate(disk_bytes)


def format_fat(path, name, sector_bytes, first, sectors, reserved=32):
    """Cluster sizes as Microsoft's FAT specification recommends (3.5, DskTableFAT32)."""
    cluster_bytes = 512 if sectors * sector_bytes <= 260 * MIB else 4096
    mtools("mformat", "-i", at(path, first * sector_bytes), "-F", "-M", str(sector_bytes),
           "-T", str(sectors), "-H", str(first), "-h", "64", "-s", "32",
           "-c", str(max(cluster_bytes // sector_bytes, 1)), "-R", str(reserved),
           "-N", f"{derived_serial(name):08x}", "-v", "LINTEL", "::")


def copy_tree(path, offset, tree):
    """One file after the other in a fixed order, so that each lies in one piece."""
    folders = {parent for file in tree for parent in PurePosixPath(file).parents}
    for folder in sorted(map(str, folders - {PurePosixPath("/")})):
        mtools("mmd", "-i", at(path, offset), f"::{folder}")
    for file, content in sorted(tree.items()):
        with tempfile.NamedTemporaryFile() as copy:
            if isinstance(content, bytes):
                copy.write(content)
                copy.flush()
                content = copy.name
            mtools("mcopy", "-o", "-i", at(path, offset), str(content), f"::{file}")


def at(path, offset):
    return f"{path}@@{offset}"


def mtools(*command):
    environment = {**os.environ, "TZ": "UTC", "MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1"}
    environment.setdefault("SOURCE_DATE_EPOCH", DEFAULT_EPOCH)
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "images/lintel.img")
    parser.add_argument("--kernel", type=Path, help="an ELF64 file with the Lintel note")
    parser.add_argument("--module", type=Path, action="append", help="may be given repeatedly")
    parser.add_argument("--cmdline", default="", help="the kernel's command line")
    parser.add_argument("--size", type=int, help="of the disk, in MiB")
    parser.add_argument("--sector-bytes", type=int, default=512, choices=(512, 4096))
    parser.add_argument("--fat-vbr", action="store_true",
                        help="an MBR disk with Lintel's boot sector in its FAT volume")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    modules = arguments.module or [ROOT / "PROTOCOL.md"]
    tree = standard_tree(arguments.kernel, modules, arguments.cmdline)
    disk_bytes = arguments.size and arguments.size * MIB
    if arguments.fat_vbr:
        make_fat_disk(arguments.output, tree, disk_bytes=disk_bytes)
    else:
        make_image(arguments.output, tree, "lintel", arguments.sector_bytes, disk_bytes)


if __name__ == "__main__":
    main()
