"""One lie of a firmware, a disk or a file, told to one boot: and what comes of it."""
import hashlib
import re
import shutil
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent / "boot"))
from machine import PASSED, Hardware, Machine, MachineError, Patience  # noqa: E402
from report import parse_report  # noqa: E402

ASKED = "test"  # the command line of the entry that each boot asks for: no other entry has it
BOOTS = ""      # a row that ends in a correct boot
# How each of Lintel's errors begins: the first sector's, the loader's last word, the menu's. And what
# the firmware says when it could not even read Lintel.
MENU_ERROR = r" Error +\S"
NAMED = (r"Lintel: \w|Lintel cannot boot: \w|" + MENU_ERROR + "|"
         r"BdsDxe: failed to load \w|No bootable device")
# A row that may end in a correct boot or in any named error: faults that are put everywhere.
BOOTS_OR_SAYS_WHY = None
SHOW_AGAIN = "\x0c"  # the menu's key for it
QUIET = 3  # seconds of the machine's own time in which nothing may follow a named error

CORRECT, ERROR, HANG, RESET, WRONG, OTHER = (
    "correct boot", "named error", "hang", "reset", "wrong boot", "not what its row says")


@dataclass(frozen=True)
class Setup:
    """What a row boots: disks in boot order, of which each boot has copies of its own. A disk may be
    a QEMU file name that ends in ":PATH" (blkdebug), with PATH in the row's folder. `lies`: those of
    bios.asm or uefi.c, each of which must be told."""

    disks: tuple
    hardware: Hardware = field(default_factory=Hardware)
    lies: tuple = ()


@dataclass(frozen=True)
class Row:
    """`prepare(images, folder)` -> Setup. `images` are shared (test/boot/ways.py), the folder is
    the row's own. `expected`: BOOTS, a regular expression of the named error (blanks stand for any
    white space), or BOOTS_OR_SAYS_WHY. `sliced`: a row of `make check`, the others are
    `make torture`'s. `facts`: what the kernel must say in a correct boot, each name with a regular
    expression of all of it. `counts`: it takes a try off on the disk, which nothing else changes."""

    name: str
    firmware: str
    prepare: object
    expected: str = BOOTS
    sliced: bool = False
    facts: dict = field(default_factory=dict, hash=False)
    counts: bool = False

    def __str__(self):
        return f"{self.firmware}-{self.name}"


@dataclass(frozen=True)
class Outcome:
    kind: str
    said: str
    told: int = 0  # lies

    @property
    def good(self):
        return self.kind in (CORRECT, ERROR)


def own_copy(disk, folder):
    """The disk's own file and name for this boot."""
    if isinstance(disk, str) and ":" in disk:
        return Path(disk.rpartition(":")[2]), disk
    copy = folder / f"own-{Path(disk).name}"
    shutil.copyfile(disk, copy)
    return copy, copy


def digest(file):
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").digest()


def judge_end(row, machine):
    """Of a machine that has ended."""
    status = machine.wait_exit()
    report = parse_report(machine.output)
    if status == PASSED:
        facts = {"command-line": ASKED, **row.facts}
        asked = report.complete and all(re.fullmatch(pattern, report.facts.get(fact, ""))
                                        for fact, pattern in facts.items())
        return CORRECT if asked else WRONG
    return WRONG if report.facts or report.claims else RESET


def stays(machine):
    """Whether nothing follows a named error: no countdown, no other entry, no reset. A menu shows it
    again when it is asked to."""
    patience = Patience(machine, QUIET)
    machine.wait(lambda: machine.closed or patience.is_over(), "silence")
    if not machine.closed and re.search(MENU_ERROR, machine.words):
        before = len(machine.words)
        machine.type(SHOW_AGAIN)
        machine.wait(lambda: machine.closed or re.search(MENU_ERROR, machine.words[before:]),
                     "the menu's answer to a key")
    return not machine.closed


def watch(row, machine):
    named = (row.expected or NAMED).replace(" ", r"\s+")

    def is_decided():
        return machine.closed or re.search(named, machine.words) or re.search(named, machine.output)

    try:
        machine.wait(is_decided, "an end")
    except MachineError:
        return OTHER if row.expected and re.search(NAMED, machine.words) else HANG
    try:
        remains = not machine.closed and stays(machine)
    except MachineError:
        return HANG
    if not remains:
        kind = judge_end(row, machine)
        return OTHER if kind == CORRECT and row.expected else kind
    return OTHER if row.expected == BOOTS else ERROR


def untold(setup, told):
    """The first of its lies, which send their numbers, that was not told."""
    digits = told.read_text()
    return next((lie for number, lie in enumerate(setup.lies) if str(number) not in digits), None)


def boot(row, images, folder):
    told = folder / "told"
    setup = row.prepare(images, folder)
    own = [own_copy(disk, folder) for disk in setup.disks]
    before = [digest(file) for file, _ in own]
    options = ("-debugcon", f"file:{told}")
    hardware = replace(setup.hardware, keeps=True, options=setup.hardware.options + options)
    with Machine(row.firmware, [name for _, name in own], hardware) as machine:
        kind = watch(row, machine)
        said = str(machine.error(kind))
    if (before != [digest(file) for file, _ in own]) != row.counts:
        return Outcome(WRONG, f"the disk has {'not ' * row.counts}changed\n{said}")
    if lie := untold(setup, told):
        return Outcome(OTHER, f"its lie was not told: {lie}\n{said}")
    return Outcome(kind, said, len(setup.lies))
