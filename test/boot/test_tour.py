"""The kernel's guided walk, `tour`: each step shows what it tells of, and leaves nothing behind."""
import re

import pytest
from builder import BUILD, make_image
from machine import ROOT
from shell import Shell

SCRIPT = ROOT / "config/loader/tour.txt"
TITLES = [line[2:] for line in SCRIPT.read_text().splitlines() if line.startswith("# ")]
COMMANDS = [line[2:] for line in SCRIPT.read_text().splitlines() if line.startswith("> ")]
GOES_ON = "-- Enter goes on, q ends the tour --"
SHOWN = (("map", "What the kernel may rely on"), ("gdt 8", "limit 19-16"), ("pt kernel_main", "PWT"),
         ("vm reserve", "region 0000700000000000"), ("vm touch", "reserved, not committed"),
         ("write", "demand-zero"), ("guard", "guard page"), ("time", "the kernel: "))


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "tour.img"
    make_image(path, "", modules=(SCRIPT, BUILD / "programs/faulty.elf"))
    return path


def state(shell):
    """Frames, heap and regions; page faults are counted for ever."""
    return shell.run("mem") + re.sub(r".* faults?: .*\n", "", shell.run("vm"))


def answer(shell, step):
    """What a step asks for, and what it said until it waited."""
    said = ""
    if "From an address" in TITLES[step]:
        said += shell.read("Enter alone takes kernel_main\n? ")
        shell.machine.type("no_such_function\n")
        said += shell.read("Enter alone takes kernel_main\n? ")
        assert "no_such_function: wanted hexadecimal digits" in said
        shell.machine.type("\n")
    if "mistake" in TITLES[step]:
        said += shell.read("for ever)? ")
        shell.machine.type("n")
    return said


def walk(shell):
    """The whole tour; what it said."""
    shell.machine.type("tour\n")
    said = ""
    for step, title in enumerate(TITLES, 1):
        said += answer(shell, step - 1)
        last = step == len(TITLES)
        said += shell.read("That was the tour.\n" if last else GOES_ON)
        assert f"{step}. {title}" in said
        shell.machine.type("" if last else "\n")
    shell.read()
    return said


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_every_step(start, image, firmware):
    """A second walk finds what the first has left: heap and page tables keep what they once took."""
    shell = Shell(start(firmware, [image]))
    said = walk(shell)
    for command in COMMANDS:
        assert "lintel> " + command.replace("%", "kernel_main") in said
    for command, text in SHOWN:
        assert text in said[said.index(command):]
    assert "faulty.elf: killed by its fault" in said and "null pointer" in said
    before = state(shell)
    walk(shell)
    assert state(shell) == before


def test_q_ends_it_at_each_step(start, image):
    shell = Shell(start("bios", [image]))
    walk(shell)
    before = state(shell)
    for left_at in range(1, len(TITLES)):
        shell.machine.type("tour\n")
        for step in range(1, left_at + 1):
            answer(shell, step - 1)
            shell.read(GOES_ON)
            shell.machine.type("q" if step == left_at else "\n")
        assert f"{left_at + 1}. {TITLES[left_at]}" not in shell.read("That was the tour.\n")
        shell.read()
        assert state(shell) == before


def test_q_answers_a_question(start, image):
    shell = Shell(start("bios", [image]))
    shell.machine.type("tour\n")
    for _ in range(next(i for i, title in enumerate(TITLES) if "From an address" in title)):
        shell.read(GOES_ON)
        shell.machine.type("\n")
    shell.read("Enter alone takes kernel_main\n? ")
    shell.machine.type("q\n")
    assert "pt q" not in shell.read("That was the tour.\n")


STRANGE = {
    "lines of another system": (b"? Which number? 5\r\n> number %\r\n", ["zz", ""],
                                r"number zz\nzz: wanted .*\nWhich number\? 5\n\? \n.*\n +unsigned 5;"),
    "long": (b"? " + 300 * b"a" + b" 5\n> number %\n" + 10000 * b"b", ["zz", "6"],
             r"zz: wanted .*\na{77}\n\? 6\n[^\n]*\n  unsigned 6;[\s\S]*^b{79}\n"),
    "without their words": (b"stale\n?\n> number %\n!number 7\n!\n", ["8"],
                            r"^stale\n\n\? 8\n.*\n +unsigned 8;[\s\S]*unsigned 7;[\s\S]*lintel> \n"),
    "no end": (b"> number 9\n? 5", [""], "unsigned 9;"),
    "itself": (b"> tour\n! tour\n", [], r"A tour is no step of a tour\.\n.*\nA tour is no step"),
    "faults": (b"! number 7\n! fault null\n! number 8\n> fault null\n> number 9\n! number 6\n", [],
               r"The shell goes on\.[\s\S]*unsigned 7;[\s\S]*The shell goes on\.[\s\S]*unsigned 8;"),
}


@pytest.mark.parametrize("script", STRANGE)
def test_strange_scripts(start, tmp_path, script):
    """They end; then the shell is as it was, and the next tour begins anew."""
    text, answers, said = STRANGE[script]
    (tmp_path / "tour.txt").write_bytes(text)
    make_image(tmp_path / "tour.img", "", modules=(tmp_path / "tour.txt",))
    shell = Shell(start("bios", [tmp_path / "tour.img"]))
    for _ in range(2):
        shell.machine.type("tour\n" + "".join(answer + "\n" for answer in answers))
        told = shell.read("That was the tour.\n")
        assert re.search(said, told.replace("\r", "").partition("tour\n")[2], re.MULTILINE), told
        assert "unsigned 9" not in told or script == "no end"
        shell.read()


def test_keyboard_and_screen(start, image):
    shell = Shell(start("bios", [image]))
    shell.press(*"tour", "ret")
    shell.read(GOES_ON)
    shell.press("ret")
    shell.read(GOES_ON)
    (BUILD / "screenshots").mkdir(exist_ok=True)
    shell.machine.monitor.screenshot(BUILD / "screenshots/tour.png")
    shell.press("q")
    shell.read("That was the tour.\n")


def test_script_is_missing(start, images):
    shell = Shell(start("bios", [images.standard("")]))
    shell.find("tour", "module tour.txt, was not loaded")
