"""lintel status: what it tells of disks; that it is what the loader does, test/boot/test_steering.py
sees."""
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from disks import DISKS, older_tool, plain_tree  # noqa: E402
from builder import change_files, make_empty  # noqa: E402
from steered import (GLOBAL, GPT, RESCUE, Running, SMALL,  # noqa: E402
                     entry_image, lines, refuse, status, succeed, utf16, volume_of)
from state import SECTOR, Pair, area_of  # noqa: E402

MIB = 1 << 20
UNKNOWN = b"\xeb\xfe"


@pytest.fixture
def image(tmp_path):
    """Two entries: `lintel`, the default, and `rescue`."""
    return entry_image(tmp_path / "disk.img")


# ---- what lies there ----------------------------------------------------------------------------

@pytest.mark.parametrize("layout", ("gpt", "mbr", "floppy"))
def test_an_image(tmp_path, layout):
    path = entry_image(tmp_path / "disk.img", "--layout", layout)
    told = lines(succeed("status", path))
    assert told["first sector"] == ["Lintel"]
    assert re.fullmatch(r"Lintel [\d.]+, the one in this tool: \d+ bytes at LBA \d+",
                        told["second stage"][0])
    files = ("/EFI/lintel/lintelx64.efi", "/EFI/BOOT/BOOTX64.EFI")
    assert [re.sub(r" [\d.]+,", "", line) for line in told["UEFI file"]] == [
        f"{name}: Lintel the one in this tool" for name in files[layout == "floppy":]]
    assert told["firmware"] == ["BIOS", "UEFI"]
    assert told["entry"] == ["rescue.conf  Rescue", "lintel.conf  kernel.elf"] * 2
    assert told["next"] == ["lintel.conf: the default in loader.conf"] * 2
    assert "wrong" not in told


OWNERS = {"GRUB": b"GRUB \0Geom\0Hard Disk", "Windows": b"Invalid partition table\0Missing operating system",
          "syslinux": b"Missing operating system.\r\nOperating system load error.\r\n",
          "Limine": b"Limine", "another loader": UNKNOWN, "no loader": b""}


@pytest.mark.parametrize("owner, code", OWNERS.items(), ids=OWNERS.keys())
def test_a_disk_without_lintel(tmp_path, owner, code):
    path = tmp_path / "disk.img"
    DISKS["mbr-fat16"].make(path, plain_tree())
    with open(path, "r+b") as disk:
        disk.write(code.ljust(440, b"\0"))
    assert f"Lintel is not installed on {path}" in refuse("status", path)
    assert lines(status(path).stdout)["first sector"] == [owner]


def test_installed_and_uninstalled(tmp_path):
    path = tmp_path / "disk.img"
    DISKS["gpt-grub"].make(path, plain_tree())
    assert lines(status(path).stdout)["first sector"] == ["GRUB"]
    succeed("install", path)
    told = lines(succeed("status", path))
    assert told["first sector"] == ["Lintel"] and told["entry"][0].startswith("lintel.conf")
    succeed("uninstall", path)
    assert lines(status(path).stdout)["first sector"] == ["GRUB"]


GRUB = OWNERS["GRUB"].ljust(440, b"\0")


def gap_disk(folder, entries):
    """An ext4 disk that GRUB boots."""
    path, tree = folder / "disk.img", folder / "tree"
    (tree / "boot/loader/entries").mkdir(parents=True)
    (tree / "boot/vmlinuz").write_text("kernel")
    for name, text in entries.items():
        (tree / f"boot/loader/entries/{name}.conf").write_text(text)
    make_empty(path, 24 * MIB)
    subprocess.run(["sfdisk", "-q", path], input="start=2048, type=83\n", text=True, check=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, "-E", f"offset={MIB}", path, "20m"],
                   check=True)
    with open(path, "r+b") as disk:
        disk.write(GRUB)
    return path


def test_an_installation_in_the_gap(tmp_path):
    path = gap_disk(tmp_path, {"only": "linux /boot/vmlinuz\n"})
    succeed("install", path)
    told = lines(succeed("status", path))
    assert told["first sector"] == ["Lintel"] and told["previous"] == ["GRUB"]
    assert told["entry"] == ["only.conf  only"] and "other slot" not in told and "trial" not in told
    assert succeed("set-oneshot", "auto-previous", "--disk", path).startswith("Next: auto-previous: ")
    succeed("set-oneshot", "--clear", "--disk", path)
    older = older_tool(tmp_path / "lintel")
    subprocess.run([older, "install", path], check=True, stdout=subprocess.DEVNULL)
    told = lines(succeed("status", path))
    assert told["trial"][0].startswith("pending") and len(told["other slot"]) == 1
    assert "the one in this tool" in told["second stage"][0] + told["other slot"][0]
    with open(path, "r+b") as disk:
        disk.write(GRUB)
    wrong = lines(status(path).stdout)["wrong"][0]
    assert wrong.startswith("GRUB has taken the first sector back") and "lintel install" in wrong


