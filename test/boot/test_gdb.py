"""A breakpoint by function name works in each stage."""
import subprocess

import pytest
from debug import debugged_machine
from machine import PATIENCE, ROOT

STAGES = {"bios": ("try_drive", "boot_main", "kernel_main"),
          "uefi": ("efi_main", "boot_main", "kernel_main")}


@pytest.mark.parametrize("firmware", STAGES)
def test_breakpoints_by_function_name(images, firmware):
    with debugged_machine(firmware, images.standard("test")) as (machine, arguments):
        for function in STAGES[firmware]:
            arguments += ["-ex", f"thbreak {function}", "-ex", "continue", "-ex", "info symbol $pc"]
        done = subprocess.run(["timeout", str(PATIENCE), *arguments, "-batch"], cwd=ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    for function in STAGES[firmware]:
        assert f"{function} " in done.stdout or f"{function}\n" in done.stdout, done.stdout
    assert done.stdout.count("Temporary breakpoint") == len(STAGES[firmware]), done.stdout
