"""lintel install, bless and uninstall on a UEFI machine, in trees that play one (live_tree.py): what
the firmware starts next, at each moment."""
import os
import re
import shutil
import struct
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from disks import BUILD, altered, older_tool  # noqa: E402
from installs import lintel  # noqa: E402
from live_tree import ESP, EXT4, SECTORS, Tree  # noqa: E402

GLOBAL, LOADER = "8be4df61-93ca-11d2-aa0d-00e098032b8c", "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
EFIVARS = "sys/firmware/efi/efivars"
FILE = "\\EFI\\lintel\\lintelx64.efi"
TRIAL = "\\EFI\\lintel\\trialx64.efi"
GRUB = b"GRUB"
NEW = (BUILD / "uefi/lintelx64.efi").read_bytes()
OLD = altered(NEW, False)
BOTH = (("vda2", "/"), ("vda1", "/boot/efi"))


class Debian(Tree):
    """On UEFI: GRUB is Boot0001 and alone in the order."""

    def __init__(self, folder, mounts=BOTH, types=(ESP, EXT4)):
        super().__init__(folder, mounts, types, uefi=True)
        self.write("boot/efi/EFI/debian/grubx64.efi", GRUB)
        self.set("Boot0001", option("debian", "\\EFI\\debian\\grubx64.efi"))
        self.set("BootOrder", b"\1\0")
        self.add_kernel("6.1.0-50-amd64")
        self.begin(None)

    def variable(self, name, vendor=GLOBAL):
        return self.path(f"{EFIVARS}/{name}-{vendor}")

    def get(self, name, vendor=GLOBAL):
        path = self.variable(name, vendor)
        return path.read_bytes()[4:] if path.exists() else None

    def set(self, name, value, vendor=GLOBAL):
        self.write(f"{EFIVARS}/{name}-{vendor}", struct.pack("<I", 7) + value)

    def begin(self, loader):
        """The system is up; `loader` (its path, or None) tells who has started it."""
        self.write("proc/sys/kernel/random/boot_id", f"{uuid.uuid4()}\n")
        self.variable("LoaderImageIdentifier", LOADER).unlink(missing_ok=True)
        if loader:
            self.set("LoaderImageIdentifier", (loader + "\0").encode("utf-16-le"), LOADER)

    def starts(self):
        """(path, contents) of what the firmware starts next, from its boot menu or without one."""
        order = struct.iter_unpack("<H", self.get("BootOrder") or b"")
        for (number,) in [*struct.iter_unpack("<H", self.get("BootNext") or b""), *order]:
            entry = self.get(f"Boot{number:04X}")
            path = entry and path_of(entry)
            file = path and self.path("boot/efi" + path.replace("\\", "/"))
            if file and file.exists():
                return path, file.read_bytes()
        raise AssertionError("nothing is left to start")

    def restart(self):
        path, contents = self.starts()
        self.variable("BootNext").unlink(missing_ok=True)
        self.begin(None if contents == GRUB else path)
        return contents

    def run(self, *arguments, tool=BUILD / "lintel", **more):
        return lintel(*arguments, tool=tool, environment=self.environment(**more))

    def succeed(self, *arguments, **others):
        done = self.run(*arguments, **others)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refuse(self, *arguments, **others):
        before = self.state()
        done = self.run(*arguments, **others)
        assert done.returncode == 1, done.stdout + done.stderr
        assert self.state() == before
        return done.stderr

    def state(self):
        """{path: contents} of the ESP and the variables that a restart does not forget."""
        folders = [self.path("boot/efi"), self.path(EFIVARS)]
        found = {path: path.read_bytes() if path.is_file() else None
                 for folder in folders for path in folder.rglob("*")}
        return {str(path.relative_to(self.folder)): contents for path, contents in found.items()
                if not path.name.startswith("LoaderImageIdentifier")}

    def copy(self, folder):
        """The disk is only read."""
        def copy_file(path, to):
            (os.link if Path(path).parent.name == "dev" else shutil.copy2)(path, to)

        shutil.copytree(self.folder, folder, symlinks=True, copy_function=copy_file)
        copy = object.__new__(type(self))
        copy.folder = Path(folder)
        return copy


def option(description, path):
    """An entry of the boot menu for a file of the ESP (UEFI 2.10, 3.1.3)."""
    first, sectors = SECTORS["vda1"]
    drive = struct.pack("<BBHIQQ16sBB", 4, 1, 42, 1, first, sectors, bytes(16), 2, 2)
    path = (path + "\0").encode("utf-16-le")
    nodes = drive + struct.pack("<BBH", 4, 4, 4 + len(path)) + path + b"\x7f\xff\4\0"
    return struct.pack("<IH", 1, len(nodes)) + (description + "\0").encode("utf-16-le") + nodes


