"""Disks as other people make them: partitioned, formatted, with files, some with GRUB."""
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test/boot"))
from builder import BUILD, CONFIG, KERNEL, MIB, MODULE, copy_tree, make_empty  # noqa: E402
from grub import PREAMBLE, core_image  # noqa: E402

GRUB_BOOT = Path("/usr/lib/grub/i386-pc/boot.img")
GRUB_SAYS = "GNU GRUB"  # above its prompt
TAIL_BYTES = MIB  # what sfdisk may leave behind the last partition
# GRUB's source, include/grub/i386/pc/boot.h: where boot.img has the LBA of the rest, and where the
# first sector of the rest has that of its second one.
GRUB_BOOT_LBA, GRUB_REST_LBA = 0x5C, 0x1F4


@dataclass(frozen=True)
class Disk:
    """How a disk is made and what can be done with it. `reserved`: sectors of its FAT volume."""

    name: str
    table: str                 # a script for sfdisk; "": none
    fat: int                   # bits
    first: int                 # LBA of the FAT volume
    mib: int = 24
    reserved: int = 0
    options: tuple = ()        # for lintel install
    grub: int = 0              # LBA at which the rest of GRUB lies; 0: no GRUB
    sector_bytes: int = 512
    cluster_sectors: int = 4
    firmwares: tuple = ("bios",)
    device: str = "ide-hd"

    def make(self, path, tree):
        make_empty(path, self.mib * MIB)
        if self.table:
            self.partition(path)
        self.format(path)
        copy_tree(path, self.first * self.sector_bytes, tree)
        if self.grub:
            put_grub(path, self.grub)

    def partition(self, path):
        """By fdisk, which can be told the size of sectors."""
        script = path.with_name("table")
        script.write_text(self.table)
        subprocess.run(["fdisk", "--sector-size", str(self.sector_bytes), path], text=True,
                       input=f"I\n{script}\nw\n", check=True, stdout=subprocess.DEVNULL)

    def format(self, path):
        tail = TAIL_BYTES if self.table else 0
        sectors = (self.mib * MIB - tail) // self.sector_bytes - self.first
        reserved = ("-R", str(self.reserved)) if self.reserved else ()
        subprocess.run(["mkfs.fat", "-F", str(self.fat), "-s", str(self.cluster_sectors), "-S",
                        str(self.sector_bytes), "-i", "12345678", "-h", str(self.first),
                        "--invariant", *reserved, "--offset", str(self.first), path,
                        str(sectors * self.sector_bytes // 1024)],
                       check=True, stdout=subprocess.DEVNULL)


def gpt(first, esp):
    """A BIOS boot partition in the first MiB, then the EFI system partition."""
    return f"""label: gpt
first-lba: {first}
start={first}, size={esp - first}, type=21686148-6449-6E6F-744E-656564454649
start={esp}, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
"""


GPT = gpt(34, 2048)
DISKS = {disk.name: disk for disk in (
    Disk("gpt", GPT, 32, 2048, mib=36, cluster_sectors=1, firmwares=("bios", "uefi")),
    Disk("gpt-grub", GPT, 16, 2048, grub=34),
    Disk("gpt-4096", gpt(6, 256), 16, 256, mib=48, sector_bytes=4096, cluster_sectors=1,
         device="nvme", firmwares=("bios", "uefi")),
    Disk("mbr-fat16", "label: dos\nstart=2048,type=e,bootable\n", 16, 2048,
         firmwares=("bios", "uefi")),
    Disk("mbr-4096", "label: dos\nstart=256,type=e,bootable\n", 16, 256, mib=48, sector_bytes=4096,
         cluster_sectors=1, device="nvme"),
    Disk("mbr-esp", "label: dos\nstart=2048,type=ef\n", 32, 2048, mib=36, cluster_sectors=1,
         firmwares=("uefi",)),
    Disk("mbr-logical", "label: dos\nstart=2048,type=5\nstart=4096,type=e\n", 16, 4096),
    Disk("mbr-grub", "label: dos\nstart=2048,type=e\n", 16, 2048, grub=1),
    Disk("volume-fat16", "label: dos\nstart=63,type=e\n", 16, 63, reserved=520,
         options=("--partition", "1")),
    Disk("volume-fat32", "label: dos\nstart=63,type=c\n", 32, 63, mib=36, cluster_sectors=1,
         reserved=520, options=("--partition", "1")),
    Disk("floppy", "", 12, 0, mib=4, reserved=520),
)}


def plain_tree():
    """What lies on a disk before Lintel: a kernel with its entry, and no loader."""
    entry = f"""title   Lintel's own kernel
kernel  /boot/kernel.elf
module  /boot/{MODULE.name} crc32={zlib.crc32(MODULE.read_bytes()):08x}
options test
"""
    return {"/boot/kernel.elf": KERNEL, f"/boot/{MODULE.name}": MODULE,
            "/loader/loader.conf": CONFIG / "loader/loader.conf",
            "/loader/entries/lintel.conf": entry.encode()}


def put_grub(path, lba, configuration=PREAMBLE, *modules):
    """boot.img around the partition table, the rest of GRUB from `lba` on."""
    boot = bytearray(GRUB_BOOT.read_bytes())
    core = bytearray(core_image("i386-pc", configuration, *modules))
    struct.pack_into("<Q", boot, GRUB_BOOT_LBA, lba)
    struct.pack_into("<Q", core, GRUB_REST_LBA, lba + 1)
    with open(path, "r+b") as disk:
        disk.write(boot[:440])
        disk.seek(lba * 512)
        disk.write(core)


def read_file(path, disk, name):
    """A file's contents; None: there is none."""
    done = subprocess.run(["mtype", "-i", f"{path}@@{disk.first * disk.sector_bytes}", f"::{name}"],
                          capture_output=True, env={"MTOOLS_SKIP_CHECK": "1", "PATH": "/usr/bin"})
    return None if done.returncode else done.stdout


def older_tool(path, seal=True):
    """A lintel that would install another second stage and UEFI application."""
    tool = (BUILD / "lintel").read_bytes()
    for part in ("legacy/stage2.bin", "uefi/lintelx64.efi"):
        now = (BUILD / part).read_bytes()
        assert tool.count(now) == 1, f"build/lintel does not hold today's {part}"
        tool = tool.replace(now, altered(now, part.startswith("legacy") and seal))
    path.write_bytes(tool)
    path.chmod(0o755)
    return path


def altered(content, seal):
    """Another letter in a message; the checksum as legacy/seal.py wants it."""
    place = content.index(b"no partition table")
    content = bytearray(content)
    content[place] ^= 0x20
    if seal:
        checksum = int.from_bytes(content[12:16], "little")
        change = 0x20 << 8 * (place % 4)
        sign = 1 if content[place] & 0x20 else -1
        content[12:16] = ((checksum - sign * change) % 2**32).to_bytes(4, "little")
    return bytes(content)
