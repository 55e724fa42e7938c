"""BIOSes that are wrong about the size of the disk, whose boot volume begins at sector 2,048: what they
say is a hint, and only a read tells."""
from bios_floppy import Lie
from row import BOOTS
from rows_bios import bios_row

FIRST = 2048
COUNTS = (0, 1, FIRST, FIRST + 1, 1 << 28, (1 << 32) - 1, 1 << 63, (1 << 64) - 2, (1 << 64) - 1)

ROWS = [*(bios_row(f"disk-of-{count:x}-sectors", BOOTS, Lie("sector count", count),
                   sliced=count == FIRST + 1) for count in COUNTS),
        bios_row("disk-without-parameters", BOOTS, Lie("no parameters", 1)),
        bios_row("disk-without-geometry", BOOTS, Lie("no geometry", 1))]
