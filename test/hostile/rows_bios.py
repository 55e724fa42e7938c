"""BIOSes that lie about disks, calls and memory: bios.asm tells the lies."""
from bios_floppy import Lie, floppy_arguments, make_floppy
from machine import Hardware
from row import BOOTS, Row, Setup

CHANGES_ALL = 0x3F  # registers and flags that a call may leave as it likes: bios.asm


def lying(*lies, **hardware):
    def prepare(images, folder):
        floppy = make_floppy(folder / "lies.img", lies)
        return Setup((images.standard("test"),),
                     Hardware(options=tuple(floppy_arguments(floppy)), **hardware))
    return prepare


def bios_row(name, expected, *lies, sliced=False, **hardware):
    return Row(name, "bios", lying(*lies, **hardware), expected, sliced)


STATUS = 0x20  # controller failed

ROWS = [
    bios_row("honest", BOOTS, sliced=True),
    *(bios_row(f"read-{nth}-fails", BOOTS, Lie("read fails", STATUS, skip=nth, times=1))
      for nth in (0, 2, 5, 12, 20)),
    # From about the 14th call on the second stage reads, before it the first sector.
    *(bios_row(f"read-{nth}-brings-nothing", BOOTS, Lie("read nothing", skip=nth, times=1),
               sliced=nth == 20) for nth in (0, 16, 18, 20, 22, 24)),
    *(bios_row(f"read-{nth}-brings-half", BOOTS, Lie("read half", skip=nth, times=1))
      for nth in (16, 18, 20, 22, 24)),
    bios_row("reads-bring-nothing-from-20-on",
             r"sector \d+ cannot be read: the BIOS says success, and nothing came after 10 tries",
             Lie("read nothing", skip=20)),
    bios_row("reads-fail-from-20-on",
             r"sector \d+ cannot be read: the BIOS says status 20h after 10 tries",
             Lie("read fails", STATUS, skip=20)),
    *(bios_row(f"{vector}-changes-registers", BOOTS, Lie(f"{vector} changes", CHANGES_ALL))
      for vector in ("10h", "15h", "16h")),
    *(bios_row(f"{vector}-closes-a20", BOOTS, Lie(f"{vector} closes A20"), sliced=vector == "13h")
      for vector in ("13h", "10h", "15h", "16h")),
    bios_row("a20-closed", BOOTS, Lie("A20 closed")),
    bios_row("a20-closed-and-15h-refuses", BOOTS, Lie("A20 closed"), Lie("A20 stays closed", 0x86)),
    *(bios_row(f"drive-{drive:02x}", BOOTS, Lie("other drive", drive)) for drive in (0, 0x81, 0xFF)),
]
