"""What `lintel set-...` asks for the loader does, and what `lintel status` foretells is booted."""
import re
import shutil
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "tool"))
from cells import Screen  # noqa: E402
from machine import CONFIG, Hardware  # noqa: E402
from steered import GPT, LOADER, Running, SMALL, entry_image, lines, status, succeed  # noqa: E402
from variables import add_variables, variables  # noqa: E402

OPTIONS = {"test": "lintel.conf"}  # others name their entry last


class Steered:
    """A machine that is off, and its disk (and flash) between the boots."""

    def __init__(self, folder, firmware, loader, **entries):
        image = entry_image(folder / "disk.img", *(GPT if firmware == "uefi" else SMALL), loader=loader,
                            **entries)
        self.firmware, self.flash = firmware, folder / "variables.fd"
        self.running = Running(folder / "root", image, firmware == "uefi")
        shutil.copyfile(CONFIG["firmware"]["uefi_variables"], self.flash)

    def lintel(self, *command):
        return succeed(*command, env=self.running.environment)

    def foretold(self):
        return lines(status(env=self.running.environment).stdout)["next"][0]

    def start(self, start):
        if self.firmware == "uefi":
            shutil.copyfile(CONFIG["firmware"]["uefi_variables"], self.flash)
            add_variables(self.flash, self.running.variables())
        hardware = Hardware(variables=self.flash if self.firmware == "uefi" else None, keeps=True)
        return start(self.firmware, [self.running.disk], hardware)

    def booted(self, start, waits):
        """The entry that one boot has booted, by itself or after Enter in its menu."""
        machine = self.start(start)
        if waits:
            Screen(machine).wait_for_text("Rescue")
            machine.type("\r")
        machine.wait_passed()
        machine.stop()
        self.take_variables()
        options = machine.output.split("fact: command-line = ")[1].splitlines()[0].strip()
        return OPTIONS.get(options, f"{options.split()[-1]}.conf")

    def take_variables(self):
        for path in self.running.path("sys/firmware/efi/efivars").glob(f"*-{LOADER}"):
            path.unlink()
        if self.firmware == "uefi":
            for name, value in variables(self.flash.read_bytes()).items():
                self.running.set_variable(name, value)


DEFAULT = "lintel.conf: the default in loader.conf"
WAITS = "the menu waits, at "
# What is asked for, what is foretold then, and what boots.
STORY = (
    ([("set-oneshot", "rescue")], "rescue.conf: asked for once (`lintel set-oneshot`)", "rescue.conf"),
    ([], DEFAULT, "lintel.conf"),
    ([("set-default", "res*")], "rescue.conf: the default (`lintel set-default`, or d in the menu)",
     "rescue.conf"),
    ([("set-default", "@saved"), ("set-oneshot", "rescue")],
     "rescue.conf: asked for once (`lintel set-oneshot`)", "rescue.conf"),
    ([], "rescue.conf: booted last (`default @saved`)", "rescue.conf"),
    ([("set-default", "--clear"), ("set-timeout", "menu-force", "--once")], WAITS + DEFAULT,
     "lintel.conf"),
    ([], DEFAULT, None),
)


@pytest.mark.parametrize("firmware", ("bios", "uefi"))
def test_what_is_asked_for_is_booted_as_foretold(tmp_path, start, firmware):
    machine = Steered(tmp_path, firmware, "timeout 0\ndefault lintel\n")
    for wishes, foretold, booted in STORY:
        for wish in wishes:
            machine.lintel(*wish)
        assert machine.foretold() == foretold
        if booted:
            assert machine.booted(start, foretold.startswith(WAITS)) == booted
    if firmware == "bios":  # UEFI's variables for that are forgotten when the machine is off
        assert re.match(r"Lintel \d.*, second stage at LBA \d", lines(machine.lintel("status"))["booted by"][0])


def tried(name):
    return f"sort-key 1\nkernel /boot/kernel.elf\noptions test {name}\n"


@pytest.mark.parametrize("firmware", ("bios", "uefi"))
def test_what_stands_in_is_booted_as_foretold(tmp_path, start, firmware):
    """The first in order can't be opened, the next one has one try."""
    entries = {"c": "sort-key 1\nkernel /boot/gone\n", "b+01-00": tried("b"), "a": tried("a")}
    machine = Steered(tmp_path, firmware, "timeout 0\nfallback yes\n", entries=entries)
    for booted in ("b.conf", "a.conf"):
        assert machine.foretold().startswith(f"{booted}: c can't boot: ")
        assert machine.booted(start, False) == booted
