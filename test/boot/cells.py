"""The menu as cells: from what a terminal was sent, and drawn with the font as pixels to compare a
screenshot with."""
import re
import struct

from machine import ROOT, MachineError

COLUMNS, ROWS = 80, 25
FONT = ROOT / "build/font.bin"
GLYPH_BYTES, EXTRAS_AT = 16, 0x80

# The colours of cells, by what selects them on a terminal (SGR): ink and paper, as the framebuffer
# and as a VGA shows them.
PIXEL_COLOURS = {"0": ("d8dee9", "101820"), "0;36": ("8593a8", "101820"),
                 "0;1;33": ("e8b45a", "101820"), "0;30;47": ("101820", "b9b2a4"),
                 "0;30;43": ("101820", "e8b45a"), "0;1;37;41": ("ffffff", "a32a22")}
VGA_COLOURS = {"0": ("aaaaaa", "000000"), "0;36": ("00aaaa", "000000"),
               "0;1;33": ("ffff55", "000000"), "0;30;47": ("000000", "aaaaaa"),
               "0;30;43": ("000000", "aa5500"), "0;1;37;41": ("ffffff", "aa0000")}

PAGER_CURSOR = b"\x1b[24;2H"  # where it rests, the last that is sent
PAGE = re.compile(r"lines (\d+) to (\d+) of (\d+)")  # the pager's title
UNFINISHED = re.compile(r"\x1b(\[[0-9;]*)?$")  # a sequence whose end is still on its way
TOKEN = re.compile(r"\x1b\[([0-9;]*)([HJKm])|([^\x1b])", re.DOTALL)


def read_terminal(received):
    """Rows of (character, colours), as a terminal shows what came since it was last cleared."""
    text = received[received.rindex(b"\x1b[2J"):].decode("utf-8", "replace")
    text = UNFINISHED.sub("", text)
    cells = [[(" ", "0")] * COLUMNS for _ in range(ROWS)]
    row = column = 0
    colours = "0"
    for numbers, order, character in TOKEN.findall(text):
        if order == "H":
            row, column = [int(number) - 1 for number in (numbers or "1;1").split(";")]
        elif order == "m":
            colours = numbers
        elif character == "\n":
            row, column = row + 1, 0
        elif character and row < ROWS and column < COLUMNS:
            cells[row][column] = (character, colours)
            column += 1
    return cells


class Font:
    def __init__(self):
        content = FONT.read_bytes()
        extras = struct.unpack_from("<32H", content, 256 * GLYPH_BYTES)
        self.glyphs = [content[i:i + GLYPH_BYTES] for i in range(0, 256 * GLYPH_BYTES, GLYPH_BYTES)]
        self.index = {chr(c): c for c in range(256) if not 0x7F <= c < 0xA0}
        self.index |= {chr(c): EXTRAS_AT + i for i, c in enumerate(extras)}

    def glyph(self, character):
        return self.glyphs[self.index.get(character, ord("?"))]


class Geometry:
    """Where the cells lie in a picture: a text screen with cells of 9 columns, or a framebuffer with
    the largest whole scale, in the middle."""

    def __init__(self, width, height):
        self.is_text = (width, height) == (720, 400)
        self.scale = 1 if self.is_text else min(width // 640, height // 400)
        self.cell_width = (9 if self.is_text else 8) * self.scale
        self.left = 0 if self.is_text else (width - 640 * self.scale) // 2
        self.top = (height - 400 * self.scale) // 2
        self.pitch = 3 * width

    def offset(self, row, column, y, x):
        """Of a pixel in the middle of a glyph's pixel."""
        middle = self.scale // 2
        at_y = self.top + (row * 16 + y) * self.scale + middle
        return at_y * self.pitch + 3 * (self.left + column * self.cell_width + x * self.scale
                                        + middle)


def is_near(a, b):
    """The same colour, but for what a VGA's six bits or a 16-bit pixel lose."""
    return a == b or all(abs(x - y) <= 8 for x, y in zip(a, b))


def shown_share(cells, picture):
    """Which share of the cells, 0 to 1, the picture (width, height, RGB bytes) shows as they are."""
    width, height, data = picture
    geometry, font = Geometry(width, height), Font()
    palette = VGA_COLOURS if geometry.is_text else PIXEL_COLOURS
    palette = {key: [bytes.fromhex(rgb) for rgb in pair] for key, pair in palette.items()}

    def is_shown(row, column):
        character, colours = cells[row][column]
        ink, paper = palette[colours]
        for y, line in enumerate(font.glyph(character)):
            for x in range(8):
                at = geometry.offset(row, column, y, x)
                if not is_near(data[at:at + 3], ink if line & 0x80 >> x else paper):
                    return False
        return True

    shown = sum(is_shown(row, column) for row in range(ROWS) for column in range(COLUMNS))
    return shown / (ROWS * COLUMNS)


class Screen:
    """The menu of a machine, read from its serial line."""

    def __init__(self, machine):
        self.machine = machine

    @property
    def cells(self):
        return read_terminal(self.machine.received)

    @property
    def rows(self):
        return ["".join(character for character, _ in row).rstrip() for row in self.cells]

    def wait_for(self, condition, what):
        """Until condition(rows) holds for what is on the screen; returns the rows."""
        rows = []

        def look():
            nonlocal rows
            rows = self.rows if b"\x1b[2J" in self.machine.received else []
            return condition(rows)

        try:
            self.machine.wait(look, f"{what} on the screen")
        except MachineError as error:
            raise MachineError("\n".join([str(error), "The screen shows:", *rows])) from None
        return rows

    def wait_for_text(self, text):
        return self.wait_for(lambda rows: any(text in row for row in rows), text)

    def press(self, keys, text):
        """Types, and waits for what must then be on the screen."""
        self.machine.type(keys)
        return self.wait_for_text(text)

    def last_line(self, rows):
        """Of the pager's text; 0: there is no pager, or it is not yet drawn to its end."""
        page = PAGE.search(rows[0]) if rows else None
        is_drawn = self.machine.received.endswith(PAGER_CURSOR) and "Esc: back" in rows[23]
        return int(page[2]) if page and is_drawn else 0

    def read_facts(self):
        """All lines behind the key `i`, and back to the menu."""
        lines, last = {}, 0
        self.machine.type("i")
        while True:
            rows = self.wait_for(lambda rows: self.last_line(rows) > last, "more facts")
            first, last, count = map(int, PAGE.search(rows[0]).groups())
            lines |= dict(enumerate(rows[2:2 + last - first + 1], first))
            if last == count:
                break
            self.machine.type(" ")
        self.press("\x1b", "Enter: boot")
        return [lines[number].strip() for number in sorted(lines)]
