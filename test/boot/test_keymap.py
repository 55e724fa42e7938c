"""The menu's editor on a keyboard that is no US one: QEMU's sends places of keys, as any."""
import pytest
from builder import change_files, make_image
from cells import Screen, shown_share
from machine import ROOT

FIRMWARES = ("bios", "uefi")
FOLDER = ROOT / "build/screenshots"
CONF = "timeout menu-force\ndefault lintel\n"
OPTIONS = "test"
# Keys that are pressed together, and what they type on a German keyboard.
KEYS = [(("z",), "y"), (("shift", "z"), "Y"), (("minus",), "ß"), (("shift", "7"), "/"),
        (("slash",), "-"), (("semicolon",), "ö"), (("alt_r", "q"), "@"), (("alt_r", "e"), "€"),
        (("alt_r", "7"), "{"), (("alt_r", "minus"), "\\"), (("grave_accent",), "^"),
        (("shift", "0"), "="), (("spc",), " "), (("backslash",), "#")]
# What not each firmware tells: the key beside the left Shift, and which sign is of the number pad.
OF_FIRMWARE = {"bios": [(("less",), "<"), (("shift", "less"), ">"), (("kp_subtract",), "-"),
                        (("kp_divide",), "/")],
               "uefi": [(("less",), ""), (("kp_subtract",), "ß")]}


@pytest.fixture
def editor(start, tmp_path):
    """editor(firmware, changes, said) -> a machine with `keymap de`, and its screen: the menu had said
    so, and a key has opened the editor."""

    def begin(firmware, changes, said):
        image = tmp_path / "keymap.img"
        (tmp_path / "loader.conf").write_text(CONF)
        make_image(image, OPTIONS, "--loader-conf", tmp_path / "loader.conf",
                   "--keymap", "de")
        change_files(image, changes)
        machine = start(firmware, [image])
        screen = Screen(machine)
        screen.wait_for_text(said)
        machine.monitor.press("e")
        screen.wait_for_text("Options for one boot:")
        return machine, screen

    return begin


def typed(screen, text):
    screen.wait_for(lambda rows: rows[19].strip() == text.strip(), repr(text))


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_german_keyboard(editor, firmware):
    machine, screen = editor(firmware, {}, "show the same menu")
    text = OPTIONS
    for keys, character in KEYS + OF_FIRMWARE[firmware]:
        machine.monitor.press_together(*keys)
        text += character
        typed(screen, text)
    machine.wait(lambda: shown_share(screen.cells, machine.monitor.pixels()) >= 0.998,
                 "998 of 1000 cells as they should be")
    FOLDER.mkdir(parents=True, exist_ok=True)
    machine.monitor.screenshot(FOLDER / f"keymap-{firmware}.png")
    machine.type("zZ-\\<")  # over a serial line comes what was meant
    text += "zZ-\\<"
    typed(screen, text)
    machine.monitor.press("ret")
    assert machine.wait_for(r"^fact: command-line = (.*)$")[1] == text


@pytest.mark.parametrize("firmware, text, reason", [
    ("bios", "plain qwertz\n", "/loader/keymaps/de:1: plain needs 48 characters in UTF-8"),
    ("uefi", bytes(range(256)), "/loader/keymaps/de is no text: its byte 0 is 00h"),
    ("bios", None, "neither /loader/keymaps/de nor /boot/loader/keymaps/de is there"),
], ids=["short", "garbage", "missing"])
def test_keymap_that_is_none(editor, firmware, text, reason):
    machine, screen = editor(firmware, {"/loader/keymaps/de": text},
                             "No keymap (i tells why)")
    assert reason in machine.words
    machine.monitor.press("z", "minus")
    typed(screen, OPTIONS + "z-")
    machine.monitor.press("ret")
    machine.wait_for("^fact: command-line = testz-$")
