"""Drives that fail, and BIOSes that name the wrong one: tried again, or said clearly."""
import subprocess

import pytest
from machine import PASSED, ROOT
from media import KERNEL, machine_with, shared_medium

SECTOR = 512
STAGE_MAGIC = b"LNT2"


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
    ("uefi", "gpt", "virtio-blk", 512, r"can't read \d+ sectors at LBA \d+: ")])
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
    start("bios", [], machine_with("floppy", file)).wait_for("Lintel: bad stage 2")


@pytest.fixture
def start_as_drive(start, images, tmp_path):
    """start_as_drive(number): enters Lintel's first sector, of BIOS drive 81h, with DL = number."""
    def enter(number):
        first = tmp_path / "first.img"
        subprocess.run(["nasm", "-f", "bin", f"-DDRIVE={number}", "-o", first,
                        ROOT / "test/boot/wrong_drive.asm"], check=True)
        with open(first, "r+b") as disk:
            disk.truncate(1 << 20)
        return start("bios", [first, shared_medium(images, "gpt")])
    return enter


@pytest.mark.parametrize("number, message", [
    (0x80, "Lintel: bad stage 2"),  # another disk, without a second stage
    (0x00, "Lintel: disk error"),   # a floppy drive that is not there
    (0xff, "Lintel: disk error")])
def test_wrong_drive_number(start_as_drive, number, message):
    start_as_drive(number).wait_for(message)


def test_right_drive_number(start_as_drive):
    """What the test above does, with the number that is right."""
    assert start_as_drive(0x81).wait_exit() == PASSED
