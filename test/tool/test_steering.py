"""lintel set-default, set-oneshot, set-timeout and reboot: what they write, and what they refuse."""
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from steered import (EFIVARS, GPT, Running, SMALL, entry_image,  # noqa: E402
                     lines, lintel, refuse, status, succeed, utf16)
from state import Pair, area_of  # noqa: E402


@pytest.fixture
def image(tmp_path):
    return entry_image(tmp_path / "disk.img")


def pair_of(path):
    return Pair.read(path, area_of(path))


def told(path, key):
    return lines(status(path).stdout).get(key, [])


# ---- on a disk ----------------------------------------------------------------------------------

WISHES = {
    "default": (("set-default", "rescue"), "default entry: rescue.conf", "rescue.conf: the default ("),
    "suffix": (("set-default", "rescue.conf"), "default entry: rescue.conf", "rescue.conf: the def"),
    "pattern": (("set-default", "res*"), "default entry: res*", "rescue.conf: the default ("),
    "saved": (("set-default", "@saved"), "default entry: @saved", "lintel.conf: the default in"),
    "once": (("set-oneshot", "rescue"), "entry, once: rescue.conf", "rescue.conf: asked for once"),
    "time": (("set-timeout", "17"), "time-out: 17", "lintel.conf"),
    "time once": (("set-timeout", "menu-force", "--once"), "time-out, once: menu-force",
                  "the menu waits, at lintel.conf"),
}


@pytest.mark.parametrize("command, kept, following", WISHES.values(), ids=WISHES.keys())
def test_a_wish_is_kept_and_cleared(image, command, kept, following):
    said = succeed(*command, "--disk", image)
    assert said.startswith(f"Next: {following}")
    assert told(image, "set") == [kept]
    assert told(image, "next")[0].startswith(following)
    once = [option for option in command[2:] if option == "--once"]
    assert succeed(command[0], "--clear", *once, "--disk", image).startswith("Next: lintel.conf")
    assert told(image, "set") == []
    succeed(*command, "--disk", image)
    succeed(command[0], "", *once, "--disk", image)
    assert told(image, "set") == []


@pytest.mark.parametrize("bytes_of_a_sector", (512, 4096))
def test_one_sector_is_written_and_the_other_stays(tmp_path, bytes_of_a_sector):
    image = entry_image(tmp_path / "disk.img", *SMALL, "--sector-bytes", bytes_of_a_sector)
    before = image.read_bytes()
    area = area_of(image)
    for count, name in enumerate(("rescue", "lintel", "rescue")):
        succeed("set-default", name, "--disk", image)
        after = image.read_bytes()
        changed = {at for at in range(0, len(before), 512)
                   if before[at:at + 512] != after[at:at + 512]}
        assert changed == {area + bytes_of_a_sector * (1 - count % 2)}
        before = after


@pytest.mark.parametrize("name, nearest", [("rescu", "rescue, lintel"), ("Lintl", "lintel, rescue"),
                                           ("x\x1b[2J", "rescue, lintel"), ("r" * 3000, "rescue")])
def test_an_entry_that_is_not_there(image, name, nearest):
    before = image.read_bytes()
    said = refuse("set-oneshot", name, "--disk", image)
    assert "\x1b" not in said
    assert "no entry is called" in said and (len(name) > 99 or f"there are {nearest}" in said)
    assert image.read_bytes() == before


def test_many_entries_and_the_nearest(tmp_path):
    text = "kernel /boot/kernel.elf\n"
    names = [f"debian-6.1.{minor}" for minor in range(9)]
    path = entry_image(tmp_path / "disk.img", entries={name: text for name in names})
    said = refuse("set-default", "debian-6.1.77", "--disk", path)
    assert re.search(r"debian-6\.1\.7, debian-6\.1\.\d, debian-6\.1\.\d and others", said)


def test_no_place(tmp_path):
    path = entry_image(tmp_path / "floppy.img", "--layout", "floppy")
    assert "put `default` and `timeout` into loader.conf" in refuse("set-timeout", "5", "--disk", path)


def test_no_lintel(tmp_path):
    path = tmp_path / "empty.img"
    path.write_bytes(bytes(1 << 20))
    assert "Lintel is not installed" in refuse("set-oneshot", "x", "--disk", path)


# ---- state that lies, and power that fails ------------------------------------------------------

def test_the_sector_that_is_torn_is_written_next(image):
    for name in ("rescue", "lintel"):
        succeed("set-default", name, "--disk", image)
    pair = pair_of(image)
    pair.tear(pair.newest)
    pair.write(image)
    assert told(image, "set") == ["default entry: rescue.conf"]
    succeed("set-oneshot", "lintel", "--disk", image)
    assert told(image, "set") == ["entry, once: lintel.conf", "default entry: rescue.conf"]


