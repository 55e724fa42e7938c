"""A breakpoint by function name works in each stage."""
import subprocess

import pytest
from debug import debugged_machine
from machine import ROOT

STAGES = {"bios": ("try_drive", "boot_main", "kernel_main"),
          "uefi": ("efi_main", "boot_main", "kernel_main")}


@pytest.mark.parametrize("firmware", STAGES)
def test_breakpoints_by_function_name(images, firmware):
    with debugged_machine(firmware, images.standard("test")) as (machine, arguments):
        for function in STAGES[firmware]:
            arguments += ["-ex", f"thbreak {function}", "-ex", "continue", "-ex", "info symbol $pc"]
        with subprocess.Popen([*arguments, "-batch"], cwd=ROOT, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as gdb:
            try:
                machine.wait(lambda: gdb.poll() is not None, "the end of GDB")
            finally:
                gdb.kill()
                said = gdb.stdout.read()
                print(said)  # shown with a failure
    for function in STAGES[firmware]:
        assert f"{function} " in said or f"{function}\n" in said, said
    assert said.count("Temporary breakpoint") == len(STAGES[firmware]), said