def path_of(entry):
    """The file that an entry leads to, by its last node but one."""
    nodes = entry[len(entry) - struct.unpack_from("<H", entry, 4)[0]:]
    while nodes[0] != 0x7F:
        kind, sub, length = struct.unpack_from("<BBH", nodes)
        if (kind, sub) == (4, 4):
            return nodes[4:length].decode("utf-16-le").rstrip("\0")
        nodes = nodes[length:]
    return None


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    return older_tool(tmp_path_factory.mktemp("older") / "lintel")


@pytest.fixture
def machine(tmp_path):
    return Debian(tmp_path / "root")


# ---- a life --------------------------------------------------------------------------------------

def test_there_and_back(machine, older):
    before = machine.state()
    said = machine.succeed("install", tool=older)
    assert "Boot0000, BootNext" in said and "lintel bless" in said
    assert machine.path("boot/efi/loader/entries/lintel-6.1.0-50-amd64.conf").exists()
    assert machine.get("BootOrder") == b"\1\0"
    assert machine.restart() == OLD
    assert "first in BootOrder" in machine.succeed("bless")
    assert machine.get("BootOrder") == b"\0\0\1\0"
    assert machine.restart() == OLD

    machine.succeed("install")
    assert machine.restart() == NEW and machine.starts() == (FILE, OLD)
    machine.succeed("bless")
    assert machine.restart() == NEW and machine.starts() == (FILE, NEW)
    assert "installed already" in machine.succeed("install")

    assert "is what it was" in machine.succeed("uninstall")
    assert machine.state() == before
    assert machine.restart() == GRUB
    assert "not installed" in machine.refuse("uninstall")


def test_trials_that_fail(machine, older):
    machine.succeed("install", tool=older)
    machine.restart()
    machine.begin(None)  # it hangs; the next start is GRUB's
    done = machine.run("bless")
    assert "another loader has started this machine" in done.stderr and done.returncode == 0
    machine.succeed("install", tool=older)
    machine.restart()
    machine.succeed("bless")

    before = machine.state()
    machine.succeed("install")
    assert machine.restart() == NEW
    machine.restart()
    assert "it is removed, and the one before it stays" in machine.run("bless").stderr
    assert machine.state() == before


def test_removable_path_is_filled_only_where_it_is_empty(tmp_path):
    machines = [Debian(tmp_path / name) for name in ("empty", "others")]
    machines[1].write("boot/efi/EFI/BOOT/BOOTX64.EFI", GRUB)
    for machine, expected in zip(machines, (NEW, GRUB)):
        machine.succeed("install")
        machine.restart()
        machine.succeed("bless")
        assert machine.path("boot/efi/EFI/BOOT/BOOTX64.EFI").read_bytes() == expected
        machine.succeed("uninstall")
    assert not machines[0].path("boot/efi/EFI/BOOT").exists()
    assert machines[1].path("boot/efi/EFI/BOOT/BOOTX64.EFI").read_bytes() == GRUB


def test_dry_runs_change_nothing(machine):
    before = machine.state()
    assert FILE.replace("\\", "/") in machine.succeed("install", "--dry-run")
    assert machine.state() == before and not machine.path("var").exists()
    machine.succeed("install")
    before = machine.state()
    machine.succeed("uninstall", "--dry-run")
    assert machine.state() == before


# ---- refusals ------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def full_or_read_only(tmp_path_factory):
    library = tmp_path_factory.mktemp("fake") / "fake_statvfs.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, HERE / "fake_statvfs.c", "-ldl"],
                   check=True)
    return library


@pytest.mark.parametrize("fake, said", [("full", "KiB left, but"), ("read-only", "remount,rw")])
def test_esp_without_room_or_read_only(machine, full_or_read_only, fake, said):
    assert said in machine.refuse("install", LD_PRELOAD=str(full_or_read_only), FAKE_STATVFS=fake)


def test_esp_that_is_not_mounted(tmp_path):
    machine = Debian(tmp_path / "root", (("vda2", "/"),))
    assert "mount /boot/efi" in machine.refuse("install")


def test_record_of_another_esp_or_damaged(machine):
    machine.succeed("install")
    record = machine.read("var/lib/lintel/undo-uefi")
    machine.write("var/lib/lintel/undo-uefi", re.sub("partition .*", f"partition {'0' * 32}", record))
    assert "mount that one, or, if it is gone, remove this file" in machine.refuse("uninstall")
    machine.write("var/lib/lintel/undo-uefi", record.replace("end\n", ""))
    assert "ends in the middle: restore it from a copy, or remove it" in machine.refuse("uninstall")
    machine.path("var/lib/lintel/undo-uefi").unlink()
    assert "there is no /var/lib/lintel/undo-uefi" in machine.refuse("uninstall")


