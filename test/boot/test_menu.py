"""The menu, driven by a serial terminal and by a keyboard."""
import pytest

FIRMWARES = ("bios", "uefi")
CHANGES = {"/loader/loader.conf": "timeout menu-force\ndefault lintel\n",
           "/loader/entries/second.conf": "title The second one\nkernel /boot/kernel.elf\n"
                                          "options test chosen\nsort-key zz\n"}


@pytest.fixture(params=FIRMWARES)
def menu(request, start, special_image):
    """Shows three entries, and the last of them, the default, chosen."""
    machine = start(request.param, [special_image(CHANGES)])
    machine.wait_for("lintel: kernel /boot/kernel.elf")
    return machine


def move_up_and_enter(machine, press_up, press_enter):
    for entry in ("lintel-pie", "second"):
        press_up()
        machine.wait_for(f"{entry}: kernel")
    press_enter()
    machine.wait_exit()
    assert "fact: entry = second" in machine.output, machine.error("another entry was booted")


def test_chosen_by_serial_terminal(menu):
    move_up_and_enter(menu, lambda: menu.type("\x1b[A"), lambda: menu.type("\r"))


def test_chosen_by_keyboard(menu):
    move_up_and_enter(menu, lambda: menu.monitor.press("up"), lambda: menu.monitor.press("ret"))


def test_chosen_by_number(menu):
    menu.type("1")
    menu.wait_exit()
    assert "fact: entry = second" in menu.output


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_countdown_boots_the_default(start, special_image, firmware):
    image = special_image({"/loader/loader.conf": "timeout 2\ndefault lintel\n"})
    machine = start(firmware, [image])
    machine.wait_exit()
    assert "fact: entry = lintel" in machine.output
