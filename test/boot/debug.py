#!/usr/bin/python3
"""GDB on a booting machine, with symbols for every stage.

BIOS: the machine stands before its first instruction; first sector, second stage, core and kernel
have fixed addresses. UEFI: firmware decides where the application lies, but always decides the same
on the same machine, so one boot tells the address and the next is debugged.
"""
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from machine import ROOT, Hardware, Machine

SCRIPTS = ROOT / "config/gdb"


@contextmanager
def gdb_on_machine(firmware, disks, names, say=None, hardware=Hardware()):
    """Yields (machine, GDB's arguments); the machine is stopped before its first instruction. `names`:
    those that load symbols."""
    with tempfile.TemporaryDirectory() as folder:
        gate = Path(folder, "gdb")
        options = ["-S", "-gdb", f"unix:{gate},server=on,wait=off"]
        arguments = ["gdb", "-q", "-nx", "-x", SCRIPTS / "machine.gdb", *names]
        with Machine(firmware, disks, hardware, say, options, detached=True) as machine:
            machine.monitor.execute("query-status")  # answered once QEMU listens to GDB as well
            yield machine, [*arguments, "-ex", f"target remote {gate}"]


def debugged_machine(firmware, image, say=None):
    kernel = ["-ex", "add-symbol-file build/kernel/kernel.elf"]
    return gdb_on_machine(firmware, [image], [*kernel, *symbols(firmware, image)], say)


def symbols(firmware, image):
    """GDB's arguments that name the loader's own stages. A reset would not do for UEFI's first
    boot: it leaves variables behind, and with them everything moves."""
    if firmware == "bios":
        return ["-x", SCRIPTS / "bios.gdb"]
    with Machine(firmware, [image]) as machine:
        base = machine.wait_for(r"uefi: image at ([0-9A-F]+)h")[1]
    return ["-ex", f"add-symbol-file build/uefi/lintel.so -o 0x{base}"]


def main():
    if sys.argv[1:] not in (["bios"], ["uefi"]):
        sys.exit("usage: debug.py bios|uefi")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for GDB
    with debugged_machine(sys.argv[1], ROOT / "images/lintel.img", print) as (_, arguments):
        subprocess.run([*arguments, "-x", SCRIPTS / f"{sys.argv[1]}-start.gdb"], cwd=ROOT,
                       check=False)


if __name__ == "__main__":
    main()