def test_the_loader_before_stands_in(tmp_path):
    path = gap_disk(tmp_path, {})
    succeed("install", path)
    assert lines(succeed("status", path))["next"] == [
        "auto-previous: no entry is there: what has been before Lintel"]


def test_a_damaged_second_stage(image):
    lba = struct.unpack_from("<Q", image.read_bytes(), 0x1A8)[0]
    with open(image, "r+b") as disk:
        disk.seek(lba * 512 + 100000)
        disk.write(b"?")
    assert "not all is well" in refuse("status", image)
    told = lines(status(image).stdout)
    assert told["second stage"][0].endswith("; damaged")
    assert "BIOS boots nothing" in told["wrong"][0]


def test_another_build_of_lintel(image, tmp_path):
    change_files(image, {"/EFI/lintel/lintelx64.efi": b"MZ Lintel 9.8.7~rc1\0",
                         "/EFI/BOOT/BOOTX64.EFI": b"MZ some other loader"})
    files = lines(succeed("status", image))["UEFI file"]
    assert files == ["/EFI/lintel/lintelx64.efi: Lintel 9.8.7~rc1",
                     "/EFI/BOOT/BOOTX64.EFI: another loader"]


def test_no_disk(tmp_path):
    assert "No such file" in refuse("status", tmp_path / "none.img")
    empty = tmp_path / "empty.img"
    make_empty(empty, MIB)
    assert "Lintel is not installed" in refuse("status", empty)


# ---- what boots next ----------------------------------------------------------------------------

NEXT = {
    "order": ("timeout 0\n", "rescue.conf: the first in the menu's order"),
    "default": ("default lin*\n", "lintel.conf: the default in loader.conf"),
    "waits": ("timeout menu-force\ndefault lintel\n",
              "the menu waits, at lintel.conf: the default in loader.conf"),
    "no match": ("default none\n",
                 "the menu waits, at rescue.conf: /loader/loader.conf: default none matches no entry"),
}


@pytest.mark.parametrize("loader, told", NEXT.values(), ids=NEXT.keys())
def test_next(tmp_path, loader, told):
    path = entry_image(tmp_path / "disk.img", loader=loader)
    found = lines(status(path).stdout)
    assert [line.startswith(told) for line in found["next"]] == [True, True], found["next"]
    assert ("wrong" in found) == ("no match" in loader or "none" in loader)


GONE = "title Rescue\nkernel /boot/gone.elf\n"
FALL_BACK = {
    "asks": ("default rescue\n", {"rescue": GONE}, "the menu waits, at rescue.conf: rescue can't boot: ",
             "BIOS: the menu will wait: "),
    "falls back": ("default rescue\nfallback yes\n", {"rescue": GONE},
                   "lintel.conf: rescue can't boot: ", "BIOS: another entry boots: lintel: "),
    "initrd": ("default rescue\nfallback yes\n", {"rescue": RESCUE + "initrd /boot/none\n"},
               "lintel.conf: rescue can't boot: ", "BIOS: another entry boots: lintel: "),
    "nobody": ("default rescue\nfallback yes\n", {"rescue": GONE, "lintel": GONE},
               "the menu waits, at rescue.conf: ", "BIOS: the menu will wait: "),
    "no tries left": ("timeout 0\n", {"rescue+0-3": RESCUE}, "lintel.conf: the first in the menu's order", None),
    "tries": ("timeout 0\n", {"rescue+2-1": RESCUE}, "rescue.conf: the first in the menu's order", None),
}


@pytest.mark.parametrize("loader, entries, foretold, wrong", FALL_BACK.values(), ids=FALL_BACK.keys())
def test_what_stands_in(tmp_path, loader, entries, foretold, wrong):
    path = entry_image(tmp_path / "disk.img", loader=loader, entries={})
    first = volume_of(path)[1] * 512
    change_files(path, {f"/loader/entries/{name}.conf": text for name, text in entries.items()}, first)
    told = lines(status(path).stdout)
    assert told["next"][0].startswith(foretold), told["next"]
    assert told.get("wrong", [""])[0].startswith(wrong or "") and ("wrong" in told) == bool(wrong)


