"""BIOSes that lie about disks, calls and memory: bios.asm tells the lies."""
import shutil

from bios_floppy import Lie, floppy_arguments, make_floppy
from machine import Hardware
from row import BOOTS, Row, Setup
from state import begin_state
from ways import WAYS

CHANGES_ALL = 0x3F  # registers and flags that a call may leave as it likes: bios.asm
CHS = Lie("no extensions", 1)  # AH=02h and AH=08h only
SMALL = 0x0F010A3F             # SeaBIOS's heads and sectors, and cylinders that end before the volume

# (offset, bytes) of each field of a BIOS Parameter Block (Microsoft FAT specification, 3.1 to 3.3), of
# all of FAT32's, and of all that a BIOS may write.
PARAMETER_BLOCK = ((3, 8), (11, 2), (13, 1), (14, 2), (16, 1), (17, 2), (19, 2), (21, 1), (22, 2),
                   (24, 2), (26, 2), (28, 4), (32, 4), (36, 4), (40, 2), (42, 2), (44, 4), (48, 2),
                   (50, 2), (52, 12), (64, 3), (67, 4), (71, 11), (82, 8), (3, 87))


def lying(*lies, volume=False, **hardware):
    def prepare(images, folder):
        floppy = make_floppy(folder / "lies.img", lies)
        return Setup((images.standard("test", volume),),
                     Hardware(options=tuple(floppy_arguments(floppy)), **hardware), lies)
    return prepare


def keeping(*lies):
    """The disk has a state, so that each boot writes to it."""
    def prepare(images, folder):
        image, floppy = folder / "kept.img", make_floppy(folder / "lies.img", lies)
        shutil.copyfile(images.standard("test"), image)
        begin_state(image)
        return Setup((image,), Hardware(options=tuple(floppy_arguments(floppy))), lies)
    return prepare


def keeping_row(name, writes, *lies, sliced=False):
    return Row(name, "bios", keeping(*lies), BOOTS, sliced, counts=writes)


def bios_row(name, expected, *lies, sliced=False, **hardware):
    return Row(name, "bios", lying(*lies, **hardware), expected, sliced)


def from_grub(*lies):
    """By GRUB's `multiboot2`."""
    def prepare(images, folder):
        floppy = make_floppy(folder / "lies.img", lies)
        return Setup(tuple(images.disks(WAYS["grub-multiboot2"])),
                     Hardware(options=tuple(floppy_arguments(floppy))), lies)
    return prepare


def at_midnight(images, folder):
    """The BIOS's clock is 0 as long as Lintel loads: a mark made of it is no mark."""
    return Setup((images.standard("test"),), Hardware(
        options=("-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm")))


STATUS = 0x20  # controller failed
NO_LONG_MODE = r"Lintel needs a 64-bit CPU, and this one has no long mode .*Stopped\."

