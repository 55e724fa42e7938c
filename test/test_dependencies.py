"""The rules that keep the parts apart."""
import re
import subprocess
from fnmatch import fnmatch
from os.path import commonprefix
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FREESTANDING = {f"{name}.h" for name in ("float", "iso646", "limits", "stdalign", "stdarg",
                                         "stdbool", "stddef", "stdint", "stdnoreturn")}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
# Every linker makes it for position-independent code.
GIVEN_BY_LINKER = {"_GLOBAL_OFFSET_TABLE_"}

# The floors of each house, from top to bottom. A room (a folder, or some files) may include itself
# and what lies below it. Rooms in one line stand beside each other and know nothing of each other.
FLOORS = {
    "common": ["boot.c", "boot.h", "protocol", "attempt", "menu", "entries", "plan", "handoff",
               "resident", "storage", "format", "hw", "memory", "machine.h", "firmware.h", "lib",
               "lintel.h version.h"],
    "common/protocol": ["protocol.c", "uki.c", "limine lintel linux multiboot sector.c",
                        "efi.[ch] sector_table.[ch]", "protocol.h"],
    "common/storage": ["reference.[ch] state_variable.[ch]", "volumes.[ch] state.[ch] area.h", "fs",
                       "disk net"],
    "kernel": ["main.c programs", "shell", "gui claims", "user", "threads", "vm", "console", "machine",
               "handover", "lib"],
    "images/tool": ["main.c", "install.c", "steer", "kernels", "live", "install", "image", "check report", "host"],
}
# Where instructions may stand that are the machine's and not C's; of the front ends, in which files.
HARDWARE = {
    "common": ["hw/*", "handoff/*", "resident/*"],
    "kernel": ["machine/*", "programs/*", "handover/entry.asm", "threads/switch.asm",
               "user/system_call.asm"],
    "images/tool": [],
    "legacy": ["*.asm", "bios.c", "ports.h", "clock.c", "fault.c", "main.c", "lessons/*"],
    "uefi": ["clock.c", "main.c", "memory.c"],
}
# Inline assembly (an empty one only holds the compiler back, one that copies or fills is a loop);
# intrinsics; code in NASM.
INSTRUCTION = re.compile(
    r'\b(?:__asm__|asm)\b[\s\w]*\((?!\s*(?:"(?:std; )?rep (?:movs|stos)[bq]\b|""\s*[:)]))'
    r'|\b(?:__builtin_ia32|_mm\d*)_\w+|^\s*section\s+\.text', re.MULTILINE)


def includes(folder):
    """(file, kind of quotes, what is included, from the root on) for a folder's C and headers."""
    for file in sorted((ROOT / folder).rglob("*.[ch]")):
        for kind, name in INCLUDE.findall(file.read_text()):
            if kind == '"' and (file.parent / name).exists():
                name = str((file.parent / name).resolve().relative_to(ROOT))
            yield file.relative_to(ROOT), kind, name


def test_core_includes_only_itself_and_freestanding_headers():
    wrong = [f"{file}: {name}" for file, kind, name in includes("common")
             if (name not in FREESTANDING if kind == "<" else not name.startswith("common/"))]
    assert not wrong


@pytest.mark.parametrize("folder, other", [("legacy", "uefi"), ("uefi", "legacy")])
def test_front_ends_do_not_know_each_other(folder, other):
    wrong = [f"{file}: {name}" for file, _, name in includes(folder)
             if name.startswith((other + "/", "kernel/", "test/"))]
    assert not wrong


def test_kernel_knows_only_the_abi():
    wrong = [f"{file}: {name}" for file, kind, name in includes("kernel")
             if (name not in FREESTANDING if kind == "<"
                 else not name.startswith("kernel/") and name != "common/lintel.h")]
    assert not wrong


def test_abi_header_stands_alone():
    text = (ROOT / "common/lintel.h").read_text()
    assert [name for _, name in INCLUDE.findall(text)] == ["stdint.h"]


