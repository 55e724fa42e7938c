"""Entries that nobody wrote: other loaders, Windows, tools, and what the firmware does itself; and a
machine that boots what was there before Lintel where there is nothing else."""
import re
import subprocess

import pytest
from builder import BUILD, KERNEL, LINTEL, MIB, VOLUME, change_files, copy_tree, make_empty
from cells import Screen
from entries import format_volume, make_entries_image, sfdisk, wrapped
from grub import LIBRARY, PREAMBLE, core_image
from linux_guest import MEMTEST
from test_linux import MEMTEST_PC, memtest_is_there

FIRMWARES = ("bios", "uefi")
PROGRAM = BUILD / "test-kernels/program.efi"
SECTOR = BUILD / "test-kernels/sector.bin"
WAITS = "timeout menu-force\n"
ENDS = {"bios": ["Restart", "Power off"], "uefi": ["Firmware setup", "Restart", "Power off"]}
TOLD = r"program: options=\[none\] bytes=0 finds itself"


def image_with(path, files, loader=WAITS):
    make_entries_image(path, {"mine": "kernel /k.elf\noptions test"}, {"/k.elf": KERNEL, **files},
                       loader=loader)
    return path


def titles(machine):
    """Of the menu's lines, in order."""
    rows = Screen(machine).wait_for_text("show the same menu")
    return re.findall(r"^ {8}[* ] *\d+  (\S.*?) *$", "\n".join(rows), re.MULTILINE)


def menus(machine):
    return machine.output.count("show the same menu")


def choose(machine, number, pattern, count=1):
    """And waits for what comes of it, and for the menu behind it."""
    machine.type(str(number))
    machine.wait(lambda: len(re.findall(pattern, machine.output)) >= count, f"/{pattern}/")


# ---- UEFI: by their places ------------------------------------------------------------------------

PLACES = {"/EFI/debian/shimx64.efi": "debian (shimx64.efi)",
          "/EFI/arch/grubx64.efi": "arch (grubx64.efi)",
          "/EFI/systemd/systemd-bootx64.efi": "systemd (systemd-bootx64.efi)",
          "/EFI/refind/refind_x64.efi": "refind (refind_x64.efi)",
          "/EFI/limine/BOOTX64.EFI": "limine (BOOTX64.EFI)",
          "/EFI/Microsoft/Boot/bootmgfw.efi": "Windows Boot Manager",
          "/EFI/tools/shellx64.efi": "UEFI shell"}


@pytest.fixture
def other_disk(tmp_path):
    """With an EFI system partition, on which lie the files."""
    def make(files):
        path = tmp_path / "other.img"
        make_empty(path, 50 * MIB)
        sfdisk(path, "label: gpt\nstart=2048, size=90112, type=uefi\n")
        format_volume(path, 2048, 44)
        copy_tree(path, VOLUME, files)
        return path
    return make


def test_programs_are_found_and_started(start, tmp_path, other_disk):
    """In directories' order, those that may start what was there before first; and Lintel itself, in
    two places of its disk and as another's default loader, is none of them."""
    image = image_with(tmp_path / "uefi.img", {path: PROGRAM for path in PLACES})
    other = other_disk({"/EFI/fedora/shimx64.efi": PROGRAM,
                        "/EFI/BOOT/BOOTX64.EFI": BUILD / "uefi/lintelx64.efi"})
    machine = start("uefi", [image, other])
    found = titles(machine)
    assert found[0] == "mine" and found[-3:] == ENDS["uefi"]
    assert set(found[1:4]) == {"debian (shimx64.efi)", "arch (grubx64.efi)", "fedora (shimx64.efi)"}
    assert set(found[4:7]) == {"systemd (systemd-bootx64.efi)", "refind (refind_x64.efi)",
                               "limine (BOOTX64.EFI)"}
    assert found[7:9] == ["Windows Boot Manager", "UEFI shell"]
    for number in range(2, 10):
        seen = menus(machine)
        choose(machine, number, TOLD, number - 1)
        machine.wait(lambda: menus(machine) > seen, "the menu again")
    assert len(found) == 12