def test_tries_are_told(tmp_path):
    path = entry_image(tmp_path / "disk.img", entries={"rescue+2-1": RESCUE, "worn+0-3": RESCUE})
    entries = lines(succeed("status", path))["entry"]
    assert "rescue.conf  Rescue; 2 tries left, 1 made" in entries
    assert "worn.conf  Rescue; no tries left, 3 made" in entries


def test_an_entry_that_cannot_boot(image):
    change_files(image, {"/loader/entries/rescue.conf": "title Rescue\nkernel /boot/gone.elf\n",
                         "/loader/entries/worse.conf": "title \x1b[2JWorse\n"})
    rescue, worse = (next(line for line in lines(status(image).stdout)["entry"]
                          if line.startswith(name)) for name in ("rescue", "worse"))
    assert re.search("; can't boot: .*gone.elf", rescue)
    assert "\x1b" not in worse and "can't boot" in worse


def test_no_entries(tmp_path):
    path = entry_image(tmp_path / "disk.img")
    change_files(path, {f"/loader/entries/{name}.conf": None for name in ("lintel", "rescue")})
    assert "not all is well" in refuse("status", path)
    assert re.match("BIOS finds nothing to boot: .*entries holds no", lines(status(path).stdout)["wrong"][0])


# ---- state that lies ----------------------------------------------------------------------------

def pair_of(path):
    return Pair.read(path, area_of(path))


STRANGE = {
    "torn": (lambda pair: pair.tear(pair.newest), "sequence 1", False),
    "older torn": (lambda pair: pair.tear(1 - pair.newest), "sequence 2", False),
    "both": (lambda pair: [pair.tear(0), pair.tear(1)], None, True),
    "foreign": (lambda pair: pair.put(1 - pair.newest, b"somebody's".ljust(512, b"!")), "sequence 2",
                False),
    "length": (lambda pair: pair.put(pair.newest, pair.sector(9, (bytes([9, 250]) + bytes(250)) * 2)),
               "sequence 1", False),
}


@pytest.mark.parametrize("change, told, wrong", STRANGE.values(), ids=STRANGE.keys())
def test_strange_state(image, change, told, wrong):
    succeed("set-default", "rescue", "--disk", image)
    succeed("set-timeout", "9", "--disk", image)
    pair = pair_of(image)
    change(pair)
    pair.write(image)
    found = lines(status(image).stdout)
    assert ("wrong" in found) == wrong
    if told:
        assert told in found["state"][0]


def test_text_in_the_state_that_steers_a_terminal(image):
    succeed("set-default", "rescue", "--disk", image)
    pair = pair_of(image)
    text = b"\x1b[2Jlintel\nwrong: all"
    pair.put(pair.newest, pair.sector(7, bytes([1, len(text)]) + text))
    pair.write(image)
    done = status(image)
    assert "\x1b" not in done.stdout and "default entry: ?[2Jlintel?wrong: all" in done.stdout
    assert "matches no entry" in done.stdout and done.returncode == 1


# ---- a running machine --------------------------------------------------------------------------

@pytest.fixture
def running(tmp_path):
    """running(uefi) -> a machine that boots from an image."""

    def make(uefi, **others):
        image = entry_image(tmp_path / "disk.img", *(GPT if uefi else SMALL), **others)
        return Running(tmp_path / "root", image, uefi)

    return make


def load_option(path, description="Lintel", first=2048):
    """An entry of the firmware's boot menu (UEFI 2.10, 3.1.3): a partition of a GPT, and a file."""
    disk = struct.pack("<BBHIQQ16sBB", 4, 1, 42, 2, first, 1000, bytes(16), 2, 2)
    name = utf16(path)
    nodes = disk + struct.pack("<BBH", 4, 4, 4 + len(name)) + name + bytes([0x7F, 0xFF, 4, 0])
    return struct.pack("<IH", 1, len(nodes)) + utf16(description) + nodes


@pytest.mark.parametrize("uefi", (False, True), ids=("bios", "uefi"))
def test_the_running_machine(running, uefi):
    machine = running(uefi)
    told = lines(succeed("status", env=machine.environment))
    assert told["disk"][0].startswith("/dev/vda: ")
    assert told["firmware"] == ["UEFI" if uefi else "BIOS"]
    assert told["entry"] == ["rescue.conf  Rescue", "lintel.conf  kernel.elf"]
    assert told["next"] == ["lintel.conf: the default in loader.conf"]


