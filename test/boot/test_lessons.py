"""The lessons of LESSONS.md: each boots from its disk and from Lintel's menu, is looked at from outside,
and stops in GDB by symbol."""
import re
import subprocess
from dataclasses import dataclass, replace
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


def check_paging(machine, drive):
    """Identity, and three pages at 4 MiB: two show one frame."""
    registers = machine.monitor.registers()
    assert (registers["CR0"], registers["CR3"]) == (0x80010011, 0x20000)
    assert registers["CR2"] == 0x402000
    pages = {page.virtual: page for page in machine.monitor.pages()}
    assert len(pages) == 1024 + 3 and all(page.writable for page in pages.values())
    assert all(pages[address].physical == address for address in range(0, 0x400000, 0x1000))
    assert [pages[0x400000 + i * 0x1000].physical for i in range(3)] == [0x30000, 0x31000, 0x30000]
    assert "0000000000000000-0000000000403000 0000000000403000 -rw" in machine.monitor.human("info mem")
    assert machine.monitor.physical_memory(0x30000, 1) == b"\2"


def check_long_mode(machine, drive):
    registers = machine.monitor.registers()
    assert (registers["CR0"], registers["CR3"], registers["CR4"]) == (0x80000011, 0x20000, 0x20)
    assert registers["EFER"] == 0x500 and registers["RBX"] == 0xfedcba9876543210
    assert "CS64" in machine.monitor.human("info registers")  # its L bit
    pages = machine.monitor.pages()
    assert [page.virtual for page in pages] == list(range(0, 0x200000, 0x1000))
    assert all(page.physical == page.virtual and page.writable for page in pages)


def check_kernel(machine, drive):
    """What it says of its tables is what QEMU's monitor shows; on BIOS it stands on the screen."""
    found = {claim: int(value, 16)
             for claim, value in re.findall(r"^(C\d+) +holds +([0-9A-F]{16}) ", machine.output,
                                            re.MULTILINE)}
    assert len(found) == 14 and "FAILS" not in machine.output
    registers = machine.monitor.registers()
    assert (found["C5"], found["C13"], found["C6"], found["C7"]) == tuple(
        registers[name] for name in ("CR0", "CR3", "CR4", "EFER"))
    assert (found["C9"], found["C11"]) == (registers["GDT"][0], registers["IDT"][0])
    pages = {page.virtual: page for page in machine.monitor.pages()}
    code = pages[registers["RIP"] & ~0xfff]
    assert code.physical == found["C16"] and code.executable and not code.writable
    assert found["C4"] & ~0xfff in pages and found["C18"] & ~0xfff not in pages
    if drive:
        assert b"C19  holds" in machine.monitor.text_screen()


LESSONS = {
    "01-hello": Lesson(r"Hello\. .* from drive {drive}h", ("start", "say", "stop"), check_hello),
    "09-paging": Lesson(r"at 00401000\n  not present, a write, by the kernel\n.* 00000001\n"
                        r".* 00402000\n  present, a write, by the kernel\n.* 00000002\n",
                        ("main", "main32", "paged", "on_page_fault", "rest"), check_paging),
    "10-long-mode": Lesson(r"upper half is FEDCBA98\n.* lower half is 76543210\n",
                           ("main", "check_cpu", "build_page_tables", "to_long_mode", "begin64", "rest"),
                           check_long_mode),
    "11-kernel": Lesson(r"C19  holds .*\n", ("start", "claim"), check_kernel, ("menu", "uefi")),
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


@pytest.mark.parametrize("cpu", ["qemu32", "486"])
def test_a_cpu_without_long_mode_is_told(start, tmp_path, cpu):
    """Lesson 10; a 486 has not even the instruction that is asked."""
    disks, hardware = make_disk(lesson_file("10"), tmp_path)
    machine = start("bios", disks, replace(hardware, cpu=cpu))
    machine.wait_for(r"This CPU has no long mode\.")
    assert machine.monitor.registers()["CR0"] & 1 == 0


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
