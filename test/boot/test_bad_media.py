"""Drives that fail, and BIOSes that name the wrong one: tried again, or said clearly."""
import subprocess

import pytest
from builder import VOLUME, make_image
from grub import PREAMBLE, make_grub_bios
from machine import ROOT
from media import KERNEL, machine_with, shared_medium

SECTOR = 512
STAGE_MAGIC = b"LNT2"
HEAD_SUM, TABLE = 0x1B2, 0x1B8  # in the first sector


def sector_of(image, content):
    """The first sector that holds these bytes, in units of 512 bytes."""
    at = image.read_bytes().find(content)
    assert at >= 0
    return at // SECTOR


def failing(folder, image, sector, once):
    """The image as QEMU's blkdebug driver shows it: reads that touch the sector fail."""
    rules = folder / "errors.conf"
    rules.write_text(f'[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "{sector}"\n'
                     f'once = "{"on" if once else "off"}"\n')
    return f"blkdebug:{rules}:{image}"


@pytest.fixture
def failing_kernel(images, tmp_path):
    """failing_kernel(medium, once) -> (the medium, the sector of the kernel file that fails)"""
    def make(medium, once):
        image = shared_medium(images, medium)
        sector = sector_of(image, KERNEL.read_bytes()[:SECTOR]) + 8
        return failing(tmp_path, image, sector, once), sector
    return make


@pytest.mark.parametrize("firmware, medium, drive", [
    ("bios", "mbr-fat16", "ide"), ("bios", "gpt", "ahci"), ("bios", "gpt", "usb"),
    ("bios", "cd", "cd-ahci"), ("uefi", "gpt", "virtio-blk")])
def test_read_that_fails_once(boot, failing_kernel, firmware, medium, drive):
    boot(firmware, [], machine_with(drive, failing_kernel(medium, once=True)[0]))


@pytest.mark.parametrize("firmware, medium, drive, sector_bytes, message", [
    ("bios", "mbr-fat16", "ide", 512, r"BIOS drive 80h: sector {} .*status 0Ch"),
    ("bios", "gpt", "virtio-blk", 512, r"BIOS drive 80h: sector {} .*status 0Ch"),
    ("bios", "cd", "cd-ahci", 2048, r"BIOS drive E0h: sector {} .*status 0Ch"),
    ("uefi", "gpt", "virtio-blk", 512, r"can't read \d+ sectors?\s+at\s+LBA\s+\d+: ")])
def test_read_that_always_fails(start, failing_kernel, firmware, medium, drive, sector_bytes,
                                message):
    file, sector = failing_kernel(medium, once=False)
    machine = start(firmware, [], machine_with(drive, file))
    machine.wait_for(message.format(sector * SECTOR // sector_bytes))
    machine.wait_for(r"kernel\.elf")
    assert "claims:" not in machine.output


def test_floppy_pulled(start, images, tmp_path):
    """SeaBIOS reports success, and gives zeros: only the second stage's checksum tells."""
    image = shared_medium(images, "floppy-1440")
    file = failing(tmp_path, image, sector_of(image, STAGE_MAGIC) + 50, once=False)
    start("bios", [], machine_with("floppy", file)).wait_for("Lintel: drive 00h: stage 2 is damaged")


# ---- drives that are not the one -----------------------------------------------------------------

RIGHT = 0x81  # the drive whose first sector starts, whatever DL says


@pytest.fixture
def disks_behind(tmp_path):
    """disks_behind(number, right) -> [a disk that starts the next one's first sector with DL =
    number, that next one, another one with another Lintel on it]."""
    def make(number, right):
        first, other = tmp_path / "first.img", tmp_path / "other.img"
        subprocess.run(["nasm", "-f", "bin", f"-DDRIVE={number}", "-o", first, "chain.asm"],
                       cwd=ROOT / "test/bench", check=True)
        with open(first, "r+b") as disk:
            disk.truncate(1 << 20)
        make_image(other, "test other")
        return [first, right, other]
    return make


@pytest.fixture(params=["MBR", "FAT32"])
def right_disk(request, images, tmp_path):
    """A disk whose first sector is Lintel's, as in an MBR or in a FAT32 volume."""
    if request.param == "MBR":
        return shared_medium(images, "gpt")
    right = tmp_path / "right.img"
    make_image(right, "test", "--layout", "mbr", "--fat-vbr")
    table = right.read_bytes()[TABLE:SECTOR]
    copy_sector(right, VOLUME // SECTOR, 0)
    with open(right, "r+b") as disk:
        disk.seek(TABLE)
        disk.write(table)
    return right


@pytest.mark.parametrize("number", [
    RIGHT,
    0x80,   # a disk without a second stage
    0x82,   # a disk with another Lintel's, in the same sectors
    0x00,   # a floppy drive that is not there
    0xff])
def test_drive_is_told_by_identity(boot, disks_behind, right_disk, number):
    facts = boot("bios", disks_behind(number, right_disk)).facts
    assert facts["command-line"] == "test"


def copy_sector(image, source, target):
    with open(image, "r+b") as disk:
        disk.seek(source * SECTOR)
        content = disk.read(SECTOR)
        disk.seek(target * SECTOR)
        disk.write(content)


def test_no_drive_has_the_second_stage(start, images, disks_behind, tmp_path):
    """All are tried, none has it: the sum in the first sector is another one."""
    right = tmp_path / "right.img"
    right.write_bytes(shared_medium(images, "gpt").read_bytes()[:VOLUME])
    with open(right, "r+b") as disk:
        disk.seek(HEAD_SUM)
        disk.write(b"none")
    start("bios", disks_behind(RIGHT, right)).wait_for("Lintel: no stage 2 on drive 81h, status 00h")


GRUB_NAMES_WRONG_DISK = """search --no-floppy --set=partition --file /lintel/stage2.bin \\
    --hint-bios=hd1,gpt2
set root=hd0
multiboot2 ($partition)/lintel/stage2.bin
boot
"""


def test_multiboot2_finds_its_own_drive(boot, images, tmp_path):
    """GRUB tells the drive of its `root`, which the file need not have come from."""
    grub, other = tmp_path / "grub.img", tmp_path / "other.img"
    make_grub_bios(grub, "", PREAMBLE + GRUB_NAMES_WRONG_DISK)
    make_image(other, "test other")
    facts = boot("bios", [grub, shared_medium(images, "gpt"), other]).facts
    assert facts["command-line"] == "test"
