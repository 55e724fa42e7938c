"""What `lintel` says about itself, and about command lines that make no sense."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
from builder import LINTEL  # noqa: E402
from machine import ROOT  # noqa: E402

COMMANDS = ("image", "keymap", "install", "uninstall", "kernel", "status", "set-default",
            "set-oneshot", "set-timeout", "reboot", "bless", "check", "report")
MANUAL = ROOT / "images/tool/lintel.1"
COMPLETION = ROOT / "images/tool/lintel.bash"


def lintel(*arguments):
    return subprocess.run([LINTEL, *map(str, arguments)], capture_output=True, text=True)


def long_options(command):
    text = lintel(command, "--help").stdout
    return re.findall(r"^  (?:-\w,|   ) --([a-z-]+)", text, re.MULTILINE)


def test_help_lists_the_commands():
    done = lintel("--help")
    assert done.returncode == 0 and not done.stderr
    assert all(re.search(rf"^  {command} ", done.stdout, re.MULTILINE) for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    done = lintel(command, "--help")
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith(f"Usage: lintel {command} ")
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.parametrize("command", COMMANDS)
def test_manual_tells_every_option(command):
    text = MANUAL.read_text().replace("\\-", "-")
    assert all(f"--{option}" in text for option in long_options(command) if option != "help")


def test_manual_is_well_formed():
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-z", MANUAL], capture_output=True,
                          text=True)
    assert done.returncode == 0 and not done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_completion_offers_every_option(command):
    offered = complete("lintel", command, "--")
    assert sorted(offered) == sorted(f"--{option}" for option in long_options(command))


@pytest.mark.parametrize("words, expected", [
    (("lintel", "im"), ["image"]), (("lintel", "image", "--layout", "m"), ["mbr"]),
    (("lintel", "check", "-f", "u"), ["uefi"]), (("lintel", "kernel", "re"), ["remove", "refresh"])])
def test_completion_of_values(words, expected):
    assert complete(*words) == expected


@pytest.mark.parametrize("command, option, told", [
    ("image", "--layout", r"^\.B {}$"), ("image", "--sector-bytes", r"{}"),
    ("image", "--fat", r"FAT{}"), ("check", "--firmware", r"\b{}\b"),
    ("check", "--cpu", r"\b{}\b")])
def test_words_are_told_alike(command, option, told):
    """By the refusal of any other, by completion and by the manual."""
    words = re.search(r" is none of (.*?)(?:, bits=.*)?;", lintel(command, option, "?").stderr)[1]
    assert sorted(complete("lintel", command, option, "''")) == sorted(words.split(", "))
    assert all(re.search(told.format(word), MANUAL.read_text(), re.MULTILINE)
               for word in words.split(", "))


def test_completion_offers_every_command():
    listed = re.findall(r"^  ([\w-]+) ", lintel("--help").stdout, re.MULTILINE)
    assert set(complete("lintel", "''")) == {*listed, "--help", "--version"}
    assert set(listed) == set(COMMANDS)


def complete(*words):
    """What bash would offer for the last word."""
    script = (f"source {COMPLETION}; COMP_WORDS=({' '.join(words)}); "
              f"COMP_CWORD={len(words) - 1}; _lintel; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True,
                          check=True).stdout.split()


@pytest.mark.parametrize("arguments, message", [
    ((), r"a command is missing"), (("frob",), r"no command `frob`"),
    (("image",), r"--output is missing"), (("image", "-o", "x"), r"--kernel is missing"),
    (("image", "--frob"), r"--frob is no option"), (("image", "-o"), r"-o needs an argument"),
    (("image", "-o", "x", "-k", "y", "z"), r"`z` is one word too many"),
    (("image", "--layout", "tape"), r"--layout: `tape` is none of gpt, mbr, floppy, iso, netboot;"),
    (("image", "--size", "12Q"), r"`12Q` is no size"),
    (("image", "--size", "0"), r"0 bytes"), (("install", "x", "--partition", "0"), r"from 1"),
    (("image", "--size", "99999999999999999999"), r"is no size"),
    (("image", "--size", "20000000T"), r"is no size"),
    (("image", "--sector-bytes", "1000"), r"`1000` is none of 512, 4096;"),
    (("image", "-o", "x", "-k", "y", "--fat", "16"), r"for --layout mbr"),
    (("image", "-o", "x", "-k", "y", "-l", "iso", "--size", "9M"), r"--size is for"),
    (("image", "-o", "x", "-k", "y", "-l", "floppy", "--sector-bytes", "4096"), r"is for disks"),
    (("check",), r"the kernel is missing"), (("check", "a", "b"), r"one kernel at a time"),
    (("check", "--firmware", "coreboot", "a"), r"`coreboot` is none of bios, uefi;"),
    (("check", "--cpu", "mmx", "a"), r"`mmx` is none of all, nx, 1gib"),
    (("check", "--cpu", "-nx,-bits=99", "a"), r"`bits=99` is none of .*, bits=32 to bits=52;"),
    (("report", "-o", "x"), r"a log is missing"), (("report", "a"), r"--output is missing"),
    (("kernel",), r"add, remove or refresh\?"), (("kernel", "frob"), r"add, remove or refresh\?"),
    (("kernel", "add"), r"which version\?"), (("kernel", "refresh", "x"), r"`x` is one word too many"),
    (("status", "a", "b"), r"one disk"), (("set-default",), r"what is to be set"),
    (("set-oneshot", "a", "b"), r"one at a time"), (("set-timeout", "5", "--clear"), r"--clear needs"),
    (("set-timeout", "soon"), r"`soon` is neither seconds nor menu-force"),
    (("reboot",), r"which entry"), (("bless", "maybe"), r"good or bad"),
    (("install", "a", "b"), r"one disk"), (("uninstall", "a", "b"), r"one disk"),
])
def test_wrong_command_line(arguments, message):
    done = lintel(*arguments)
    assert done.returncode == 2 and not done.stdout
    assert re.search(message, done.stderr) and "--help" in done.stderr
