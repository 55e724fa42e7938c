"""The shell as a class room: what it shows of a BIOS's low memory and of the first sector, against
QEMU's monitor and the image's own bytes."""
import re

import pytest
from builder import make_image
from media import machine_with
from network import by_tftp
from shell import Shell
from ways import WAYS

NO_BIOS = "^There is none: UEFI firmware has no real-mode vectors"


def test_low_memory_of_the_bios(start, images):
    shell = Shell(start("bios", [images.standard("")]))
    monitor = shell.machine.monitor
    table = monitor.physical_memory(0, 1024)
    told = {}
    for first, last, segment, offset in re.findall(
            r"^  (\w\w)h(?: to (\w\w)h)? +(\w{4}):(\w{4}) ", shell.run("ivt"), re.M):
        for vector in range(int(first, 16), int(last or first, 16) + 1):
            told[vector] = bytes.fromhex(offset)[::-1] + bytes.fromhex(segment)[::-1]
    assert b"".join(told[vector] for vector in range(256)) == table
    shell.find("ivt 13h", r"^  13h .* disk$")
    shell.find("ivt 19", "^  13h ")
    shell.find("ivt 100h", "256: there are 256 vectors")
    area, text = monitor.physical_memory(0x400, 256), shell.run("bda")
    rows = re.findall(r"^  40:(\w\w)  ((?:\w\w )+) +(\w+)h +(\d+)  ", text, re.M)
    assert len(rows) >= 30
    for offset, raw, hexadecimal, decimal in rows:
        data = bytes.fromhex(raw)
        assert area[int(offset, 16):][:len(data)] == data
        assert int(hexadecimal, 16) == int(decimal) == int.from_bytes(data, "little")
    assert "x87: there is one" in text and max(map(len, text.splitlines())) < 80


def test_there_is_none_on_uefi(start, images):
    shell = Shell(start("uefi", [images.standard("")]))
    for command in ("ivt", "ivt 13h", "bda", "sector"):
        shell.find(command, NO_BIOS)


def shown_sector(text):
    """Each byte that is shown, where it is shown."""
    sector = {}
    for offset, raw in re.findall(r"^  (?:0000000000007)?(\w\w\w?)  ((?:\w\w ?)+) ", text, re.M) + \
            re.findall(r"^0000000000007(\w{3})  ((?:\w\w )+)", text, re.M):
        at = int(offset, 16) - (0xc00 if int(offset, 16) >= 0xc00 else 0)
        sector |= {at + i: byte for i, byte in enumerate(bytes.fromhex(raw))}
    return bytes(sector[at] for at in range(512))


# How the machine gets to Lintel: what `lintel image` is told, and the drive.
MEDIA = {
    "disk": (("--layout", "gpt"), "ide"),
    "floppy": (("--layout", "floppy"), "floppy"),
    "CD": (("--layout", "iso"), "cd-ide"),
    "volume": (("--layout", "mbr", "--fat", "16"), "ide"),
}


@pytest.mark.parametrize("medium", MEDIA)
def test_first_sector(start, tmp_path, medium):
    options, drive = MEDIA[medium]
    make_image(image := tmp_path / "image", "", *options)
    shell = Shell(start("bios", [], machine_with(drive, image)))
    text = shell.run("sector")
    sector = shown_sector(text)
    whole = image.read_bytes()
    assert sector in whole if medium == "CD" else sector == whole[:512]
    assert max(map(len, text.splitlines())) < 86
    if medium == "disk":
        assert "partition 1: type eeh" in text
    if medium == "volume":
        assert re.search(r"partition 1: active, type (04|06|0e)h, \d+ sectors from \d+ on", text)
    if medium == "floppy":
        assert re.search(r'"FAT12 +"  file system', text) and "512  bytes of a sector" in text


@pytest.mark.parametrize("way", ["grub-volume", "grub-multiboot2"])
def test_first_sector_behind_grub(start, images, way):
    disks = images.disks(WAYS[way], "")
    text = Shell(start("bios", disks)).run("sector")
    sector = shown_sector(text)
    assert sector[510:] == b"\x55\xaa"
    if way == "grub-volume":  # the sector of the partition that GRUB chained to
        assert sector in disks[1].read_bytes() and "serial number" in text
    else:  # its own: what it had the BIOS load first
        assert sector[90:] == disks[0].read_bytes()[90:512]


def test_a_network_loads_no_sector(start, tmp_path):
    make_image(tmp_path / "server", "", "--layout", "netboot")
    shell = Shell(start("bios", [], by_tftp("bios", "e1000", tmp_path / "server")))
    shell.find("sector", r"^There is none at 7C00h: bytes 1feh and 1ffh were", "From a network")


# ---- virtual memory by its Windows names, numbers ------------------------------------------------

