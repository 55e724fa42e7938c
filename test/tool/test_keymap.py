"""lintel keymap: what the keys of a layout type, from the console's data; and images that have one."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
from builder import KERNEL, LINTEL, VOLUME  # noqa: E402

US = r"""`1234567890-=qwertyuiop[]asdfghjkl;'\zxcvbnm,./<"""
LEVELS = ("plain", "shift", "altgr")


def lintel(*arguments, **environment):
    return subprocess.run([LINTEL, *map(str, arguments)], capture_output=True, text=True,
                          encoding="utf-8", env={**os.environ, **environment})


def keymap(name):
    """The rows by level; each has a character for each key."""
    done = lintel("keymap", name)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    rows = dict(line.split(" ") for line in lines)
    assert tuple(rows) == LEVELS and all(len(row) == len(US) for row in rows.values())
    return rows


@pytest.mark.parametrize("name, cells", {
    "de": ["z y Y", "y z Z", "- ß ? \\", "7 7 / {", "q q Q @", "e e E €", "/ - _", "` ^ °", "= ´ `",
           "\\ # '", "< < > |", "; ö Ö"],
    "fr": ["q a A", "a q Q", "m , ?", "; m M", "1 & 1", "0 à 0 @", "- ) ° ]", ". : /", "[ ^ ¨", "< < >"],
    "us": ["z z Z z", "- - _", "\\ \\ |", "2 2 @", "/ / ?"],
    "gb": ["2 2 \"", "' ' @", "3 3 £", "\\ # ~", "< \\ |", "` ` ¬"],
    "us-dvorak": ["q ' \"", "w , <", "/ z Z", "- [ {", "s o O"],
    "de-nodeadkeys": ["= ' `", "] + * ~"],
    "cz": ["2 ě 2 @", "z y Y", "= ´ ˇ"],
}.items())
def test_cells(name, cells):
    """A US keyboard's key, and what it types: plain, with Shift, with AltGr."""
    rows = keymap(name)
    for cell in cells:
        key, *characters = cell.split()
        for level, character in zip(LEVELS, characters):
            assert rows[level][US.index(key)] == character, f"{name}: {key} with {level}"


@pytest.mark.parametrize("name, message", {
    "ru": "keyboard layout ru has no `a`, so that options can't be typed with it",
    "xx": "keyboard layout xx: ckbcomp failed (exit status 2)",
    "de-xx": "keyboard layout de has no variant xx",
    "../de": "`../de` is no keyboard layout such as de, fr or us-dvorak",
    "": "`` is no keyboard layout",
    33 * "a": "is no keyboard layout",
}.items())
def test_refused(name, message):
    done = lintel("keymap", name)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr and done.stderr.count("\n") == 1


def test_console_data_are_missing(tmp_path):
    done = lintel("keymap", "de", PATH=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr == "lintel: `ckbcomp` is not installed; on Debian: apt install console-setup\n"


# ---- images -----------------------------------------------------------------------------------

def make_image(path, *options):
    done = lintel("image", "-o", path, "--kernel", KERNEL, *options)
    assert (done.returncode, done.stderr) == (0, "")


def read(image, name):
    return subprocess.run(["mtype", "-i", f"{image}@@{VOLUME}", f"::{name}"], check=True,
                          stdout=subprocess.PIPE, encoding="utf-8").stdout


def test_image(tmp_path):
    make_image(tmp_path / "disk.img", "--keymap", "fr")
    assert read(tmp_path / "disk.img", "/loader/keymaps/fr") == lintel("keymap", "fr").stdout
    conf = read(tmp_path / "disk.img", "/loader/loader.conf")
    assert conf == "timeout 0\ndefault lintel\nkeymap fr\n"


def test_image_with_a_loader_conf(tmp_path):
    (tmp_path / "loader.conf").write_text("timeout 5\ndefault lintel")
    make_image(tmp_path / "disk.img", "--keymap", "de", "--loader-conf", tmp_path / "loader.conf")
    conf = read(tmp_path / "disk.img", "/loader/loader.conf")
    assert conf == "timeout 5\ndefault lintel\nkeymap de\n"


def test_folder_of_a_server(tmp_path):
    make_image(tmp_path / "folder", "--layout", "netboot", "--keymap", "us-dvorak")
    conf = (tmp_path / "folder/loader/loader.conf").read_text()
    assert conf.endswith("\nkeymap us-dvorak\nentry lintel.conf\n")
    assert (tmp_path / "folder/loader/keymaps/us-dvorak").exists()


def test_image_without_the_layout_that_it_names(tmp_path):
    (tmp_path / "loader.conf").write_text("timeout 5\ndefault lintel\nkeymap de\n")
    done = lintel("image", "-o", tmp_path / "disk.img", "--kernel", KERNEL, "--loader-conf",
                  tmp_path / "loader.conf")
    assert done.returncode == 0
    assert "keymap de: neither /loader/keymaps/de nor /boot/loader/keymaps/de is there: " in done.stderr


def test_status_names_what_is_wrong(tmp_path):
    image = tmp_path / "disk.img"
    make_image(image, "--keymap", "de")
    assert "keymap" not in lintel("status", image).stdout
    subprocess.run(["mdel", "-i", f"{image}@@{VOLUME}", "::/loader/keymaps/de"], check=True)
    done = lintel("status", image)
    assert done.returncode == 1
    for firmware in ("BIOS", "UEFI"):
        assert f"{firmware}: /loader/loader.conf: keymap de: neither /loader/" in done.stdout


def test_no_image_with_an_unknown_layout(tmp_path):
    done = lintel("image", "-o", tmp_path / "disk.img", "--kernel", KERNEL, "--keymap", "xx")
    assert done.returncode == 1 and "keyboard layout xx" in done.stderr
    assert not any(tmp_path.iterdir())
