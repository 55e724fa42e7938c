"""A computer whose disks and variables outlast its starts, and whose Linux has a shell on the serial
line."""
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
from machine import CONFIG, SILENCE, Hardware, Machine  # noqa: E402

# Linux is quiet while it starts, and an emulated processor takes its time.
PATIENCE = 3 * SILENCE


@dataclass(frozen=True)
class Done:
    """What a command said, on both of its outputs, and how it ended."""

    output: str
    status: int


class Computer:
    """Use as a context manager: its power is off before and behind. `ready`: what Linux says when a
    root's shell waits at the serial line; `folder` gets the firmware's variables."""

    def __init__(self, firmware, disks, folder, ready, memory="256M", options=()):
        self.firmware, self.disks, self.ready = firmware, [Path(disk) for disk in disks], ready
        self.variables = None
        if firmware == "uefi":
            self.variables = Path(folder) / "variables.fd"
            shutil.copyfile(CONFIG["firmware"]["uefi_variables"], self.variables)
        self.hardware = Hardware(memory=memory, disk="virtio-blk-pci", variables=self.variables,
                                 keeps=True)
        self.options = ("-action", "reboot=reset", *options)
        self.machine, self.mark, self.commands = None, 0, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cut_power()

    # ---- power ---------------------------------------------------------------------------------

    def power_on(self):
        """A boot then stands in `output`; shell() waits for its end."""
        self.machine = Machine(self.firmware, [self.drive(disk) for disk in self.disks],
                               self.hardware, options=self.options)
        self.mark = 0

    def drive(self, disk):
        """What QEMU opens as a disk; what the guest has flushed need not outlast this host."""
        return f"{disk},cache=unsafe"

    def cut_power(self):
        if self.machine:
            self.machine.stop()
            self.machine = None

    def power_off(self, command="poweroff -f"):
        """As Linux does it, with what it has yet to write."""
        self.machine.type(f"sync; {command}\n")
        self.machine.wait_exit(PATIENCE)
        self.cut_power()

    def restart(self, command="reboot -f"):
        """As power_on(), by Linux."""
        self.mark = len(self.machine.output)
        self.machine.type(f"sync; {command}\n")

    # ---- the serial line -----------------------------------------------------------------------

    @property
    def output(self):
        """Since the last start."""
        return self.machine.output[self.mark:]

    def wait_for(self, pattern, silence=PATIENCE):
        """The first match since the last start. It should end with what ends a line or a word."""
        return self.machine.wait(lambda: re.search(pattern, self.output, re.MULTILINE),
                                 f"/{pattern}/ since the last start", silence)

    def shell(self):
        """Until Linux is up; what it and its loader said."""
        self.wait_for(self.ready)
        self.machine.type("stty -echo; PS1= PS2=; echo shell $((6 * 7))\n")
        self.wait_for(r"^shell 42\n")
        return self.output

    def run(self, command):
        """In the shell, with nothing to read."""
        self.commands += 1
        number = self.commands
        self.machine.type(f"echo begin {number}; {{ {command}\n}} </dev/null 2>&1; "
                          f"echo end {number} $?\n")
        found = self.wait_for(rf"(?s)begin {number}\n(.*?)end {number} (\d+)\n")
        return Done(found[1], int(found[2]))

    def succeed(self, command):
        done = self.run(command)
        if done.status:
            raise self.machine.error(f"{command}: {done.status}: {done.output}")
        return done.output

    def refuse(self, command):
        """What a command says that ends with 1."""
        done = self.run(command)
        if done.status != 1:
            raise self.machine.error(f"{command}: {done.status}: {done.output}")
        return done.output
