"""The menu, driven by a serial terminal and by a keyboard."""
import time

import pytest

FIRMWARES = ("bios", "uefi")
CHANGES = {"/loader/loader.conf": "timeout menu-force\ndefault lintel\n",
           "/loader/entries/second.conf": "title The second one\nkernel /boot/kernel.elf\n"
                                          "options test chosen\nsort-key zz\n"}


@pytest.fixture(params=FIRMWARES)
def menu(request, start, special_image):
    machine = start(request.param, [special_image(CHANGES)])
    machine.wait_for("The second one")
    return machine


def move_until_chosen(machine, press_down, press_enter):
    """Down past the end of the list is harmless; the last entry is the second one."""
    for _ in range(4):
        press_down()
        time.sleep(0.2)
    press_enter()
    machine.wait_exit()
    assert "fact: entry = second" in machine.output, machine.error("another entry was booted")


def test_chosen_by_serial_terminal(menu):
    move_until_chosen(menu, lambda: menu.type("\x1b[B"), lambda: menu.type("\r"))


def test_chosen_by_keyboard(menu):
    move_until_chosen(menu, lambda: menu.monitor.press("down"), lambda: menu.monitor.press("ret"))


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_countdown_boots_the_default(start, special_image, firmware):
    machine = start(firmware, [special_image({"/loader/loader.conf": "timeout 2\ndefault lintel\n"})])
    machine.wait_exit()
    assert "fact: entry = lintel" in machine.output
