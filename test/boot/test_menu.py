"""The menu, driven by a serial terminal and by a keyboard, and looked at on every kind of screen."""
import contextlib
import threading
import time

import pytest
from cells import Screen, shown_share
from machine import GATHER, ROOT, Hardware

FIRMWARES = ("bios", "uefi")
FOLDER = ROOT / "build/screenshots"
ENTRY = "title {title}\nkernel {kernel}\noptions test chosen\nsort-key {key}\n"
CHANGES = {
    "/loader/loader.conf": "timeout menu-force\ndefault lintel\n",
    "/loader/entries/second.conf": ENTRY.format(title="The second one: Zürich, 10 €",
                                                kernel="/boot/kernel.elf", key="zz")}
BROKEN = CHANGES | {
    "/loader/entries/broken.conf": ENTRY.format(title="No kernel", kernel="/boot/gone.elf",
                                                key="a")}


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
    assert "Boots in 1 second." in machine.output
    assert "fact: entry = lintel" in machine.output


def echo(machine, delay=0.0, change=bytes):
    """The serial line's other end sends back what it gets from power on, as a modem or a shell there
    does."""
    def send_back():
        at = 0
        with contextlib.suppress(OSError, ValueError):  # the machine has ended
            while not machine.closed:
                received = machine.received[at:]
                time.sleep(delay if received else GATHER)
                machine.process.stdin.write(change(received))
                machine.process.stdin.flush()
                at += len(received)
    threading.Thread(target=send_back, daemon=True).start()


def assert_waits(machine):
    """For longer than a countdown, or what comes back."""
    machine.wait_for("show the same menu")
    time.sleep(5)
    assert not machine.closed and "fact:" not in machine.output, machine.error("nobody chose")


DELAYS = pytest.mark.parametrize("delay", [0.0, 1.0])
BY_ITSELF = {"question": b"timeout 3\ndefault nothing\n", "damaged": bytes(512),
             "menu-force": b"timeout menu-force\ndefault lintel\n"}


@pytest.mark.parametrize("firmware", FIRMWARES)
@pytest.mark.parametrize("console", ["auto", "text"])
def test_line_that_echoes(start, special_image, firmware, console):
    """Neither a key of the menu comes back, nor anything that stops the countdown."""
    image = special_image({
        "/loader/loader.conf": f"timeout 3\ndefault lintel\nconsole {console}\n"})
    machine = start(firmware, [image])
    echo(machine)
    machine.wait_passed()
    assert "fact: entry = lintel\n" in machine.output


@pytest.mark.parametrize("firmware", FIRMWARES)
@DELAYS
@pytest.mark.parametrize("conf", BY_ITSELF)
def test_echo_chooses_nothing(start, special_image, firmware, delay, conf):
    machine = start(firmware, [special_image(CHANGES | {"/loader/loader.conf": BY_ITSELF[conf]})])
    echo(machine, delay)
    assert_waits(machine)


@pytest.mark.parametrize("change", [
    lambda sent: sent.replace(b"\n", b"\r"), lambda sent: sent.replace(b"\x1b", b"^["),
    lambda sent: sent.replace(b"\r", b"").replace(b"\n", b"")], ids=["cr", "caret", "no-cr"])
def test_echo_that_changes_what_it_sends(start, special_image, change):
    machine = start("bios", [special_image(CHANGES)])
    echo(machine, change=change)
    assert_waits(machine)


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_modem_chooses_nothing(start, special_image, firmware):
    machine = start(firmware, [special_image(CHANGES)])
    machine.wait_for("show the same menu")
    for text in 3 * ["\r\nRING\r\n", "host login: e", "\r\n", "1 2\r"]:
        machine.type(text)
        time.sleep(0.4)
    assert_waits(machine)
    machine.type("1\r")
    machine.wait_passed()
    assert "fact: entry = second" in machine.output


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_pasted_options_boot_as_they_are(start, special_image, firmware):
    """Though they stand on the screen."""
    machine = start(firmware, [special_image(CHANGES)])
    screen = Screen(machine)
    screen.wait_for_text("show the same menu")
    screen.press("\x1b[H", "options test chosen")
    screen.press("e", "Options for one boot:")
    screen.press(" options test chosen: e", "test chosen options test chosen: e")
    machine.type("\r")
    machine.wait_for("^fact: command-line = test chosen options test chosen: e$")


def test_no_editor_on_a_line_that_echoes(start, special_image):
    machine = start("bios", [special_image(CHANGES)])
    screen = Screen(machine)
    echo(machine)
    screen.wait_for_text("show the same menu")

    def is_refused(rows):
        time.sleep(1)  # keys are none before the line is silent
        machine.monitor.press("e")
        return any("The serial line echoes or babbles." in row for row in rows)
    screen.wait_for(is_refused, "a refusal")