ADDRESS = r"^  0{11}10000$"
CALLS = (
    ("VirtualAlloc(NULL, 65536, MEM_RESERVE, PAGE_READWRITE)", ADDRESS),
    ("VirtualAlloc(0x10000, 4096, MEM_RESERVE, PAGE_READWRITE)", "487.*ADDRESS_TAKEN"),
    ("VirtualAlloc(0x10000,8192, MEM_COMMIT , PAGE_READWRITE);", ADDRESS),
    ("vm touch 10000 write", "demand-zero"),
    ("vm", r"^  64 KiB reserved; of these 8 committed; of these 4 in the working set$"),
    ("VirtualProtect(0x10000, 4096, PAGE_READONLY, &old)", r"^  TRUE\n  old = PAGE_READWRITE$"),
    ("vm touch 10000 write", "protection"),
    ("VirtualQuery(0x10000, &info, sizeof(info))",
     r"^  BaseAddress +0{11}10000\n  AllocationBase +0{11}10000\n  AllocationProtect +PAGE_READWRITE\n"
     r"  RegionSize +4096, 1000h\n  State +MEM_COMMIT 1000h\n  Protect +PAGE_READONLY\n"
     r"  Type +MEM_PRIVATE 20000h$"),
    ("vm query 13001", r"BaseAddress +0{11}13000\n(.*\n)+  RegionSize +53248, d000h\n"
     r"  State +MEM_RESERVE 2000h\n  Protect +0\n"),
    ("vm query", r"^  0{16} .*system's\n  0{11}10000 +4 KiB  committed read .*\n"
     r"  0{11}11000 +4 KiB .*\n  0{11}12000 +56 KiB  reserved .*\n  0{11}20000 .* free +\n"
     r"  00007ffffffff000 .*system's$"),
    ("VirtualProtect(0x11000, 1, PAGE_GUARD | PAGE_READWRITE, NULL)", "TRUE"),
    ("vm touch 11000", "guard page"),
    ("VirtualProtect(0x12000, 1, PAGE_NOACCESS, &old)", "487.*NOT_COMMITTED"),
    ("VirtualAlloc(NULL, 1, MEM_COMMIT, PAGE_EXECUTE_READWRITE)", "87.*BAD_PROTECTION"),
    ("VirtualAlloc(NULL, 1, MEM_COMMIT, 0x1234)", "87.*BAD_PROTECTION"),
    ("VirtualAlloc(NULL, 1, MEM_RELEASE, PAGE_READWRITE)", "87.*third argument is MEM_RESERVE"),
    ("VirtualAlloc(0x90000, 1, MEM_COMMIT, PAGE_READWRITE)", "487.*NOT_RESERVED"),
    ("VirtualFree(0x10000, 4096, MEM_RELEASE)", "87.*the size is 0"),
    ("VirtualFree(0x11000, 0, MEM_RELEASE)", "487.*NOT_A_REGION"),
    ("VirtualFree(0x11000, 0, MEM_DECOMMIT)", "487.*NOT_A_REGION"),
    ("VirtualFree(0x10000, 0, MEM_DECOMMIT)", "TRUE"),
    ("vm", r"^  64 KiB reserved; of these 0 committed; of these 0 in the working set$"),
    ("VirtualFree(0x10000, 0, MEM_RELEASE)", "TRUE"),
    ("vm query 10000", "State +MEM_FREE 10000h"),
    ("VirtualAlloc(0x20800, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY)", r"^  0{11}20000$"),
    ("vm query 21000", r"^  0{11}20000 +8 KiB  committed read "),
    ("VirtualFree(0x20000, 0, MEM_RELEASE)", "TRUE"),
    ("VirtualAlloc(0x10000000000000000, 1, MEM_RESERVE, PAGE_READWRITE)", "wanted a number"),
    ("VirtualFree(0x10000, 0)", r"wanted VirtualFree\(address, bytes, MEM_"),
    ("VirtualFree(0x10000, 0, MEM_RELEASE", r"wanted VirtualFree\("),
    ("VirtualFree(0x10000, 0, MEM_RELAESE)", "`MEM_RELAESE`: wanted a number"),
    ("VirtualFree(0x10000, , MEM_RELEASE)", "``: wanted a number"),
    ("VirtualFre(0x10000, 0, MEM_RELEASE)", "no such command"),
    ("number -0x8000000000000000", r"unsigned 9223372036854775808; signed -9223372036854775808;"),
    ("number 18446744073709551615", r"signed -1; hexadecimal f{16}h"),
    ("number -1", r"unsigned 18446744073709551615; signed -1; hexadecimal f{16}h"),
    ("number 1234h", r"^  in memory 34 12 00 00 00 00 00 00,"),
    ("number 0x200000000000000", "not canonical"),
    ("vm reserve 10000h", r"region 0{11}10000"),
    ("numbers", "two's complement"),
)


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_typed_calls(start, images, firmware):
    shell = Shell(start(firmware, [images.standard("")]))
    for line, answer in CALLS:
        shell.find(line, answer)
    for topic in ("vm", "pages", "numbers", "ivt", "sector"):
        assert max(map(len, shell.run(f"help {topic}").splitlines())) < 80
