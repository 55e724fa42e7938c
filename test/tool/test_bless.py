"""lintel bless: the counter goes out of the name of the entry that was booted, and nothing else."""
import fcntl
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from builder import change_files  # noqa: E402
from machine import ROOT  # noqa: E402
from steered import (GPT, RESCUE, Running, SMALL, entry_image, lintel, refuse, succeed,  # noqa: E402
                     utf16, volume_of)
from state import Pair, area_of  # noqa: E402

LINTEL = "ad093ddf-d8a5-4c32-85c3-943bfe2a0f1f"
SELECTED, TRIES = 6, 10  # records of the state (common/storage/state.h)
UNIT = ROOT / "config/debian/units/lintel-bless.service"


class Machine(Running):
    """It was booted by `selected`; `entries` lie on its disk, and where that is mounted."""

    def __init__(self, folder, firmware, entries, selected="rescue.conf", tries=()):
        uefi = firmware == "uefi"
        folder.mkdir(exist_ok=True, parents=True)
        image = entry_image(folder / "disk.img", *(GPT if uefi else SMALL), entries={})
        names = {f"/loader/entries/{name}": RESCUE for name in entries}
        change_files(image, names, volume_of(image)[1] * 512)
        super().__init__(folder / "root", image, uefi)
        for name, text in names.items():
            self.write(f"boot{name}", text)
        records = b"".join(struct.pack("<IBB", zlib.crc32(name.encode()), left, done)
                           for name, left, done in tries)
        if uefi:
            self.set_variable("LoaderInfo", utf16("Lintel 0.1.0"), attributes=6)
            self.set_variable("LoaderEntrySelected", utf16(selected), attributes=6)
            if records:
                self.set_variable("LintelTries", records, LINTEL)
        else:
            pair = Pair.read(self.disk, area_of(self.disk))
            text = selected.encode()
            pair.put(0, pair.sector(1, bytes([SELECTED, len(text)]) + text
                                    + (bytes([TRIES, len(records)]) + records if records else b"")))
            pair.write(self.disk)

    def names(self):
        return sorted(path.name for path in self.path("boot/loader/entries").glob("*.conf"))

    def tries(self):
        if self.path("sys/firmware/efi").exists():
            return self.variable("LintelTries", LINTEL) or b""
        pair = Pair.read(self.disk, area_of(self.disk))
        records, at = pair.sectors[pair.newest][16:], 0
        while records[at] and records[at] != TRIES:
            at += 2 + records[at + 1]
        return records[at + 2:at + 2 + records[at + 1]] if records[at] else b""

    def bless(self, *words):
        return succeed("bless", *words, env=self.environment)


FIRMWARES = pytest.mark.parametrize("firmware", ("bios", "uefi"))
NAMES = {"both counters": ("rescue+2-1.conf", "rescue+0-1.conf"),
         "left only": ("rescue+3.conf", "rescue+0.conf"),
         "fixed width": ("rescue+02-01.conf", "rescue+0-1.conf"),
         "the last try": ("rescue+0-3.conf", "rescue+0-3.conf")}


@FIRMWARES
@pytest.mark.parametrize("name, bad", NAMES.values(), ids=NAMES.keys())
def test_good_and_bad(tmp_path, firmware, name, bad):
    machine = Machine(tmp_path, firmware, [name, "other+3.conf"])
    assert "rescue.conf is good" in machine.bless()
    assert machine.names() == ["other+3.conf", "rescue.conf"]
    machine = Machine(tmp_path / "again", firmware, [name, "other+3.conf"])
    assert "rescue.conf is bad" in machine.bless("bad")
    assert machine.names() == ["other+3.conf", bad]


@FIRMWARES
def test_what_was_counted_beside_the_names(tmp_path, firmware):
    machine = Machine(tmp_path, firmware, ["rescue+3.conf"],
                      tries=[("other+3.conf", 1, 2), ("rescue+3.conf", 2, 1)])
    machine.bless("good")
    assert machine.names() == ["rescue.conf"]
    assert machine.tries() == struct.pack("<IBB", zlib.crc32(b"other+3.conf"), 1, 2)


@FIRMWARES
def test_a_kernel_that_is_new_again_has_all_its_tries(tmp_path, firmware):
    """`lintel kernel add` gives it the name that it had before."""
    counted = [("lintel-6.1.0+03-00.conf", 0, 3), ("lintel-6.0.0+03-00.conf", 1, 2)]
    machine = Machine(tmp_path, firmware, ["rescue.conf"], tries=counted)
    for name, text in (("tries", "03\n"), ("cmdline", "root=/dev/vda2\n")):
        machine.write(f"etc/kernel/{name}", text)
    machine.write("boot/vmlinuz-6.1.0", "kernel")
    succeed("kernel", "add", "6.1.0", env=machine.environment)
    assert counted[0][0] in machine.names()
    assert machine.tries() == struct.pack("<IBB", zlib.crc32(counted[1][0].encode()), 1, 2)