def hold_key(machine):
    """From power on, on a serial terminal: the line always has another one."""
    def repeat():
        with contextlib.suppress(OSError, ValueError):  # the machine has ended
            while True:
                machine.type(16 * " ")
    threading.Thread(target=repeat, daemon=True).start()


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_hidden_menu_appears_for_a_key(start, special_image, firmware):
    image = special_image({"/loader/loader.conf": "timeout menu-hidden\ndefault lintel\n"})
    machine = start(firmware, [image])
    hold_key(machine)
    rows = Screen(machine).wait_for_text("show the same menu")
    found = {"bios": 2, "uefi": 3}[firmware]  # restart, power off; on UEFI the setup, too
    assert any(f"1-{2 + found}: boot by number" in row for row in rows)


def test_hidden_menu_stays_hidden(start, special_image):
    machine = start("bios", [special_image({"/loader/loader.conf": "timeout menu-hidden\ndefault lintel\n"})])
    machine.wait_passed()
    assert "Enter: boot" not in machine.output


# ---- what a person sees ---------------------------------------------------------------------------

def assert_looks_right(machine, name):
    """What the screen shows is what the serial line was told, drawn with the font. The cursor of a
    text screen blinks, so a few cells may differ."""
    screen = Screen(machine)
    rows = screen.wait_for_text("show the same menu")
    assert "Zürich, 10 €" in "".join(rows)
    machine.wait(lambda: shown_share(screen.cells, machine.monitor.pixels()) >= 0.998,
                       "998 of 1000 cells as they should be")
    FOLDER.mkdir(parents=True, exist_ok=True)
    machine.monitor.screenshot(FOLDER / f"menu-{name}.png")


@pytest.mark.parametrize("console", ["text", "framebuffer", "auto"])
def test_looks_on_bios(start, special_image, console):
    image = special_image(CHANGES | {
        "/loader/loader.conf": CHANGES["/loader/loader.conf"] + f"console {console}\n"})
    machine = start("bios", [image])
    assert_looks_right(machine, f"bios-{console}")
    machine.type("1")
    machine.wait_passed()


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_without_a_screen(start, special_image, firmware):
    machine = start(firmware, [special_image(CHANGES)], Hardware(options=("-vga", "none")))
    Screen(machine).wait_for_text("3  ")
    machine.type("1")
    machine.wait_passed()


# ---- the options of one boot ----------------------------------------------------------------------

def test_edited_options(start, special_image):
    """With the keys that a serial terminal sends for End, Home, Delete and Backspace."""
    machine = start("bios", [special_image(CHANGES)])
    screen = Screen(machine)
    screen.wait_for_text("Enter: boot")
    screen.press("\x1b[H", "options test chosen")
    screen.press("e", "Options for one boot:")
    for keys, line in (("\x1b[1~\x1b[3~\x1b[3~T", "Tst chosen"),
                       ("\x1b[4~ onceX\x7f", "Tst chosen once")):
        machine.type(keys)
        screen.wait_for(lambda rows: rows[19].split() == line.split(), line)
    machine.type("\r")
    machine.wait_for("^fact: command-line = Tst chosen once$")


# ---- failures --------------------------------------------------------------------------------------

def memory_facts(facts):
    return facts[[fact.startswith("Memory") for fact in facts].index(True):
                 [fact.startswith("Disks") for fact in facts].index(True)]


def fail_once(machine, screen):
    """Boots the broken entry, and waits for the menu that comes after: it clears the screen."""
    menus = machine.received.count(b"\x1b[2J")
    machine.type("\r")
    screen.wait_for(lambda rows: machine.received.count(b"\x1b[2J") >= menus + 2
                    and any("gone.elf: there is no" in row for row in rows)
                    and "show the same menu" in rows[23], "the error again")


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_ten_failures_leak_nothing(start, special_image, firmware):
    """And leave the error above the list, the entry selected, and a machine that boots another."""
    machine = start(firmware, [special_image(BROKEN)])
    screen = Screen(machine)
    screen.wait_for_text("show the same menu")
    before = memory_facts(screen.read_facts())
    screen.press("\x1b[H", "broken: kernel /boot/gone.elf")
    fail_once(machine, screen)
    after_one = memory_facts(screen.read_facts())
    for _ in range(9):
        fail_once(machine, screen)
    after_ten = memory_facts(screen.read_facts())
    assert after_ten == after_one
    assert after_ten[1:] == before[1:]  # the first line counts what the loader keeps for next time
    if firmware == "uefi":
        assert_looks_right(machine, "uefi-error")
    machine.type("2")
    machine.wait_passed()
    assert "fact: entry = second" in machine.output
