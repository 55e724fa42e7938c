"""Host test programs as pytest items.

Each test of a cmocka program is an item in each variant of the build: the objects that ship, and
the same sources under the sanitizers of gcc and clang. A last item asks whether the program ended
well and reported every test that its source names.
"""
import functools
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VARIANTS = ("ship", "gcc-san", "clang-san")
PATIENCE = 600  # seconds, against hangs
FUZZ_RUNS = 10000
BOOT_RUNS = 3000  # of a target that boots in each


class ProgramError(Exception):
    """Shown as it is, without a Python traceback."""


@functools.lru_cache(maxsize=None)
def run_program(*command):
    """(exit status, all output); a program that is asked for twice has run once."""
    environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "tap"}
    done = subprocess.run(command, cwd=ROOT, env=environment, timeout=PATIENCE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode("utf-8", "replace")


class ProgramItem(pytest.Item):
    """Something that a program decides."""

    def __init__(self, *, command, **others):
        super().__init__(**others)
        self.command = tuple(map(str, command))
        self.add_marker(pytest.mark.xdist_group("/".join(Path(command[0]).parts[-2:])))

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, ProgramError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, self.name


class UnitTest(ProgramItem):
    """One cmocka test, by its line of TAP output."""

    def runtest(self):
        status, output = run_program(*self.command)
        function = re.escape(self.originalname)
        verdict = re.search(rf"^(ok|not ok) \d+ - {function}\b(.*(?:\n#.*)*)", output, re.MULTILINE)
        if verdict is None:
            raise ProgramError(f"no verdict; the program ended with {status}:\n{output[-3000:]}")
        if verdict[1] != "ok":
            raise ProgramError(verdict[0])
        if "# SKIP" in verdict[2]:
            pytest.skip(verdict[2])


class CleanEnd(ProgramItem):
    """The program ends with 0; a sanitizer's report ends it otherwise."""

    def runtest(self):
        status, output = run_program(*self.command)
        if status != 0:
            raise ProgramError(f"{self.command[0]} ended with {status}:\n{output[-3000:]}")


def unit_tests(source):
    """The functions that a cmocka program's tables name. They may stand in macros of its own, so
    the preprocessor is asked; cmocka_unit_test(f) and its kin become { "f", f, ... }."""
    text = subprocess.run(["gcc", "-E", "-P", "-I.", "-Itest/unit", source], cwd=ROOT, check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return re.findall(r'{\s*"([A-Za-z_]\w*)",\s*\1,', text)


class UnitFile(pytest.File):
    """A cmocka program's source."""

    def collect(self):
        functions = unit_tests(self.path)
        for variant in VARIANTS:
            command = [ROOT / "build/unit" / variant / self.path.stem]
            for function in dict.fromkeys(functions):
                item = UnitTest.from_parent(self, name=f"{function}[{variant}]", command=command)
                item.originalname = function
                yield item
            yield CleanEnd.from_parent(self, name=f"ends well[{variant}]", command=command)


class FuzzFile(pytest.File):
    """A libFuzzer target: a fixed number of inputs from a fixed seed, as a smoke test."""

    def collect(self):
        name = self.path.stem
        runs = BOOT_RUNS if name == "fuzz_boot" else FUZZ_RUNS
        command = [ROOT / "build/fuzz" / name, f"-runs={runs}", "-seed=1",
                   "-artifact_prefix=build/fuzz/", "-close_fd_mask=1"]
        yield CleanEnd.from_parent(self, name=f"{runs} runs", command=command)
