#!/usr/bin/python3
"""Boots a lesson of legacy/lessons: for a person, in a window where there is a display,
else in this terminal; or under GDB with the lesson's symbols."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from builder import LINTEL
from debug import SCRIPTS, gdb_on_machine
from machine import ROOT, Hardware, qemu_command
from run import console_arguments

BUILD = ROOT / "build/lessons"
FLOPPY_BYTES = 1440 * 1024


def lesson_file(number):
    """build/lessons/03-name.elf, which has the symbols, of "03", "3" or "03-name"."""
    found = sorted(BUILD.glob(f"{number.split('-')[0].zfill(2)}-*.elf"))
    if not found:
        names = ", ".join(sorted(path.stem for path in BUILD.glob("*.elf")))
        sys.exit(f"There is no lesson {number!r}. N=NUMBER names one of: {names}")
    return found[0]


def bootable(lesson):
    """What boots: the first sectors of a disk, or a kernel."""
    sectors = lesson.with_suffix(".bin")
    return sectors if sectors.exists() else lesson


def on_floppy(lesson, folder):
    """From the floppy's first sector on; the floppy's size says which kind it is."""
    floppy = Path(folder, "floppy.img")
    shutil.copyfile(bootable(lesson), floppy)
    os.truncate(floppy, FLOPPY_BYTES)
    return floppy_machine(floppy)


def on_fat_floppy(lesson, folder):
    """Beside a file, by the commands that LESSONS.md tells."""
    floppy = Path(folder, "fat.img")
    follow(told_commands("images/lesson03.img"), floppy)
    return floppy_machine(floppy)


def told_commands(file):
    """What LESSONS.md tells to type about a file, with {file} for it."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", Path(ROOT, "LESSONS.md").read_text(),
                        re.MULTILINE | re.DOTALL)
    return [line.replace(file, "{file}") for line in "".join(blocks).splitlines() if file in line]


def follow(commands, file):
    for command in commands:
        subprocess.run(command.replace("{file}", str(file)), shell=True, check=True, cwd=ROOT,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def in_image(lesson, folder):
    """A file of Lintel's volume, in its menu."""
    image = Path(folder, "menu.img")
    subprocess.run([LINTEL, "image", "--output", image, "--kernel", bootable(lesson)], check=True)
    return [image], Hardware()


def floppy_machine(floppy, **options):
    """QEMU's disks and hardware, as all of these functions return them."""
    return [], Hardware(options=("-drive", f"if=floppy,format=raw,snapshot=on,file={floppy}",
                                 "-boot", "a"), **options)


# How a lesson comes onto a disk; those that are not named here are a floppy's first sectors.
DISKS = {"03-parameter-block": on_fat_floppy, "11-kernel": in_image}


def make_disk(lesson, folder):
    return DISKS.get(lesson.stem, on_floppy)(lesson, folder)


@contextmanager
def debugged_lesson(lesson, folder, say=None):
    """As debugged_machine()."""
    disks, hardware = make_disk(lesson, folder)
    with gdb_on_machine("bios", disks, ["-ex", f"add-symbol-file {lesson}"], say,
                        hardware) as debugged:
        yield debugged


def run(lesson, folder):
    command = qemu_command("bios", *make_disk(lesson, folder)) + console_arguments()
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
