"""A machine moves to Lintel while it runs, comes back by itself from a kernel and from a loader that
reset it, and moves back: a real guest does it on either firmware, in one long life."""
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from guest import BUILD, ESP_MIB, FIRST, MIB, VERSION, make_guest  # noqa: E402
from power_cut import Recorder, who_start  # noqa: E402
from stand_ins import kernel_that_resets, tool_that_resets  # noqa: E402
from variables import GLOBAL, LOADER, variables  # noqa: E402

SECTOR = 512
NEWER, NEWEST = "6.1.0-98", "6.1.0-99"  # that one starts, this one resets the machine
TRIES = 3
STARTS = r"Boots in 1 second\."  # Lintel, each time
ON_TRIAL = {"bios": r"An update of Lintel is on trial\.",
            "uefi": r"starting Boot.*\\EFI\\lintel\\trialx64.efi"}
BY_OTHERS = {"bios": "the guest, by GRUB", "uefi": r"Boot in 1 s"}
STATES = {"bios": 6, "uefi": 3}  # that a run boots of each command
# Who starts the machine when the power fails before the first of a command's writes, and behind the
# last one. (UEFI starts Lintel once before `bless`.)
CUTS = {"install": ("old", "new"), "kernels": ("new", "new"), "entry": ("new", "new"),
        "update": ("new", "new"), "uninstall": ("new", "old")}


# ---- from outside ----------------------------------------------------------------------------------

def gap(disk):
    """All that lies before the first partition."""
    with open(disk, "rb") as image:
        return image.read(FIRST * SECTOR)


def esp_files(disk):
    """{path: SHA-256}, folders too."""
    with tempfile.TemporaryDirectory() as folder, open(disk, "rb") as image:
        volume = Path(folder, "esp.img")
        image.seek(FIRST * SECTOR)
        volume.write_bytes(image.read(ESP_MIB * MIB))
        subprocess.run(["mcopy", "-s", "-i", volume, "::/", f"{folder}/files"], check=True)
        files = Path(folder, "files")
        return {str(path.relative_to(files)): path.is_file()
                and hashlib.sha256(path.read_bytes()).hexdigest() for path in files.rglob("*")}


def boot_entries(flash):
    """What a firmware keeps of who is started, and loaders of themselves."""
    content = flash.read_bytes()
    return {name: data for vendor in (GLOBAL, LOADER)
            for name, data in variables(content, vendor).items()
            if name.startswith("Boot") or vendor == LOADER}


def state(guest):
    """What uninstalling gives back byte for byte."""
    found = {"gap": hashlib.sha256(gap(guest.disks[0])).hexdigest()}
    if guest.firmware == "uefi":
        found |= {"files": esp_files(guest.disks[0]), "variables": boot_entries(guest.variables)}
    return found


# ---- from inside -----------------------------------------------------------------------------------

def state_inside(guest):
    return guest.succeed(f"dd if=/dev/vda bs={SECTOR} count={FIRST} iflag=direct 2>/dev/null | "
                         "sha256sum; find /boot/efi -type f | sort | xargs -r sha256sum; "
                         "cd /sys/firmware/efi/efivars && sha256sum Boot0* BootOrder*; true")


def told(guest, key):
    """The values of a key of `lintel status`."""
    return re.findall(rf"^{key}:\s+(.*)$", guest.run("lintel status").output, re.MULTILINE)


def tries(guest):
    """{entry: (left, made)} of those that are counted."""
    return {id: (0 if left == "no" else int(left), int(made)) for id, left, made in re.findall(
        r"^entry:\s+(\S+)\.conf .*; (no|\d+) (?:try|tries) left, (\d+) made",
        guest.run("lintel status").output, re.MULTILINE)}


def restart(guest):
    """Into Linux; what was said on the way."""
    guest.restart()
    return guest.shell()