def test_chroot_without_sys(machine):
    """It is not taken for a BIOS's machine, whose entries lie elsewhere."""
    shutil.rmtree(machine.path("sys"))
    for command in (("install",), ("uninstall",), ("kernel", "refresh")):
        done = machine.run(*command)
        assert done.returncode == 1 and "mount -t sysfs sysfs /sys" in done.stderr
    assert not machine.path("boot/loader").exists()


def test_two_esps(tmp_path):
    machine = Debian(tmp_path / "root", (*BOTH, ("vda2", "/efi")), types=(ESP, ESP))
    machine.mount("vda2", "/", EXT4)
    said = machine.refuse("install")
    assert "on /efi and on /boot/efi" in said and "unmount the one" in said


def test_variables_that_are_not_there(tmp_path):
    machine = Debian(tmp_path / "root")
    shutil.rmtree(machine.path(EFIVARS))
    done = machine.run("install")
    assert done.returncode == 1 and "efivars" in done.stderr
    assert not machine.path("boot/efi/EFI/lintel").exists()


@pytest.mark.parametrize("name, vendor", [("BootNext", GLOBAL), ("LoaderEntryDefault", LOADER)])
def test_variable_that_a_firmware_has_refused_is_none(machine, name, vendor):
    """Linux keeps its file, without a byte, up to a restart."""
    machine.write(f"{EFIVARS}/{name}-{vendor}", b"")
    machine.succeed("install")
    assert machine.restart() == NEW
    machine.succeed("bless")
    machine.succeed("uninstall")


REFUSED = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
ssize_t write(int file, const void *bytes, size_t count)
{
    ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    char link[64], path[4096] = "";

    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    if (readlink(link, path, sizeof path - 1) < 0 || !strstr(path, "/efivars/"))
        return real(file, bytes, count);
    errno = ENOSPC;
    return -1;
}
"""


def test_full_store_of_variables(machine, tmp_path):
    (tmp_path / "refused.c").write_text(REFUSED)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", tmp_path / "refused.so", tmp_path / "refused.c",
                    "-ldl"], check=True)
    before = machine.state()
    done = machine.run("install", LD_PRELOAD=str(tmp_path / "refused.so"))
    assert done.returncode == 1 and "has no room for Boot0000: remove entries" in done.stderr
    assert not machine.variable("Boot0000").exists()
    assert machine.starts()[1] == GRUB
    machine.succeed("uninstall")
    assert machine.state() == before


def test_secure_boot(machine):
    machine.set("SecureBoot", b"\1")
    said = machine.refuse("install")
    assert "Secure Boot is on" in said and "Switch Secure Boot off" in said


# ---- cut short -----------------------------------------------------------------------------------

# A variable is written by one call; here it is a plain file, which is whole when it is closed.
CALLS = ("close", "fsync", "syncfs", "rename", "renameat2", "unlink", "mkdir", "rmdir")


@pytest.fixture(scope="module")
def ender(tmp_path_factory):
    library = tmp_path_factory.mktemp("ender") / "end_at_call.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, HERE / "end_at_call.c", "-ldl"],
                   check=True)
    return library


def first(machine, older):
    return (("install",), {GRUB, NEW})


def first_blessed(machine, older):
    machine.succeed("install")
    machine.restart()
    return (("bless",), {GRUB, NEW})


def installed(machine, older):
    machine.succeed("install", tool=older)
    machine.restart()
    machine.succeed("bless")


def update(machine, older):
    installed(machine, older)
    return (("install",), {OLD, NEW})


def update_blessed(machine, older):
    update(machine, older)
    machine.succeed("install")
    machine.restart()
    return (("bless",), {OLD, NEW})


def update_failed(machine, older):
    update(machine, older)
    machine.succeed("install")
    machine.restart()
    machine.restart()
    return (("bless",), {OLD})


def gone(machine, older):
    installed(machine, older)
    return (("uninstall",), {OLD, GRUB})


@pytest.mark.parametrize("prepare", [first, first_blessed, update, update_blessed, update_failed,
                                     gone])
def test_ended_at_any_call_starts_the_old_or_the_new_loader(machine, older, ender, tmp_path, prepare):
    command, expected = prepare(machine, older)
    def run_until(copy, call, at):
        return copy.run(*command, LD_PRELOAD=str(ender), END_CALL=call, END_AT=str(at))

    whole = machine.copy(tmp_path / "whole")
    whole.succeed(*command)
    after, ended = whole.state(), 0
    for call in CALLS:
        for at in range(1, 200):
            copy = machine.copy(tmp_path / "copy")
            done = run_until(copy, call, at)
            cut = "somebody ends it" in done.stderr
            assert copy.starts()[1] in expected, (call, at)
            if cut:
                run_until(copy, "never", 0)
                assert copy.state() == after, (call, at)
                ended += 1
            shutil.rmtree(copy.folder)
            if not cut:
                break
    assert ended > 5
