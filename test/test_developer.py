"""What makes a developer's day short does what CONTRIBUTING.md says."""
import json
import subprocess

import pytest
from named import TEST, find, goals
from programs import ROOT


@pytest.mark.parametrize("name, files", [
    ("plan_small", ["unit/test_plan_small.c"]),
    ("test_version", ["unit/test_version.c"]),
    ("menu", ["boot/test_menu.py", "unit/test_menu.c", "unit/test_menu_views.c"]),
    ("boot/menu", ["boot/test_menu.py"]),
    ("fuzz/pe", ["fuzz/fuzz_pe.c"]),
    ("tool/mounts::test_x", ["tool/test_mounts.py"]),
    ("test/unit/firmware_contract.c", ["unit/firmware_contract.c"]),
    ("dependencies", ["test_dependencies.py"]),
    ("nothing", []),
])
def test_name_means_files(name, files):
    assert sorted(str(file.relative_to(TEST)) for file in find(name)) == files


@pytest.mark.parametrize("file, needed", [
    ("unit/test_pe.c", [f"build/unit/{v}/test_pe" for v in ("ship", "gcc-san", "clang-san")]),
    ("fuzz/fuzz_pe.c", ["build/fuzz/fuzz_pe"]),
    ("boot/test_menu.py", ["machine-tests"]),
    ("boot/test_linux.py", ["machine-tests", "guests"]),
    ("test_lint.py", []),
])
def test_only_what_is_needed_is_built(file, needed):
    assert goals(TEST / file) == needed


def test_compile_commands_know_every_file_that_ships(tmp_path):
    shipped = ["images/lintel.img", "build/lessons/11-kernel.elf"]
    commands = subprocess.run(["make", "-nB", "V=1", *shipped], cwd=ROOT, check=True,
                              stdout=subprocess.PIPE).stdout
    listed = tmp_path / "compile_commands.json"
    subprocess.run(["python3", ROOT / "config/compile_commands.py", listed], cwd=ROOT, check=True,
                   input=commands)
    sources = [str(file.relative_to(ROOT)) for folder in ("common", "legacy", "uefi", "images/tool")
               for file in (ROOT / folder).rglob("*.c")]
    assert set(sources) - {entry["file"] for entry in json.loads(listed.read_text())} == set()


def test_help_fits_on_a_screen():
    lines = subprocess.run(["make", "-s", "help"], cwd=ROOT, check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    assert len(lines) <= 32 and all(len(line) <= 100 for line in lines)