def test_a_machine_without_lintel(running):
    machine = running(False)
    with open(machine.disk, "r+b") as disk:
        disk.write(bytes(440))
    assert "Lintel is not installed on /dev/vda" in refuse("status", env=machine.environment)


def test_hooks_are_missing(running):
    machine = running(False)
    machine.write("var/lib/lintel/undo", "")
    machine.write("etc/debian_version", "12.0\n")
    machine.write("run/systemd/system/.keep", "")
    refuse("status", env=machine.environment)
    wrong = lines(status(env=machine.environment).stdout)["wrong"]
    missing = [line.split(" is missing")[0] for line in wrong]
    assert len(missing) == 4
    for name in missing:
        name = name.lstrip("/").replace("*", "basic.target.wants")
        machine.write(name, "")
        machine.path(name).chmod(0o755)
    succeed("status", env=machine.environment)


def test_uefi_machine_without_lintel(running):
    """That another loader comes first is then nothing wrong."""
    machine = running(True)
    _, first, _ = volume_of(machine.disk)
    for name in ("EFI/lintel/lintelx64.efi", "EFI/BOOT/BOOTX64.EFI"):
        change_files(machine.disk, {f"/{name}": None}, first * SECTOR)
    machine.set_variable("Boot0001", load_option("\\EFI\\debian\\shimx64.efi"), GLOBAL)
    machine.set_variable("BootOrder", struct.pack("<H", 1), GLOBAL)
    assert "Lintel is not installed" in refuse("status", env=machine.environment)
    assert "wrong" not in lines(status(env=machine.environment).stdout)


def test_boot_order(running):
    machine = running(True)
    own = load_option("\\EFI\\lintel\\lintelx64.efi")
    machine.set_variable("Boot0003", own, GLOBAL)
    machine.set_variable("Boot0001", load_option("\\EFI\\debian\\shimx64.efi", "deb\x1bian"), GLOBAL)
    machine.set_variable("Boot0007", own[:9], GLOBAL)
    machine.set_variable("BootOrder", struct.pack("<4H", 7, 3, 1, 9), GLOBAL)
    told = lines(succeed("status", env=machine.environment))
    assert told["boot order"] == [
        "Boot0007, which can't be read", r"Boot0003 Lintel: \EFI\lintel\lintelx64.efi; Lintel",
        r"Boot0001 deb?ian: \EFI\debian\shimx64.efi", "Boot0009, which can't be read"]
    machine.set_variable("BootOrder", struct.pack("<2H", 1, 3), GLOBAL)
    assert "another loader first" in lines(status(env=machine.environment).stdout)["wrong"][0]
    machine.set_variable("BootNext", struct.pack("<H", 3), GLOBAL)
    told = lines(succeed("status", env=machine.environment))
    assert told["boot next"][0].startswith("Boot0003 Lintel")


def test_what_the_loader_told(running):
    machine = running(True)
    for name, text in {"LoaderInfo": "Lintel 0.9", "LoaderEntrySelected": "rescue.conf",
                       "LoaderTimeInitUSec": "1234567", "LoaderTimeExecUSec": "2000000"}.items():
        machine.set_variable(name, utf16(text))
    told = lines(succeed("status", env=machine.environment))
    assert told["booted by"] == ["Lintel 0.9"] and told["booted"] == ["rescue.conf"]
    assert told["time"] == ["1.234 s: the loader began", "2.000 s: the kernel was started"]


STRANGE_VARIABLES = {"no end": utf16("rescue.conf")[:-2], "odd": b"\0" * 7, "empty": b"",
                     "surrogate": b"\0\xd8" * 9, "long": b"x\0" * 4000,
                     "control": utf16("\x1b[2J\nwrong: no")}


@pytest.mark.parametrize("value", STRANGE_VARIABLES.values(), ids=STRANGE_VARIABLES.keys())
def test_strange_variables(running, value):
    machine = running(True)
    for name in ("LoaderEntryOneShot", "LoaderEntryDefault", "LoaderConfigTimeout", "LoaderInfo",
                 "LoaderTimeMenuUSec", "LoaderEntrySelected"):
        machine.set_variable(name, value)
    done = status(env=machine.environment)
    assert done.returncode in (0, 1) and "\x1b" not in done.stdout + done.stderr
    assert lines(done.stdout)["entry"]