def test_default_loader_of_another(start, tmp_path, other_disk):
    """Windows has it twice: at its own place, and at the default one."""
    image = image_with(tmp_path / "uefi.img", {})
    other = other_disk({"/EFI/Microsoft/Boot/bootmgfw.efi": PROGRAM, "/EFI/BOOT/BOOTX64.EFI": PROGRAM})
    assert titles(start("uefi", [image, other]))[1:-3] == ["Windows Boot Manager"]
    change_files(other, {"/EFI/BOOT/BOOTX64.EFI": PROGRAM.read_bytes() + b"another"})
    machine = start("uefi", [image, other])
    assert titles(machine)[1:-3] == ["Windows Boot Manager", "EFI default loader"]
    choose(machine, 3, TOLD)


# ---- BIOS: by their boot sectors ------------------------------------------------------------------

TABLE = "label: dos\nlabel-id: 0x1234abcd\n1: start=2048, size=65536, type=c\n" \
        "2: start=67584, size=2048, type=7\n"


def windows_disk(path):
    """An NTFS volume, by its boot sector, that tells what it was handed."""
    make_empty(path, 40 * MIB)
    sfdisk(path, TABLE)
    sector = bytearray(SECTOR.read_bytes()[:512])
    assert not any(sector[480:500])
    sector[488:500] = b"BOOTMGR is\0\0"
    with open(path, "r+b") as disk:
        disk.seek(67584 * 512)
        disk.write(sector)
    return path


def test_windows_on_bios(start, tmp_path):
    """As the active partition of its disk, though the table says so of none."""
    image, other = image_with(tmp_path / "bios.img", {}), windows_disk(tmp_path / "windows.img")
    machine = start("bios", [image, other])
    assert titles(machine) == ["mine", "Windows Boot Manager", *ENDS["bios"]]
    machine.type("2")
    told = machine.wait_for(r"sector: dl=(\w+) eax=00000000 .* entry=0000:07ce ([0-9a-f ]+) end")
    assert told[1] == "81"
    assert bytes.fromhex(told[2])[0] == 0x80 and bytes.fromhex(told[2])[4] == 7


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_memory_test(start, tmp_path, firmware):
    image = image_with(tmp_path / "memtest.img", {"/boot/memtest86+x64.bin": MEMTEST})
    machine = start(firmware, [image], MEMTEST_PC)
    assert titles(machine) == ["mine", "Memory test (memtest86+)", *ENDS[firmware]]
    machine.type("2")
    machine.wait(lambda: memtest_is_there(machine, firmware), "memtest86+")


# ---- what the firmware does -----------------------------------------------------------------------

@pytest.mark.parametrize("firmware", FIRMWARES)
def test_restart(start, tmp_path, firmware):
    """A number alone does not: a line's noise may be one."""
    machine = start(firmware, [image_with(tmp_path / "a.img", {})],
                    options=("-action", "reboot=reset"))
    number = titles(machine).index("Restart") + 1
    choose(machine, number, rf"{number}: Enter")
    seen = menus(machine)
    machine.type("\r")
    machine.wait(lambda: menus(machine) > seen, "the menu of the next boot")


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_power_off(start, tmp_path, firmware):
    machine = start(firmware, [image_with(tmp_path / "a.img", {})],
                    options=("-action", "shutdown=pause"))
    titles(machine)
    machine.type("\x1b[F")
    machine.wait_for("auto-poweroff: firmware power off")
    machine.type("\r")
    machine.wait(lambda: machine.monitor.execute("query-status")["status"] == "shutdown",
                 "the machine to be off")


# ---- who wishes otherwise -------------------------------------------------------------------------

@pytest.mark.parametrize("firmware", FIRMWARES)
def test_switched_off(start, tmp_path, firmware):
    files = {"/EFI/debian/shimx64.efi": PROGRAM, "/boot/memtest86+x64.bin": MEMTEST}
    image = image_with(tmp_path / "off.img", files, WAITS + "auto-entries no\n")
    assert titles(start(firmware, [image])) == ["mine"]


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_named_as_the_default(start, tmp_path, firmware):
    loader = {"bios": "timeout 0\ndefault auto-windows\n", "uefi": "timeout 0\ndefault auto-ar*\n"}
    image = image_with(tmp_path / "named.img", {"/EFI/arch/grubx64.efi": PROGRAM}, loader[firmware])
    machine = start(firmware, [image, windows_disk(tmp_path / "windows.img")])
    machine.wait_for({"bios": r"sector: dl=81", "uefi": TOLD}[firmware])


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_no_default_restarts_for_ever(start, tmp_path, firmware):
    image = image_with(tmp_path / "ever.img", {}, "timeout 0\ndefault auto-reboot\n")
    machine = start(firmware, [image])
    machine.wait_for(wrapped("default auto-reboot would for ever be auto-reboot"))
    machine.wait_for("show the same menu")


