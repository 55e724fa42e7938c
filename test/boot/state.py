"""What a BIOS's disk keeps (common/storage/state.h), from outside."""
import struct
import zlib

SECTOR = 512
AREA_AT = 0x38  # in the second stage's header
IDS = {"LoaderEntryDefault": 1, "LoaderEntryOneShot": 2, "LoaderEntryLastBooted": 3,
       "LoaderConfigTimeout": 4, "LoaderConfigTimeoutOneShot": 5, "LoaderEntrySelected": 6,
       "LoaderTimeInitUSec": 7, "LoaderTimeMenuUSec": 8, "LoaderTimeExecUSec": 9, "LintelTries": 10,
       "LintelTrial": 11, "LintelRunning": 12}
KEPT = [name for name, number in IDS.items() if number <= 5]


def area_of(path):
    """Bytes from the disk's start: as the second stage knows it that the first sector starts."""
    with open(path, "rb") as disk:
        lba, paragraphs = struct.unpack_from("<Q6xH", disk.read(SECTOR), 0x1A8)
        disk.seek(lba * paragraphs * 16)
        return struct.unpack_from("<Q", disk.read(SECTOR), AREA_AT)[0]


class Pair:
    """Two sectors with a state (common/storage/state.h tells the layout)."""

    def __init__(self, sectors, offset):
        self.sectors, self.offset = sectors, offset

    @classmethod
    def read(cls, path, offset):
        with open(path, "rb") as disk:
            disk.seek(offset)
            return cls([disk.read(SECTOR), disk.read(SECTOR)], offset)

    @property
    def newest(self):
        return max((0, 1), key=lambda i: struct.unpack_from("<I", self.sectors[i], 12)[0])

    def put(self, index, sector):
        self.sectors[index] = sector

    def tear(self, index):
        self.sectors[index] = self.sectors[index][:100] + b"?" * (SECTOR - 100)

    @staticmethod
    def sector(sequence, records):
        body = struct.pack("<I", sequence) + records.ljust(SECTOR - 16, b"\0")[:SECTOR - 16]
        return b"LNTSTATE" + struct.pack("<I", zlib.crc32(b"LNTSTATE" + bytes(4) + body)) + body

    def write(self, path):
        with open(path, "r+b") as disk:
            disk.seek(self.offset)
            disk.write(b"".join(self.sectors))

    def values(self):
        """Name -> bytes, of the newest."""
        data, values = self.sectors[self.newest][16:], {}
        while data and data[0]:
            values[data[0]], data = data[2:2 + data[1]], data[2 + data[1]:]
        return {name: values[number] for name, number in IDS.items() if number in values}


def records(values):
    return b"".join(bytes([IDS[name], len(text)]) + text.encode() for name, text in values.items())


def begin_state(path, values=()):
    """As if these had been kept there before. Returns what was written."""
    pair = Pair.read(path, area_of(path))
    pair.put(1, pair.sector(7, records(dict(values))))
    pair.write(path)
    return pair