ROWS = [
    bios_row("honest", BOOTS, sliced=True),
    Row("at-midnight", "bios", at_midnight, sliced=True),
    *(bios_row(f"read-{nth}-fails", BOOTS, Lie("read fails", STATUS, skip=nth, times=1))
      for nth in (0, 2, 5, 12, 20)),
    # From about the 10th read on the second stage reads, before it the first sector.
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
    # The first sector, and how it is left alone.
    *(bios_row(f"noise-at-{offset}-of-{size}", BOOTS, Lie("noise", offset | size << 16),
               sliced=size == 87) for offset, size in PARAMETER_BLOCK),
    bios_row("other-segment", BOOTS, Lie("other segment")),
    *(bios_row(f"{kib}-kib", rf"Lintel: INT 12h says {kib:04X}h KiB, 1C0h needed",
               Lie("low memory", kib), sliced=kib == 128) for kib in (0, 64, 100, 128, 200, 447)),
    *(bios_row(f"{kib}-kib", BOOTS, Lie("low memory", kib)) for kib in (448, 500)),
    *(bios_row(f"12h-says-{ax:x}", BOOTS, Lie("12h says", ax)) for ax in (0xFFFF, 640)),
    # What a drive takes, and how large its sectors are.
    *(bios_row(f"{most}-sectors-at-most", BOOTS, Lie("read limit", most), sliced=most == 16)
      for most in (1, 2, 16, 64, 126)),
    *(bios_row(f"{most}-sectors-come", BOOTS, Lie("read short", most)) for most in (1, 5, 100)),
    *(bios_row(f"sectors-of-{size}", BOOTS, Lie("sector bytes", size), sliced=size == 4096)
      for size in (0, 1, 1024, 2048, 4096, 0xFFFF)),
    # How a disk is addressed. What its size is: rows_sizes.py.
    bios_row("no-parameters-and-no-geometry", BOOTS, Lie("no parameters", 1),
             Lie("no geometry", 1)),
    bios_row("no-parameters-and-a-geometry-of-one-sector", BOOTS, Lie("no parameters", 1),
             Lie("geometry", 0x0001)),
    bios_row("chs", BOOTS, CHS, sliced=True),
    bios_row("lba-promised-and-refused", BOOTS, Lie("no read by LBA", 1), sliced=True),
    bios_row("chs-10-cylinders", BOOTS, CHS, Lie("geometry", SMALL)),
    bios_row("chs-no-sectors", r"Lintel: no stage 2 on drive 80h, status 00h", CHS,
             Lie("geometry", 0x0F010A00)),
    *(bios_row(f"chs-{most}-sectors-at-most", BOOTS, CHS, Lie("read limit", most))
      for most in (1, 16)),
    bios_row("chs-5-sectors-come", BOOTS, CHS, Lie("read short", 5)),
    bios_row("chs-13h-changes-registers", BOOTS, CHS, Lie("13h changes", CHANGES_ALL)),
    # Calls that change what they should not, one thing after the other.
    *(bios_row(f"13h-changes-{what:x}", BOOTS, Lie("13h changes", what))
      for what in (1, 2, 4, 8, 0x10, 0x20)),
    bios_row("13h-changes-registers", BOOTS, Lie("13h changes", CHANGES_ALL), sliced=True),
    bios_row("12h-changes-registers", BOOTS, Lie("12h changes", CHANGES_ALL), sliced=True),
    Row("12h-changes-registers-on-the-way-from-grub", "bios",
        from_grub(Lie("12h changes", CHANGES_ALL))),
    bios_row("stop-of-the-second-stage-whole", NO_LONG_MODE, Lie("10h changes", CHANGES_ALL),
             cpu="qemu32", sliced=True),
    bios_row("stop-of-the-first-sector-whole", r"Lintel: no stage 2 on drive 80h, status 00h",
             Lie("10h changes", CHANGES_ALL), Lie("14h changes", CHANGES_ALL), Lie("read zeros")),
    bios_row("no-drive-is-read", r"Lintel: no stage 2 on drive 80h, status 20h",
             Lie("read fails", STATUS)),
    bios_row("no-drive-brings-anything", r"Lintel: no stage 2 on drive 80h, status 00h",
             Lie("read nothing")),
    bios_row("all-is-zeros", r"Lintel: no stage 2 on drive 80h, status 00h", Lie("read zeros")),
    bios_row("second-stage-fails", r"Lintel: drive 80h: sector 00000023h can't be read, status 20h",
             Lie("read fails", STATUS, skip=1)),
    bios_row("second-stage-does-not-come",
             r"Lintel: drive 80h: sector 00000023h can't be read, status 00h",
             Lie("read nothing", skip=1)),
    bios_row("second-stage-is-another", r"Lintel: drive 80h: stage 2 is damaged",
             Lie("read another", 1, skip=1, times=1)),
    bios_row("second-stage-has-zeros", r"Lintel: drive 80h: stage 2 is damaged",
             Lie("read zeros", skip=2, times=1)),
    # Writes: what cannot be kept keeps nothing from booting.
    keeping_row("kept", True),
    keeping_row("kept-by-chs", True, CHS, sliced=True),
    keeping_row("write-fails", False, Lie("write fails", 3)),
    keeping_row("write-fails-twice", True, Lie("write fails", STATUS, times=2)),
    keeping_row("write-brings-nothing", False, Lie("write nothing"), sliced=True),
    keeping_row("write-brings-nothing-by-chs", False, CHS, Lie("write nothing")),
    keeping_row("write-brings-nothing-once", True, Lie("write nothing", times=1)),
    keeping_row("kept-and-13h-changes-registers", True, Lie("13h changes", CHANGES_ALL)),
    *(bios_row(f"drive-{drive:02x}", BOOTS, Lie("other drive", drive)) for drive in (0, 0x81, 0xFF)),
]
