"""What was asked boots, or a question: a configuration that can't be read or is damaged, and a default
that is gone, end in the menu, which waits, with the reason on the screen."""
import shutil
from pathlib import Path

import pytest
from builder import VOLUME, change_files, copy_tree, make_image, mtools
from entries import add_xbootldr, wrapped
from machine import CONFIG, Hardware
from test_bad_media import failing, sector_of
from variables import add_variables, encode

FIRMWARES = ("bios", "uefi")
ENTRY = "title {0}\nkernel /boot/kernel.elf\noptions test\nsort-key a\n# {0}\n"
ENTRIES = {f"/loader/entries/{name}.conf": ENTRY.format(name) for name in ("debian-12", "debian-13")}
LOADER = "/loader/loader.conf"
EDITOR_OFF = "Options stay as they are"


def wait_for_question(machine, reason):
    """On the menu, and the menu is what goes on."""
    machine.wait_for(wrapped(reason))
    machine.wait_for("show the same menu")
    assert "Boots in" not in machine.output
    assert "claims:" not in machine.output


@pytest.mark.parametrize("firmware", FIRMWARES)
@pytest.mark.parametrize("content, reason", [
    (bytes(512), "/loader/loader.conf is no text: its byte 0 is 00h"),
    (b"\xff" * 512, "/loader/loader.conf is no text: its byte 0 is FFh"),
    ("timeout 0\neditor no\n".encode("utf-16"), "/loader/loader.conf is UTF-16 text: save it as"),
    (b"Directory of A:\nCOMMAND COM 47845\n", "lines that nobody knows: 2 of 2"),
    (b"timeout 0\nedit?r no\ndefault debian-12\n", "line 2 has the key edit.r and not editor"),
    (b"timeout 0\ndefault debian-12\neditor=no", "line 3 has the key editor=no and not editor"),
    (b"editor no\ndefault debian-12\ntimeout", "timeout without a value is neither seconds"),
    (b"timeout 0\ndefault fedora-*\n", "default fedora-. matches no entry")],
    ids=["zeros", "ones", "UTF-16", "other", "damaged-key", "damaged-blank", "cut", "default"])
def test_loader_conf(start, special_image, firmware, content, reason):
    """Nor can the options be edited, where `editor no` may have stood there."""
    machine = start(firmware, [special_image({LOADER: content, **ENTRIES})])
    wait_for_question(machine, reason)
    if b"fedora" not in content:
        machine.type("e")
        machine.wait_for(EDITOR_OFF)
    machine.type("1")
    machine.wait_passed()


@pytest.mark.parametrize("firmware", FIRMWARES)
@pytest.mark.parametrize("loader, entries, reason", [
    ("timeout 0\ndefault debian-12\n", {"debian-12+0-3": ENTRY.format("debian-12")},
     "default debian-12 matches only entries without tries left: debian-12"),
    ("timeout 0\ndefault debian-*\n", {"debian-12": ENTRY.format("debian-12"), "debian-14": "title 14\n"},
     "default debian-. may mean the entry debian-14, which names no kernel")],
    ids=["no tries left", "cut"])
def test_entry_that_does_not_boot_by_itself(start, special_image, firmware, loader, entries, reason):
    changes = {LOADER: loader, "/loader/entries/debian-13.conf": ENTRY.format("debian-13"),
               **{f"/loader/entries/{name}.conf": text for name, text in entries.items()}}
    machine = start(firmware, [special_image(changes)])
    wait_for_question(machine, reason)


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_volume_that_stands_in(start, special_image, firmware):
    """What the damaged volume's loader.conf forbade nobody knows."""
    image = Path(special_image({LOADER: "timeout 0\neditor no\n", **ENTRIES}))
    other = add_xbootldr(image, 40)
    copy_tree(image, other, {LOADER: "timeout 0\neditor yes\n", **ENTRIES})
    loader = image.read_bytes().index(b"LOADER     ", VOLUME)
    with open(image, "r+b") as file: # its first cluster: the volume ends before
        file.seek(loader + 26)
        file.write(b"\xff\xff")
    machine = start(firmware, [image])
    wait_for_question(machine, "cannot be used: ")
    machine.type("e")
    machine.wait_for(EDITOR_OFF)


