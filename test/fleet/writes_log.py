"""What a machine wrote to a disk, write by write: QEMU's blklogwrites keeps it as Linux's dm-log-writes
does (Linux, drivers/md/dm-log-writes.c has the layout)."""
import json
import struct
from dataclasses import dataclass

SECTOR = 512
ENTRY = struct.Struct("<QQQ")  # sector, sectors, flags
FLUSH, FUA, DISCARD = 1, 2, 4
KEPT = {"no-flush": True}       # the log tells of flushes; this host need not make them


@dataclass(frozen=True)
class Write:
    """`flush`: what came before is on the medium, and with `data` this, too."""

    offset: int
    data: bytes
    flush: bool


def recorded(disk, log):
    """What QEMU opens as a disk so that each write to it goes to the log, too."""
    log.write_bytes(b"")
    files = {name: {"driver": "file", "filename": str(path), "cache": KEPT}
             for name, path in (("file", disk), ("log", log))}
    return "json:" + json.dumps({"file": {"driver": "blklogwrites", **files}}).replace(",", ",,")


def read_log(path):
    """All writes so far: the machine may go on."""
    with open(path, "rb") as log:
        log.seek(SECTOR)
        while any(head := log.read(SECTOR)[:ENTRY.size]):
            sector, sectors, flags = ENTRY.unpack(head)
            data = bytes(sectors * SECTOR) if flags & DISCARD else log.read(sectors * SECTOR)
            yield Write(sector * SECTOR, data, bool(flags & (FLUSH | FUA)))
