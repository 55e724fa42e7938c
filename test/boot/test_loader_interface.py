"""The Boot Loader Interface: what `bootctl` wrote is obeyed, and what it will read is there."""
import re
import shutil

import pytest
from builder import BUILD
from cells import Screen
from machine import CONFIG, Hardware
from test_menu import CHANGES, assert_looks_right
from variables import GLOBAL, add_variables, decode, encode, in_memory, variables

MEMORY = 128 << 20
PROGRAM = BUILD / "test-kernels/program.efi"
# Both time-outs, default, one-shot, boot counting, XBOOTLDR, sort-key, saved entry, menu-disabled, uki and its profiles
FEATURES = 0x1633F


@pytest.fixture
def flash(tmp_path):
    path = tmp_path / "variables.fd"
    shutil.copyfile(CONFIG["firmware"]["uefi_variables"], path)
    return path


def check_what_is_told(told):
    assert decode(told["LoaderInfo"])[0].startswith("Lintel ")
    assert decode(told["LoaderFirmwareType"])[0].startswith("UEFI 2.")
    assert decode(told["LoaderFirmwareInfo"])[0]
    assert decode(told["LoaderImageIdentifier"]) == ["\\EFI\\BOOT\\BOOTX64.EFI"]
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
                        decode(told["LoaderDevicePartUUID"])[0])
    assert decode(told["LoaderEntries"]) == ["second.conf", "program.conf", "lintel-pie.conf",
                                             "lintel.conf", "auto-reboot-to-firmware-setup",
                                             "auto-reboot", "auto-poweroff"]
    assert decode(told["LoaderEntrySelected"]) == ["program.conf"]
    assert int.from_bytes(told["LoaderFeatures"], "little") == FEATURES
    assert len(told["LoaderFeatures"]) == 8
    begin, menu, end = (int(decode(told[f"LoaderTime{what}USec"])[0])
                        for what in ("Init", "Menu", "Exec"))
    assert 0 < begin < menu < end


def test_variables_are_set_and_obeyed(start, special_image, flash):
    add_variables(flash, {"LoaderEntryDefault": encode("lintel-pie.conf"),
                          "LoaderEntryOneShot": encode("second.conf"),
                          "LoaderConfigTimeoutOneShot": encode("menu-force")})
    image = special_image(CHANGES | {
        "/loader/loader.conf": "timeout 0\ndefault lintel\n",
        "/loader/entries/program.conf": "efi /program.efi\nsort-key zzz\n",
        "/program.efi": PROGRAM.read_bytes()})
    machine = start("uefi", [image], Hardware(memory="128M", variables=flash))
    screen = Screen(machine)
    screen.wait_for_text("second: kernel /boot/kernel.elf")
    assert_looks_right(machine, "uefi-framebuffer")
    assert "LoaderInfo" not in in_memory(machine, MEMORY)  # nobody is there who could read it
    machine.type("2")
    machine.wait_for(r"program: options.* end[\s\S]*program: efi")
    check_what_is_told(in_memory(machine, MEMORY))
    screen.press("\x1b[F", "auto-poweroff: firmware")
    screen.press("d", "Enter makes it the default")
    screen.press("\r", "That would be done for ever")
    for entry in ("auto-reboot", "auto-reboot-to-firmware-setup", "lintel"):
        screen.press("\x1b[A", f"{entry}: ")
    screen.press("d", "Enter makes it the default")
    screen.press("\r", "lintel boots by default from now on.")
    screen.press("\x1b[H", "second: kernel")
    screen.press("e", "Options for one boot:")
    screen.press("\x1b[3~ once", "test chosen once")  # a Delete that OVMF's terminal does not know
    machine.type("\r")
    machine.wait_passed()
    assert "fact: command-line = test chosen once" in machine.output
    kept = variables(flash.read_bytes())
    assert decode(kept["LoaderEntryDefault"]) == ["lintel.conf"]
    assert set(kept) == {"LoaderEntryDefault"}  # the wishes for one boot are gone


def test_firmware_setup(start, special_image, flash):
    machine = start("uefi", [special_image(CHANGES)], Hardware(variables=flash))
    Screen(machine).wait_for_text("r: firmware setup")
    machine.type("r")
    machine.wait_for("Enter restarts")
    machine.type("\r")
    machine.wait_exit()  # -no-reboot
    assert variables(flash.read_bytes(), GLOBAL)["OsIndications"] == bytes([1] + 7 * [0])