def test_saved_where_nothing_is_saved(start, tmp_path):
    """A volume that boots by itself has no room for an area."""
    image = tmp_path / "volume.img"
    make_image(image, "test", "--layout", "mbr", "--fat", "16", "--fat-vbr")
    change_files(image, {LOADER: "timeout 0\ndefault @saved\n", **ENTRIES})
    machine = start("bios", [image])
    wait_for_question(machine, "default @saved: this firmware has no place where an entry is saved")


@pytest.fixture
def failing_sector(special_image, tmp_path):
    """failing_sector(changes, content) -> hardware with a disk whose sector with that content fails"""
    def make(changes, content):
        image = special_image(changes)
        file = failing(tmp_path, image, sector_of(image, content), once=False)
        return Hardware(options=("-drive", f"if=none,id=bad,format=raw,file={file}",
                                 "-device", "virtio-blk-pci,drive=bad,bootindex=0"))
    return make


@pytest.mark.parametrize("firmware", FIRMWARES)
@pytest.mark.parametrize("content, reason", [
    (b"timeout 0\ndefault debian-*\n", "options can't be edited, for it may have said so"),
    (ENTRY.format("debian-13").encode(),
     "default debian-. may mean the entry debian-13, which can't be read:")],
    ids=["loader.conf", "entry"])
def test_unreadable_sector(start, failing_sector, firmware, content, reason):
    changes = {LOADER: "timeout 0\ndefault debian-*\n", **ENTRIES}
    machine = start(firmware, [], failing_sector(changes, content))
    wait_for_question(machine, reason)


def test_default_that_can_be_read_boots(start, failing_sector):
    changes = {LOADER: "timeout 0\ndefault debian-12\n", **ENTRIES}
    machine = start("bios", [], failing_sector(changes, ENTRY.format("debian-13").encode()))
    machine.wait_passed()
    assert "fact: entry = debian-12" in machine.output


def test_utf16_entry(start, special_image):
    entry = ENTRY.format("debian-14").encode("utf-16")
    machine = start("bios", [special_image({LOADER: "timeout 0\ndefault debian-*\n", **ENTRIES,
                                            "/loader/entries/debian-14.conf": entry})])
    wait_for_question(machine, "may mean the entry debian-14, which is UTF-16 text: save it as UTF-8")


def test_variable_that_matches_nothing(start, special_image, tmp_path):
    """It is no wish for another entry."""
    flash = tmp_path / "variables.fd"
    shutil.copyfile(CONFIG["firmware"]["uefi_variables"], flash)
    add_variables(flash, {"LoaderEntryOneShot": encode("gone.conf")})
    image = special_image({LOADER: "timeout 0\ndefault debian-12\n", **ENTRIES})
    machine = start("uefi", [image], Hardware(variables=flash))
    wait_for_question(machine, "LoaderEntryOneShot gone.conf matches no entry")
    machine.type("\r")
    machine.wait_passed()
    assert "fact: entry = debian-12" in machine.output


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_very_many_entries(start, special_image, tmp_path, firmware):
    """The default is the last in the directory and in the order."""
    image = special_image({LOADER: "timeout 0\ndefault 0000\n"})
    folder = tmp_path / "entries"
    folder.mkdir()
    for number in range(2000, -1, -1):
        (folder / f"{number:04}.conf").write_text(ENTRY.format(number))
    mtools("mcopy", image, VOLUME, "-Q", *(str(folder / f"{n:04}.conf") for n in range(2000, -1, -1)),
           "::/loader/entries/")
    machine = start(firmware, [image])
    machine.wait_passed()
    assert "fact: entry = 0000" in machine.output
