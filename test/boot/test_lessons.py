"""The lessons of LESSONS.md: each boots from a floppy and from Lintel's menu, is looked at from outside,
and stops in GDB by symbol."""
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from builder import LINTEL
from lesson import BUILD, debugged_lesson, floppy_hardware, lesson_file, make_floppy
from machine import ROOT

SOURCES = sorted((ROOT / "legacy/lessons").glob("[0-9]*.asm"))
LINES_MAX = 110  # "about a hundred, with its comments"


@dataclass(frozen=True)
class Lesson:
    """`says`: what the serial line ends up with, a regular expression; {drive}: the number of the BIOS's
    drive. `check(machine, drive)` looks from outside. `stops`: functions that GDB stops in."""

    says: str
    stops: tuple
    check: callable = None


def check_hello(machine, drive):
    """What the serial line was told stands on the screen, too; the CPU rests in `stop`."""
    assert f"from drive {drive}h".encode() in machine.monitor.text_screen()
    registers = machine.monitor.registers()
    assert registers["CS"] == registers["DS"] == registers["SS"] == 0
    assert registers["ESP"] in (0x7c00, 0x7bfa)  # or the timer's interrupt is being handled
    assert machine.monitor.physical_memory(0x7dfe, 2) == b"\x55\xaa"


LESSONS = {
    "01-hello": Lesson(r"Hello\. .* from drive {drive}h", ("start", "say", "stop"), check_hello),
}


def from_floppy(lesson, folder, start):
    floppy = folder / "floppy.img"
    make_floppy(lesson, floppy)
    return start("bios", [], floppy_hardware(floppy)), "00"


def from_menu(lesson, folder, start):
    """Lintel's own first sector is the disk's; the lesson is a file of its volume."""
    image = folder / "menu.img"
    subprocess.run([LINTEL, "image", "--output", image, "--kernel", lesson], check=True)
    return start("bios", [image]), "80"


WAYS = {"floppy": from_floppy, "menu": from_menu}


@pytest.mark.parametrize("name", LESSONS)
@pytest.mark.parametrize("way", WAYS)
def test_lesson(start, tmp_path, way, name):
    lesson = LESSONS[name]
    machine, drive = WAYS[way](lesson_file(name), tmp_path, start)
    machine.wait_for(lesson.says.replace("{drive}", drive))
    if lesson.check:
        lesson.check(machine, drive)


@pytest.mark.parametrize("name", LESSONS)
def test_gdb_stops_by_symbol(tmp_path, name):
    functions = LESSONS[name].stops
    with debugged_lesson(lesson_file(name), tmp_path) as (machine, arguments):
        for function in functions:
            arguments += ["-ex", f"thbreak {function}", "-ex", "continue", "-ex", "info symbol $pc"]
        with subprocess.Popen([*arguments, "-batch"], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as gdb:
            try:
                machine.wait(lambda: gdb.poll() is not None, "the end of GDB")
            finally:
                gdb.kill()
                said = gdb.stdout.read()
    for function in functions:
        assert re.search(rf"^{function} in section \.text", said, re.MULTILINE), said


def test_every_lesson_is_tested_and_small():
    assert {path.stem for path in SOURCES} == set(LESSONS)
    long = {path.stem: len(path.read_text().splitlines()) for path in SOURCES
            if len(path.read_text().splitlines()) > LINES_MAX}
    assert not long
    assert {path.stem for path in BUILD.glob("*.bin")} >= {path.stem for path in SOURCES}


def test_the_course_names_every_lesson():
    course = Path(ROOT, "LESSONS.md").read_text()
    missing = [path.name for path in SOURCES if f"legacy/lessons/{path.name}" not in course]
    assert not missing
