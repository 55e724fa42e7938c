"""The kernel's windows, as a person uses them: QEMU's mouse and keys, and what the screen shows."""
import struct

from builder import KERNEL
from machine import ROOT
from shell import Shell

SCREENSHOTS = ROOT / "build/screenshots"
STEP = 100  # pixels: a report of a PS/2 mouse holds 255
TOLERANCE = 12  # of a colour's levels: a mode of 16 bits has 32 of them
NOTE = struct.pack("<3I8sI", 7, 32, 1, b"Lintel", 1)  # up to the ABI's version
REQUEST = len(NOTE) + 4 + 8  # behind flags and stack_bytes


def wishing_for(path, width, height):
    """The kernel, which wishes for another size of the screen: its note's request."""
    kernel = bytearray(KERNEL.read_bytes())
    struct.pack_into("<2I", kernel, kernel.index(NOTE) + REQUEST, width, height)
    path.write_bytes(kernel)
    return path


class Picture:
    """What the screen shows."""

    def __init__(self, monitor):
        self.width, self.height, self.data = monitor.pixels()

    def __eq__(self, other):
        return self.data == other.data

    def at(self, x, y):
        place = 3 * (y * self.width + x)
        return self.data[place:place + 3]

    def rows(self, first, end):
        return self.data[3 * self.width * first:3 * self.width * end]

    def shows(self, colour, x, y):
        wanted = colour.to_bytes(3, "big")
        return all(abs(a - b) <= TOLERANCE for a, b in zip(self.at(x, y), wanted))


class Desktop(Shell):
    """The shell, whose `gui` has been typed: the pointer stands in the middle."""

    def open(self):
        self.run("gui")
        self.width, self.height, _ = self.machine.monitor.pixels()
        self.x, self.y = self.width // 2, self.height // 2
        return self

    def picture(self):
        """Once it does not change any more."""
        seen = []

        def settled():
            seen.append(Picture(self.machine.monitor))
            return len(seen) > 2 and seen[-1] == seen[-2] == seen[-3] and seen[-1]

        return self.machine.wait(settled, "a picture that stays")

    def event(self, *events):
        """Once the controller's buffer is empty again: QEMU's is small."""
        monitor = self.machine.monitor
        monitor.execute("input-send-event", events=list(events))
        self.machine.wait(lambda: not monitor.is_keyboard_full(), "who fetches the mouse's report")

    def move(self, x, y):
        """To a pixel."""
        while (x, y) != (self.x, self.y):
            dx, dy = (max(-STEP, min(STEP, to - at)) for at, to in ((self.x, x), (self.y, y)))
            self.event(*({"type": "rel", "data": {"axis": axis, "value": by}}
                         for axis, by in (("x", dx), ("y", dy)) if by))
            self.x, self.y = self.x + dx, self.y + dy

    def button(self, down):
        self.event({"type": "btn", "data": {"down": down, "button": "left"}})

    def wheel(self, down):
        for pressed in (True, False):
            self.event({"type": "btn", "data": {
                "down": pressed, "button": "wheel-down" if down else "wheel-up"}})

    def click(self, x, y):
        self.move(x, y)
        self.button(True)
        self.button(False)

    def drag(self, start, end):
        self.move(*start)
        self.button(True)
        self.move(*end)
        self.button(False)

    def see(self, name, colour, x, y):
        """Waits until a pixel has a colour."""
        def look():
            picture = Picture(self.machine.monitor)
            return picture.shows(colour, x, y) and picture
        return self.machine.wait(look, f"{name}: {colour:06x} at {x}, {y}")

    def keep(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.machine.monitor.screenshot(SCREENSHOTS / f"{name}.png")
