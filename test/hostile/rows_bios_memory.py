"""BIOSes that lie about memory, the screen, the time and keys: bios.asm tells the lies."""
from bios_floppy import Lie
from machine import Hardware
from row import BOOTS, Row, Setup
from rows_bios import STATUS, bios_row

GIB = 1 << 30


def clock_row(name, *options, **others):
    def prepare(images, _folder):
        return Setup((images.standard("test"),), Hardware(options=options, **others))
    return Row(name, "bios", prepare, BOOTS)


ROWS = [
    *(bios_row(f"e820-all-of-{gib}-gib", BOOTS, Lie("E820 one range", gib * GIB), memory=memory,
               sliced=gib == 4)
      for gib, memory in ((4, "256M"), (6, "1G"), (64, "3G"), (1 << 33, "256M"))),
    bios_row("e820-one-mib-behind-the-memory", BOOTS, Lie("E820 one range", 257 << 20),
             memory="256M"),
    bios_row("e820-without-end", BOOTS, Lie("E820 no end"), memory="256M"),
    bios_row("e820-ends-by-carry", BOOTS, Lie("E820 ends by CF")),
    bios_row("e820-wraps", BOOTS, Lie("E820 one more", 2**64 - 4096)),
    bios_row("e820-wraps-from-3-gib", BOOTS, Lie("E820 one more", 3 * GIB)),
    bios_row("e820-of-no-bytes", BOOTS, Lie("E820 no length")),
    bios_row("no-e820", BOOTS, Lie("no E820", STATUS), memory="64M"),
    bios_row("no-memory-map", "does not say what memory there is", Lie("no E820", STATUS),
             Lie("no 88h", STATUS)),
    *(bios_row(f"vbe-list-at-{at:08x}", BOOTS, Lie("VBE mode list", at), sliced=not at)
      for at in (0, 0x00000FFE, 0xC0000000, 0xF000FFFE, 0xFFFFFFFF)),
    *(bios_row(f"vbe-base-{base:08x}", BOOTS, Lie("VBE base", base), sliced=base == 0x8000)
      for base in (0, 0x8000, 0xA0000, 0x100000, 0x1000000, 0xA0000000, 0xFED00000, 0xFFFFF000)),
    *(bios_row(f"vbe-pitch-{pitch}", BOOTS, Lie("VBE pitch", pitch)) for pitch in (0, 1, 65535)),
    *(bios_row(f"vbe-height-{lines}", BOOTS, Lie("VBE height", lines)) for lines in (0, 1, 65535)),
    bios_row("vbe-refuses-its-modes", BOOTS, Lie("VBE refuses")),
    *(bios_row(f"keyboard-sends-{key:04x}", BOOTS, Lie("16h key", key))
      for key in (0x0000, 0x00E0, 0xFF00)),
    *(clock_row(f"clock-says-{year}", "-rtc", f"base={year}-02-28T23:59:59")
      for year in (2000, 2015, 2099)),
]