@pytest.mark.parametrize("spoil", (
    lambda pair: [pair.tear(0), pair.tear(1)],
    lambda pair: pair.put(1 - pair.newest, b"somebody's".ljust(512, b"!"))),
    ids=("both are damaged", "one is somebody's"))
def test_nothing_is_written_over(image, spoil):
    succeed("set-default", "rescue", "--disk", image)
    pair = pair_of(image)
    spoil(pair)
    pair.write(image)
    before = image.read_bytes()
    refuse("set-timeout", "5", "--disk", image)
    assert image.read_bytes() == before


def test_a_state_without_room(tmp_path):
    long = "long" * 50
    path = entry_image(tmp_path / "disk.img", entries={long: "kernel /boot/kernel.elf\n"})
    pair = Pair.read(path, area_of(path))
    record = bytes([3, 240]) + b"x" * 240  # booted last
    pair.put(0, pair.sector(1, record + bytes([20, 100]) + bytes(100)))
    pair.write(path)
    before = path.read_bytes()
    assert "no room" in refuse("set-oneshot", long, "--disk", path)
    assert path.read_bytes() == before


@pytest.fixture(scope="session")
def killer(tmp_path_factory):
    library = tmp_path_factory.mktemp("killer") / "kill_at_write.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library,
                    Path(__file__).with_name("kill_at_write.c"), "-ldl"], check=True)
    return library


def test_killed_at_each_write(image, killer, tmp_path):
    """One write, and a disk that has the old state until it is done."""
    succeed("set-default", "rescue", "--disk", image)
    before = image.read_bytes()
    copy = tmp_path / "copy.img"
    for count in (1, 2):
        shutil.copy(image, copy)
        done = lintel("set-default", "lintel", "--disk", copy,
                      env={"LD_PRELOAD": str(killer), "KILL_FILE": str(copy), "KILL_SECTOR": "512",
                           "KILL_AT": str(count), "PATH": "/usr/bin"})
        assert done.returncode == (-9 if count == 1 else 0)
        if count == 1:
            assert copy.read_bytes() == before
    assert told(copy, "set") == ["default entry: lintel.conf"]


# ---- on the running machine ---------------------------------------------------------------------

@pytest.fixture
def running(tmp_path):
    """running(uefi) -> a machine that boots from an image."""

    def make(uefi):
        image = entry_image(tmp_path / "disk.img", *(GPT if uefi else SMALL))
        return Running(tmp_path / "root", image, uefi)

    return make


@pytest.mark.parametrize("command, variable, value", [
    (("set-default", "rescue"), "LoaderEntryDefault", "rescue.conf"),
    (("set-default", "@saved"), "LoaderEntryDefault", "@saved"),
    (("set-oneshot", "rescue.conf"), "LoaderEntryOneShot", "rescue.conf"),
    (("set-timeout", "12"), "LoaderConfigTimeout", "12"),
    (("set-timeout", "12", "--once"), "LoaderConfigTimeoutOneShot", "12")])
def test_variables(running, command, variable, value):
    machine = running(True)
    succeed(*command, env=machine.environment)
    assert machine.variables() == {variable: utf16(value)}
    succeed(command[0], "--clear", *command[2:], env=machine.environment)
    assert machine.variables() == {}


def test_the_running_machines_own_disk(running):
    machine = running(False)
    assert succeed("set-oneshot", "rescue", env=machine.environment).startswith("Next: rescue.conf")
    assert "rescue.conf" in told(machine.disk, "set")[0]
    assert "no entry is called" in refuse("set-oneshot", "resc", env=machine.environment)


def test_no_variables(running):
    machine = running(True)
    machine.path(EFIVARS).rmdir()
    assert "efivars" in refuse("set-default", "rescue", env=machine.environment)


@pytest.mark.parametrize("programs", (("systemctl",), ("reboot",)))
def test_reboot(running, tmp_path, programs):
    machine = running(True)
    for name in programs:
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho {name} $* >{tmp_path}/called\n")
        program.chmod(0o755)
    (tmp_path / "bin/sh").symlink_to("/bin/sh")
    machine.environment["PATH"] = str(tmp_path / "bin")
    succeed("reboot", "--entry", "rescue", env=machine.environment)
    called = (tmp_path / "called").read_text().split()
    assert called == (["systemctl", "reboot"] if programs == ("systemctl",) else ["reboot"])
    assert machine.variable("LoaderEntryOneShot") == utf16("rescue.conf")


def test_no_reboot_into_what_is_not_there(running, tmp_path):
    machine = running(True)
    machine.environment["PATH"] = str(tmp_path)
    assert "no entry is called" in refuse("reboot", "--entry", "none", env=machine.environment)
    assert machine.variables() == {}
