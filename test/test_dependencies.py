"""The rules that keep the parts apart."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FREESTANDING = {f"{name}.h" for name in ("float", "iso646", "limits", "stdalign", "stdarg",
                                         "stdbool", "stddef", "stdint", "stdnoreturn")}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
# Every linker makes it for position-independent code.
GIVEN_BY_LINKER = {"_GLOBAL_OFFSET_TABLE_"}


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


def core_objects():
    """What both front ends link: every C file but the resident image's, which image.asm embeds, and what
    only the assembler reads."""
    others = {Path("resident/fault.c"), Path("handoff/offsets.c")}
    assembly = [Path(name) for name in ("handoff/program.asm", "handoff/trampoline.asm",
                                        "resident/image.asm", "lib/glyphs.asm")]
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
