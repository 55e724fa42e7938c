#!/usr/bin/python3
"""Boots a lesson of legacy/lessons from a floppy: for a person, in a window where there is a display,
else in this terminal; or under GDB with the lesson's symbols."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from debug import SCRIPTS, gdb_on_machine
from machine import ROOT, Hardware, qemu_command
from run import console_arguments

BUILD = ROOT / "build/lessons"
FLOPPY_BYTES = 1440 * 1024


def lesson_file(number):
    """build/lessons/03-name.bin of "03", "3" or "03-name"."""
    found = sorted(BUILD.glob(f"{number.split('-')[0].zfill(2)}-*.bin"))
    if not found:
        names = ", ".join(sorted(path.stem for path in BUILD.glob("*.bin")))
        sys.exit(f"There is no lesson {number!r}. N=NUMBER names one of: {names}")
    return found[0]


def make_floppy(lesson, path):
    """A floppy: its size says which kind."""
    shutil.copyfile(lesson, path)
    os.truncate(path, FLOPPY_BYTES)


def floppy_hardware(path, **options):
    return Hardware(options=("-drive", f"if=floppy,format=raw,snapshot=on,file={path}",
                             "-boot", "a"), **options)


@contextmanager
def debugged_lesson(lesson, folder, say=None):
    """As debugged_machine()."""
    floppy = Path(folder, "floppy.img")
    make_floppy(lesson, floppy)
    with gdb_on_machine("bios", [], ["-ex", f"add-symbol-file {lesson.with_suffix('.elf')}"], say,
                        floppy_hardware(floppy)) as debugged:
        yield debugged


def run(lesson, folder):
    floppy = Path(folder, "floppy.img")
    make_floppy(lesson, floppy)
    command = qemu_command("bios", [], floppy_hardware(floppy)) + console_arguments()
    command.remove("-no-reboot")
    subprocess.run(command, check=False)


def debug(lesson, folder):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for GDB
    with debugged_lesson(lesson, folder, print) as (_, arguments):
        subprocess.run([*arguments, "-x", SCRIPTS / "lesson-start.gdb"], cwd=ROOT, check=False)


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("run", "debug"):
        sys.exit("usage: lesson.py run|debug NUMBER")
    lesson = lesson_file(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        (run if sys.argv[1] == "run" else debug)(lesson, folder)


if __name__ == "__main__":
    main()