# ---- where there is nothing else ------------------------------------------------------------------

def make_grub_disk(path):
    """As grub-install leaves a disk with an MBR: boot.img in the first sector, its core behind it."""
    make_empty(path, 48 * MIB)
    sfdisk(path, "label: dos\n1: start=4096, size=81920, type=c\n")
    format_volume(path, 4096, 40)
    boot = (LIBRARY / "i386-pc/boot.img").read_bytes()
    core = core_image("i386-pc", PREAMBLE + "set timeout=-1\nmenuentry 'GRUB is here' { true }\n")
    with open(path, "r+b") as disk:
        disk.write(boot[:440])
        disk.seek(512)
        disk.write(core)


def install(path, *options):
    subprocess.run([LINTEL, "install", *options, path], check=True, stdout=subprocess.DEVNULL)


def test_grub_boots_where_lintel_has_no_entry(start, tmp_path):
    """Installed over GRUB, and nothing more: the machine boots as it did."""
    disk = tmp_path / "grub.img"
    make_grub_disk(disk)
    first = disk.read_bytes()[:512]
    install(disk)
    assert disk.read_bytes()[:440] != first[:440]
    machine = start("bios", [disk])
    machine.wait_for("the default is Previous loader")
    machine.wait_for("GRUB is here")


def test_grub_is_an_entry(start, tmp_path):
    disk = tmp_path / "grub.img"
    make_grub_disk(disk)
    install(disk)
    copy_tree(disk, 4096 * 512, {"/loader/entries/mine.conf": "kernel /k.elf\noptions test\n",
                                 "/loader/loader.conf": WAITS, "/k.elf": KERNEL})
    machine = start("bios", [disk])
    assert titles(machine) == ["mine", "Previous loader", *ENDS["bios"]]
    machine.type("2")
    machine.wait_for("GRUB is here")


def test_other_loader_boots_where_lintel_has_no_entry(start, tmp_path):
    """The one that may be shim, not the first in its directory."""
    image = image_with(tmp_path / "none.img", {"/EFI/a/refind_x64.efi": PROGRAM,
                                               "/EFI/b/shimx64.efi": PROGRAM}, "timeout 0\n")
    change_files(image, {"/loader/entries/e0.conf": None})
    machine = start("uefi", [image])
    machine.wait_for(r"nothing to boot: the default is b \(shimx64\.efi\)")
    machine.wait_for(TOLD)


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_nothing_at_all(start, tmp_path, firmware):
    """The machine is not restarted for that."""
    image = image_with(tmp_path / "none.img", {}, "timeout 0\n")
    change_files(image, {"/loader/entries/e0.conf": None})
    machine = start(firmware, [image])
    assert titles(machine) == ENDS[firmware]
    machine.wait_for(wrapped("there is nothing to boot"))
    assert "Boots in" not in machine.output


# ---- bad volumes ----------------------------------------------------------------------------------

def test_damaged_programs(start, tmp_path):
    """Are entries, which say what is wrong."""
    cut = PROGRAM.read_bytes()[:1500]
    image = image_with(tmp_path / "bad.img", {
        "/EFI/cut/grubx64.efi": cut, "/EFI/empty/shimx64.efi": b"", "/EFI/text/shimx64.efi": b"no program",
        "/EFI/Microsoft/Boot/bootmgfw.efi": bytes(4096)})
    machine = start("uefi", [image])
    found = titles(machine)
    assert len(found) == 8
    choose(machine, found.index("cut (grubx64.efi)") + 1, r"grubx64\.efi.*is\s+it\s+truncated")
    choose(machine, found.index("empty (shimx64.efi)") + 1, r"entry auto-empty:")
    machine.type("1")
    machine.wait_passed()