class Life:
    """What a guest lives through; `spans`: which of its writes are whose."""

    def __init__(self, guest):
        self.guest, self.firmware, self.spans = guest, guest.firmware, {}

    def write(self, name, *commands):
        """Runs commands whose writes are one step; what they said."""
        self.guest.succeed("sync")
        begin = self.guest.count()
        said = "".join(self.guest.succeed(command) for command in commands)
        self.guest.succeed("sync")
        self.spans[name] = begin, self.guest.count()
        return said

    def install(self):
        assert "Installing Lintel on" in self.guest.succeed("lintel install --dry-run")
        said = self.write("install", "lintel install /dev/vda" if self.firmware == "bios"
                          else "lintel install")
        assert f"lintel-{VERSION}.conf: written" in said
        if self.firmware == "bios":
            assert "in the gap before the first partition" in said and "GRUB" in said
            self.guest.succeed("lintel set-timeout 1")

    def start_lintel(self):
        assert re.search(STARTS, restart(self.guest))
        assert told(self.guest, "booted") == [f"lintel-{VERSION}.conf"]
        self.guest.succeed("lintel status")
        said = self.write("bless", "lintel bless")
        assert ("first in BootOrder" in said) == (self.firmware == "uefi"), said

    def add_kernels(self):
        """As their packages' hooks do."""
        for version, file in ((NEWEST, "/boot/resets"), (NEWER, f"/boot/vmlinuz-{VERSION}")):
            self.guest.succeed(f"ln {file} /boot/vmlinuz-{version} && "
                               f"ln /boot/initrd.img-{VERSION} /boot/initrd.img-{version}")
        self.write("kernels", *(f"lintel kernel add {version} /boot/vmlinuz-{version}"
                                for version in (NEWEST, NEWER)))
        assert told(self.guest, "next")[0].startswith(f"lintel-{NEWEST}.conf: ")

    def fall_back(self):
        said = restart(self.guest)
        assert len(re.findall(STARTS, said)) == TRIES + 1, said
        assert told(self.guest, "booted") == [f"lintel-{NEWER}.conf"]
        assert tries(self.guest) == {f"lintel-{NEWER}": (2, 1), f"lintel-{NEWEST}": (0, 3)}
        assert f"lintel-{NEWER}.conf is good" in self.write("entry", "lintel bless")

    def update_to_what_resets(self):
        """And once, back to the first kernel."""
        self.write("update", "lintel-resets install")
        self.guest.succeed(f"lintel set-oneshot lintel-{VERSION}")
        said = restart(self.guest)
        assert len(re.findall(ON_TRIAL[self.firmware], said)) == 1, said
        assert len(re.findall(STARTS, said)) == 1, said
        assert told(self.guest, "booted") == [f"lintel-{VERSION}.conf"]
        assert re.search("did not start|has not started", self.guest.run("lintel bless").output)

    def uninstall(self, before, before_inside):
        self.write("uninstall", "lintel uninstall")
        assert state_inside(self.guest) == before_inside
        assert state(self.guest) == before
        assert re.search(BY_OTHERS[self.firmware], restart(self.guest))
        assert not told(self.guest, "booted by")
        self.guest.power_off()
        assert state(self.guest) == before


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tools")
    return {"lintel": BUILD / "lintel", "lintel-resets": tool_that_resets(folder / "resets"),
            "../../boot/resets": kernel_that_resets(folder / "kernel")}


@pytest.fixture(scope="module", params=[
    pytest.param(name, marks=pytest.mark.xdist_group(f"fleet-{name}")) for name in ("bios", "uefi")])
def life(request, tmp_path_factory, tools):
    """From the old loader over Lintel to the old loader: once for all tests here."""
    with make_guest(request.param, tmp_path_factory.mktemp("guest"), tools, Recorder) as guest:
        life = Life(guest)
        guest.power_on()
        guest.shell()
        before = state(guest), state_inside(guest)
        life.install()
        life.start_lintel()
        life.add_kernels()
        life.fall_back()
        life.update_to_what_resets()
        life.uninstall(*before)
        yield life


@pytest.mark.slow
def test_there_and_back(life):
    assert list(life.spans) == ["install", "bless", "kernels", "entry", "update", "uninstall"]


@pytest.mark.slow
@pytest.mark.parametrize("command", CUTS)
def test_power_cut(life, command):
    started = who_start(life.guest, *life.spans[command], STATES[life.firmware])
    first, last = CUTS[command]
    assert started[0] == first and started[-1] == last, started
    assert sorted(started, key=[first, last].index) == started, started