def room_of(table, name):
    """(floor, room) of what lies in a folder that has a table; None: it is not there."""
    return next(((floor, room) for floor, rooms in enumerate(FLOORS[table]) for room in rooms.split()
                 if fnmatch(name, room)), None)


def without_floor(house):
    for file in sorted((ROOT / house).rglob("*.[ch]")):
        parts = file.relative_to(ROOT).parts
        for depth in range(house.count("/") + 1, len(parts)):
            table = "/".join(parts[:depth])
            is_file = depth == len(parts) - 1
            if not (room_of(table, parts[depth]) if table in FLOORS else is_file):
                yield f"{house}: no floor", f"{table}/{parts[depth]} stands in no table"


def upwards(house):
    for file, _, name in includes(house):
        way = commonprefix([file.parts, Path(name).parts])
        table = "/".join(way)
        if table in FLOORS:
            here, there = (room_of(table, path.parts[len(way)]) for path in (file, Path(name)))
            if here and there and here != there and here[0] >= there[0]:
                yield f"{table}: {here[1]} -> {there[1]}", f"{file} includes {name}"


def with_instructions(house):
    for file in sorted((ROOT / house).rglob("*.*")):
        name = str(file.relative_to(ROOT / house))
        in_its_room = any(fnmatch(name, place) for place in HARDWARE[house])
        if file.suffix in {".c", ".h", ".asm"} and not in_its_room:
            code = re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)
            for match in INSTRUCTION.findall(code):
                yield f"{house}/{name}: instructions", match


def without_opening(house):
    for file in sorted((ROOT / house).rglob("*.c")):
        if not file.read_text().startswith("/* "):
            yield f"{house}: no opening sentence", str(file.relative_to(ROOT))


def test_rooms():
    broken = [found for house in HARDWARE for check in (with_instructions, without_opening)
              for found in check(house)]
    broken += [found for house in FLOORS if house in HARDWARE for check in (without_floor, upwards)
               for found in check(house)]
    assert not broken, "\n".join(f"{rule}: {what}" for rule, what in broken)


def core_objects():
    """What both front ends link: every C file but the resident image's, which image.asm embeds, and what
    only the assembler reads."""
    others = {Path("resident/fault.c"), Path("handoff/offsets.c")}
    assembly = [Path(name) for name in ("handoff/program.asm", "handoff/trampoline.asm",
                                        "resident/image.asm")]
    sources = [path.relative_to(ROOT / "common") for path in sorted((ROOT / "common").rglob("*.c"))]
    return [ROOT / "build/core" / source.with_suffix(".o")
            for source in sources + assembly if source not in others]


def test_core_leaves_nothing_undefined(tmp_path):
    joined = tmp_path / "core.o"
    subprocess.run(["ld", "-r", "-o", joined, *core_objects()], check=True)
    undefined = subprocess.run(["nm", "--undefined-only", "--format=just-symbols", joined],
                               check=True, capture_output=True, text=True).stdout.split()
    assert set(undefined) <= GIVEN_BY_LINKER


def test_core_does_not_ask_which_firmware_it_is_built_for():
    wrong = [str(file) for file in (ROOT / "common").rglob("*.[ch]")
             if re.search(r"^\s*#\s*if(?!ndef [A-Z_]+_H$).*(UEFI|EFI|BIOS|LEGACY|x86_64|LP64)",
                          file.read_text(), re.MULTILINE)]
    assert not wrong


def tracked_files():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_repo_names_no_path_of_this_machine():
    """Nothing outside the repo is read but what Debian's packages install."""
    private = re.compile(r"(?<![\w.])/(home|root|work|farm|mnt)/|\.\./shared")
    wrong = []
    for file in tracked_files():
        if file.name == Path(__file__).name or not file.is_file():
            continue
        text = file.read_bytes().decode("utf-8", "ignore")
        wrong += [f"{file}: {match[0]}" for match in private.finditer(text)]
    assert not wrong
