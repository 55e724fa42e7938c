"""The lessons of LESSONS.md: each boots from its disk and from Lintel's menu, is looked at from outside,
and stops in GDB by symbol."""
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from lesson import BUILD, debugged_lesson, in_image, lesson_file, make_disk
from machine import ROOT

SOURCES = sorted((ROOT / "legacy/lessons").glob("[0-9]*.[ac]*"))
LINES_MAX = 110  # "about a hundred, with its comments"


@dataclass(frozen=True)
class Lesson:
    """`says`: what the serial line ends up with, a regular expression; {drive}: the number of the BIOS's
    drive. `check(machine, drive)` looks from outside. `stops`: functions that GDB stops in. `ways`: to
    boot it, names in WAYS."""

    says: str
    stops: tuple
    check: callable = None
    ways: tuple = ("floppy", "menu")


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


# Where a lesson is started from; the BIOS's number of that drive, where it is a BIOS.
WAYS = {"floppy": ("bios", make_disk, "00"), "menu": ("bios", in_image, "80"),
        "uefi": ("uefi", in_image, "")}


@pytest.mark.parametrize("name, way", [(name, way) for name in LESSONS for way in LESSONS[name].ways])
def test_lesson(start, tmp_path, name, way):
    lesson = LESSONS[name]
    firmware, make, drive = WAYS[way]
    machine = start(firmware, *make(lesson_file(name), tmp_path))
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
        assert re.search(rf"^{function}( \+ \d+)? in section \.text", said, re.MULTILINE), said


def test_every_lesson_is_tested_and_small():
    assert {path.stem for path in SOURCES} == set(LESSONS)
    long = {path.stem: len(path.read_text().splitlines()) for path in SOURCES
            if len(path.read_text().splitlines()) > LINES_MAX}
    assert not long
    assert {path.stem for path in BUILD.glob("*.elf")} >= {path.stem for path in SOURCES}


def test_the_course_names_every_lesson():
    course = Path(ROOT, "LESSONS.md").read_text()
    missing = [path.name for path in SOURCES if f"legacy/lessons/{path.name}" not in course]
    assert not missing
