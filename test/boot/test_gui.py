"""The kernel's windows, by QEMU's mouse and keys, looked at from outside; both firmwares, small screens and
large ones. Screenshots stay in build/screenshots."""
import random
import re

import pytest
from builder import BUILD, make_image
from cells import Font
from desktop import Desktop, Picture, wishing_for
from machine import ROOT, Hardware

SOURCES = ROOT / "kernel/gui"
SIZES = [(800, 600), (1024, 768), (1920, 1080)]
TITLE, BAR, GAP, BUTTON_MOST = 22, 28, 4, 136
COLOURS = {name: int(value, 16) for name, value in re.findall(
    r"#define RGB_(\w+) +0x(\w+)", (SOURCES / "palette.h").read_text())}
# In the order of the bar; the console's is counted in characters.
NAMES = ("console", "memory", "tables", "timeline", "threads", "pad", "fault")


def canvas_bytes(name):
    if name == "console":
        return 640, 400
    source = (SOURCES / f"{name}_window.c").read_text()
    return tuple(int(re.search(rf"#define {side} +(\d+)", source)[1]) for side in ("WIDTH", "HEIGHT"))


class Windows(Desktop):
    """Where the windows are, before they are moved."""

    def place(self, name):
        index, (width, height) = NAMES.index(name), canvas_bytes(name)
        left = (self.width - width) * (1 + index % 3 * 3) // 8
        room = self.height - BAR - TITLE - height
        return left, TITLE + room * (1 + index // 3 * 3) // 8, width, height

    def button_at(self, name):
        width = min((self.width - GAP) // len(NAMES), BUTTON_MOST)
        return GAP + NAMES.index(name) * width + width // 2, self.height - BAR // 2

    def show(self, name):
        """By its button in the bar; waits until its title bar is the front one's."""
        self.click(*self.button_at(name))
        left, top, width, _ = self.place(name)
        self.see(name, COLOURS["RAISED"], left + width // 2, top - TITLE // 2)

    def inside(self, name, x, y):
        left, top, _, _ = self.place(name)
        return left + x, top + y

    def text(self, name, x, y, columns=60):
        """A line of text in a window's canvas, from a pixel on."""
        return read_line(self.picture(), *self.inside(name, x, y), columns)


GLYPHS = {glyph: chr(code) for code, glyph in enumerate(Font().glyphs[:127]) if code >= 32}


def read_line(picture, left, top, columns):
    """Text that stands on the paper's colour, by the font."""
    paper = [COLOURS[name].to_bytes(3, "big") for name in ("PAPER", "PANEL", "RAISED")]
    line = ""
    for column in range(columns):
        rows = bytes(sum((picture.at(left + column * 8 + x, top + y) not in paper) << (7 - x)
                         for x in range(8)) for y in range(16))
        line += GLYPHS.get(rows, "?")
    return line.rstrip("? ")


@pytest.fixture
def desktop(start, tmp_path, request):
    firmware, (width, height) = request.param
    image = tmp_path / "gui.img"
    kernel = wishing_for(tmp_path / "kernel.elf", width, height)
    make_image(image, "", kernel=kernel, modules=(BUILD / "programs/faulty.elf",))
    windows = Windows(start(firmware, [image], Hardware(cpus=2)))
    windows.before = text_screen(windows)
    return windows.open()


def text_screen(windows):
    """The shell's screen, when two more rows would not make it scroll."""
    while True:
        windows.run("")
        picture = windows.picture()
        if not any(picture.at(x, y) != picture.at(0, picture.height - 1)
                   for y in range(picture.height - 64, picture.height) for x in range(0, 64, 2)):
            return picture


ALL = [(firmware, size) for firmware in ("bios", "uefi") for size in SIZES]
SMALL = [(firmware, SIZES[0]) for firmware in ("bios", "uefi")]


def named(value):
    return f"{value[0]}-{value[1][0]}"


@pytest.mark.parametrize("desktop", ALL, ids=named, indirect=True)
def test_windows(desktop, request):
    """Opened, dragged, closed; the pointer leaves nothing; Esc brings the old screen back."""
    assert (desktop.width, desktop.height) in SIZES
    x, y, width, height = desktop.place("console")
    desktop.see("the console", COLOURS["RAISED"], x + width // 2, y - 11)
    desktop.move(5, 5)
    still = desktop.picture()
    for place in ((x + 40, y + 60), (desktop.width - 1, desktop.height - 1), (5, 5)):
        desktop.move(*place)
    assert desktop.picture() == still
    check_drag(desktop)
    desktop.move(5, 5)
    assert desktop.picture() == still
    check_front(desktop)
    desktop.keep(f"gui-{request.node.callspec.id}")
    desktop.machine.monitor.press("esc")
    half = desktop.height // 2
    desktop.machine.wait(lambda: Picture(desktop.machine.monitor).rows(0, half) ==
                         desktop.before.rows(0, half), "the shell's screen, as it was")


def check_drag(desktop):
    desktop.show("pad")
    x, y, width, _ = desktop.place("pad")
    desktop.drag((x + 60, y - 11), (x + 20, y - 51))
    desktop.see("a moved window", COLOURS["RAISED"], x - 40 + width // 2, y - 40 - 11)
    desktop.click(x - 40 + width - 10, y - 40 - 11)  # its cross


def check_front(desktop):
    """The one in front covers the others; a click, or Tab, raises one that is seen."""
    for name in ("memory", "tables"):
        desktop.show(name)
    x, y, width, _ = desktop.place("memory")
    desktop.click(x + 20, y - 11)
    desktop.see("a raised window", COLOURS["RAISED"], x + 200, y - 11)
    desktop.machine.monitor.press("tab")  # the console, which is the last
    x, y, width, _ = desktop.place("console")
    desktop.see("a raised window", COLOURS["RAISED"], x + width // 2, y - 11)


@pytest.mark.parametrize("desktop", SMALL, ids=named, indirect=True)
def test_keys(desktop):
    """The console window obeys; Ctrl with digits, arrows and W are the desktop's."""
    desktop.press("a", "2", "0", "ret")
    desktop.read("a20\n")
    desktop.read()
    assert desktop.text("console", 0, 0) == "lintel> a20" and "20" in desktop.text("console", 0, 16)
    desktop.press("ctrl+6")
    x, y, width, _ = desktop.place("pad")
    desktop.see("the pad", COLOURS["RAISED"], x + width // 2, y - 11)
    desktop.press("ctrl+left", "ctrl+left")
    desktop.see("a moved window", COLOURS["RAISED"], x - 32 + 90, y - 11)
    desktop.press("b")  # not the console's
    desktop.press("ctrl+w")
    desktop.machine.wait(lambda: not Picture(desktop.machine.monitor).shows(
        COLOURS["RAISED"], x - 32 + 90, y - 11), "a closed window")
    desktop.find("a20", "A20|address line 20")  # over the serial line, as before
    desktop.find("gui", "shown already")
    desktop.find("gui time", r"all drawn anew: \d+ microseconds", r"moved by 32 steps: \d+")


@pytest.mark.parametrize("desktop", SMALL, ids=named, indirect=True)
def test_windows_show_this_machine(desktop):
    ranges = re.findall(r"^memory: (\w+) - (\w+) (.*)$", desktop.boot, re.MULTILINE)
    desktop.show("memory")
    desktop.click(*desktop.inside("memory", 200, 80))
    first, last, kind = (desktop.text("memory", *place, 16)
                         for place in ((96, 166), (96, 186), (36, 142)))
    assert (first, f"{int(last, 16) + 1:016x}", kind) in ranges
    desktop.show("tables")
    registers = desktop.machine.monitor.registers()
    assert desktop.text("tables", 8, 8).startswith(f"CR3 {registers['CR3']:x}.")
    check_tables(desktop)
    desktop.show("timeline")
    stages = re.findall(r"^stage: (\w+) \d+$", desktop.boot, re.MULTILINE)
    shown = [desktop.text("timeline", 16, 16 + 20 * i, 10) for i in range(len(stages) - 1)]
    assert shown == stages[:-1]
    desktop.show("threads")
    assert desktop.text("threads", 16, 34).startswith("shell")
    assert desktop.text("threads", 16, 52).startswith("gui")
    check_pad(desktop)
    check_fault(desktop)


def check_tables(desktop):
    """The tree opens down to the page of an address; its entry is the one that `pt` tells."""
    told = re.findall(r"^  (\w+) +index +(\d+), at physical \w+: (\w{16})$",
                      desktop.run("pt kernel_main"), re.MULTILINE)
    row = 0
    assert len(told) == 5
    for level, index, entry in told:
        while f"{level} {index} " not in desktop.text("tables", 12, 33 + 18 * row, 30):
            row += 1
            assert row < 19
        desktop.click(*desktop.inside("tables", 270, 40 + 18 * row))
        desktop.move(5, 5)  # the pointer covers text
        assert desktop.text("tables", 292, 32).startswith(f"{level}, entry {index}: {entry[:12]}")


def check_pad(desktop):
    desktop.show("pad")
    desktop.drag(desktop.inside("pad", 50, 100), desktop.inside("pad", 150, 200))
    desktop.see("a line", COLOURS["TITLE"], *desktop.inside("pad", 100, 150))
    desktop.wheel(False)
    assert re.match(r"x  150  y  200  pen  4  up", desktop.text("pad", 88, 10, 40))
    desktop.click(*desktop.inside("pad", 40, 18))
    desktop.see("a clean pad", COLOURS["PAPER"], *desktop.inside("pad", 100, 150))


def check_fault(desktop):
    """Its program reads a null pointer: that window goes, all else stays."""
    desktop.show("fault")
    desktop.click(*desktop.inside("fault", 100, 96))
    said = desktop.read('The window "Fault" is closed: its program has faulted.\n')
    assert "null pointer" in said and "on_event" in said and "fault_window.c" in said
    desktop.show("threads")
    desktop.find("a20", "A20|address line 20")
    desktop.machine.type("run faulty.elf\n")
    desktop.read("for ever)? ")
    desktop.machine.type("n")
    desktop.read("killed by its fault")
    desktop.read()
    desktop.show("memory")


@pytest.mark.parametrize("desktop", SMALL[:1], ids=named, indirect=True)
def test_esc_while_a_command_runs(desktop):
    """The windows end; the command goes on, and hears the keyboard: echo until Ctrl-D."""
    desktop.press(*"echo", "ret")
    desktop.read("scan code 9c")
    desktop.press("esc")
    desktop.machine.wait(lambda: not Picture(desktop.machine.monitor).shows(
        COLOURS["RAISED"], *desktop.button_at("console")), "the shell's screen")
    desktop.press("b", "ctrl+d")
    desktop.read("'b'")
    desktop.read()
    desktop.find("gui time", "no windows")


KEYS = ("tab", "a", "ret", "up", "down", "left", "right", "pgdn", "ctrl+1", "ctrl+2", "ctrl+3",
        "ctrl+4", "ctrl+5", "ctrl+6", "ctrl+w", "ctrl+left", "ctrl+down", "ctrl+up", "backspace")


def leave(desktop):
    """Behind Esc, until the windows' thread has given all back."""
    while "no windows" not in desktop.run("gui time"):
        pass
    desktop.run("")


def random_event(desktop, dice):
    kind = dice.randrange(10)
    if kind < 5:
        desktop.event(*({"type": "rel", "data": {"axis": axis, "value": dice.randint(-200, 200)}}
                        for axis in "xy"))
    elif kind < 8:
        desktop.button(dice.random() < 0.5)
    elif kind == 8:
        desktop.wheel(dice.random() < 0.5)
    else:
        desktop.press(dice.choice(KEYS))


@pytest.mark.slow
@pytest.mark.parametrize("desktop, events", [(("bios", SIZES[1]), 10000), (("uefi", SIZES[0]), 1000)],
                         ids=["bios", "uefi"], indirect=["desktop"])
def test_random_input_loses_nothing(desktop, events):
    dice = random.Random(1)
    desktop.press("esc")
    leave(desktop)
    free = desktop.run("mem")
    desktop.run("gui")
    for _ in range(events):
        random_event(desktop, dice)
    desktop.button(False)
    desktop.press("esc")
    said = desktop.machine.output
    assert "exception" not in said[said.index("claims: "):].replace("its program has faulted", "")
    desktop.machine.type("\nsettled\n")  # behind whatever was half typed
    desktop.read("\nsettled: no such command; `help` lists them\n")
    desktop.read()
    leave(desktop)
    assert desktop.run("mem") == free
    desktop.find("claims", r"^claims: (\d+) of \1 passed")


def test_formats_of_pixels(start, tmp_path):
    """On the smallest screen, in 32 and in 24 bits: the same picture."""
    image, pictures = tmp_path / "gui.img", {}
    make_image(image, "", kernel=wishing_for(tmp_path / "kernel.elf", 640, 480))
    for display, bits in ("std", 32), ("cirrus", 24):
        desktop = Windows(start("bios", [image], Hardware(options=("-vga", display)))).open()
        assert f"fact: framebuffer = 640x480x{bits}\n" in desktop.boot
        desktop.show("pad")
        desktop.drag(desktop.inside("pad", 50, 100), desktop.inside("pad", 150, 200))
        desktop.see("a line", COLOURS["TITLE"], *desktop.inside("pad", 100, 150))
        pictures[bits] = desktop.picture()
        desktop.keep(f"gui-{bits}-bits")
    assert pictures[32] == pictures[24]


def test_needs_a_framebuffer(start, images):
    shell = Desktop(start("bios", [images.standard("")], Hardware(options=("-vga", "none"))))
    shell.find("gui", "Windows need a framebuffer of 640 x 480 pixels; there is none")


def test_no_mouse(start, images):
    """A machine without the 8042: the keys of a USB keyboard do not come either, the serial line does."""
    hardware = Hardware(board="pc,i8042=off")
    desktop = Desktop(start("bios", [images.standard("")], hardware)).open()
    assert "No PS/2 mouse answers" in desktop.machine.output
    desktop.find("a20", "A20|address line 20")