@pytest.fixture(scope="module")
def ender(tmp_path_factory):
    library = tmp_path_factory.mktemp("ender") / "end_at_call.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library,
                    Path(__file__).with_name("end_at_call.c"), "-ldl"], check=True)
    return library


@FIRMWARES
@pytest.mark.parametrize("call", ("rename", "renameat2", "fsync", "syncfs", "pwrite", "write"))
def test_ended_at_any_call(tmp_path, firmware, ender, call):
    """The old name or the new one is there, and the next call finishes it."""
    for count in range(1, 9):
        machine = Machine(tmp_path / str(count), firmware, ["rescue+3.conf"],
                          tries=[("rescue+3.conf", 2, 1)])
        done = lintel("bless", env={**machine.environment, "LD_PRELOAD": str(ender), "END_CALL": call,
                                    "END_AT": str(count)})
        assert machine.names() in (["rescue+3.conf"], ["rescue.conf"])
        machine.bless()
        assert machine.names() == ["rescue.conf"]
        if done.returncode == 0:
            return
        assert done.returncode == -15, done.stderr
    raise AssertionError(f"more than 8 calls of {call}")


NOTHING = {"not counted": (["rescue.conf"], "rescue.conf", "has no counter"),
           "gone": (["other+3.conf"], "rescue.conf", "is not there any more"),
           "control characters": (["other+3.conf"], "\x1b[2J.conf", "is not there any more")}


@FIRMWARES
@pytest.mark.parametrize("entries, selected, why", NOTHING.values(), ids=NOTHING.keys())
def test_nothing_to_bless(tmp_path, firmware, entries, selected, why):
    machine = Machine(tmp_path, firmware, entries, selected)
    said = machine.bless()
    assert said.startswith("No entry to bless") and why in said and "\x1b" not in said
    assert machine.names() == entries


def test_a_machine_that_another_loader_booted(tmp_path):
    machine = Machine(tmp_path, "uefi", ["rescue+3.conf"])
    machine.set_variable("LoaderInfo", utf16("systemd-boot 252"), attributes=6)
    assert "was not booted by Lintel" in machine.bless()
    machine = Machine(tmp_path / "bios", "bios", ["rescue+3.conf"])
    with open(machine.disk, "r+b") as disk:
        disk.write(bytes(440))
    assert "was not booted by Lintel" in machine.bless()
    assert machine.names() == ["rescue+3.conf"]


def test_who_looks_at_the_disk_is_waited_for(tmp_path):
    """udev does, at each start, and locks it."""
    machine = Machine(tmp_path, "bios", ["rescue+02-01.conf"])
    with open(machine.disk, "rb") as disk:
        fcntl.flock(disk, fcntl.LOCK_SH)
        command = subprocess.Popen([ROOT / "build/lintel", "bless"], env=machine.environment,
                                   stderr=subprocess.PIPE, text=True)
        assert "has locked it: waiting" in command.stderr.readline()
    assert command.communicate()[1] == "" and command.returncode == 0
    assert machine.names() == ["rescue.conf"]


@FIRMWARES
@pytest.mark.parametrize("verdict, there", [("good", "rescue.conf"), ("bad", "rescue+0.conf")])
def test_what_has_the_other_name_already_stays(tmp_path, firmware, verdict, there):
    machine = Machine(tmp_path, firmware, ["rescue+3.conf"])
    machine.write(f"boot/loader/entries/{there}", "somebody's")
    said = refuse("bless", verdict, env=machine.environment)
    assert f"{there}: is in the way" in said
    assert machine.path(f"boot/loader/entries/{there}").read_text() == "somebody's"
    assert machine.names() == sorted(["rescue+3.conf", there])


@FIRMWARES
def test_systemd_was_quicker(tmp_path, firmware):
    machine = Machine(tmp_path, firmware, ["rescue+3.conf"])
    folder = machine.path("boot/loader/entries")
    (folder / "rescue+3.conf").rename(folder / "rescue.conf")
    machine.bless()
    assert machine.names() == ["rescue.conf"]


def test_a_file_system_that_cannot_be_written(tmp_path):
    machine = Machine(tmp_path, "uefi", ["rescue+3.conf"])
    shutil.rmtree(machine.path("boot/loader"))
    machine.write("boot/loader", "in the way")
    assert "boot/loader" in refuse("bless", env=machine.environment)


def test_the_unit_is_sound(tmp_path):
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/usr/bin/lintel", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True,
                          env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"})
    assert done.returncode == 0 and not done.stderr
    lines = UNIT.read_text().splitlines()
    assert "Requires=boot-complete.target" in lines and "WantedBy=basic.target" in lines
    assert any(line.startswith("After=") and "boot-complete.target" in line for line in lines)
