"""The floppy of bios.asm with lies chosen: what a BIOS does wrong before and while Lintel boots."""
import struct
from dataclasses import dataclass
from pathlib import Path

FLOPPY = Path(__file__).resolve().parent.parent.parent / "build/hostile/bios.img"
# As bios.asm has them.
SLOTS_AT, SLOT, SLOTS = 0x100, struct.Struct("<4HQ"), 4
DRIVE_AT = SLOTS_AT + SLOT.size * SLOTS
ROWS_AT, ROW_BYTES, NAME_BYTES = 0x200, 32, 24


@dataclass(frozen=True)
class Lie:
    """One row of bios.asm's table, told `times` times (0: for ever) from the call after `skip`."""

    name: str
    value: int = 0
    skip: int = 0
    times: int = 0


def row_number(floppy, name):
    row = struct.pack(f"{NAME_BYTES}s", name.encode())
    at = floppy.index(row, ROWS_AT)
    assert (at - ROWS_AT) % ROW_BYTES == 0
    return (at - ROWS_AT) // ROW_BYTES


def make_floppy(path, lies, drive=0x80):
    """A floppy that starts the BIOS drive as a BIOS would that tells these lies, four at most."""
    floppy = bytearray(FLOPPY.read_bytes())
    assert len(lies) <= SLOTS
    for index, lie in enumerate(lies):
        SLOT.pack_into(floppy, SLOTS_AT + index * SLOT.size, row_number(floppy, lie.name),
                       lie.skip, lie.times, 0, lie.value)
    floppy[DRIVE_AT] = drive
    path.write_bytes(floppy)
    return path


def floppy_arguments(path):
    """QEMU's: the first to boot, on any board."""
    return ["-drive", f"if=floppy,format=raw,snapshot=on,file={path}",
            "-global", "isa-fdc.bootindexA=0"]
