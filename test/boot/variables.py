"""OVMF's variables from outside: those in its flash file, and those that only live in memory. Both
are lists of the same records (EDK II, MdeModulePkg/Include/Guid/VariableFormat.h)."""
import struct
import tempfile
import uuid
from pathlib import Path

LOADER = uuid.UUID("4a67b082-0a4c-41cf-b6c7-440b29bb8c4f")
GLOBAL = uuid.UUID("8be4df61-93ca-11d2-aa0d-00e098032b8c")

RECORD = struct.Struct("<HBxI8x16x4xII16s")  # magic, state, attributes, bytes of name and data, vendor
MAGIC = 0x55AA
VALID = (0x3F, 0x3E)  # added; added and about to be replaced
KEPT = 7              # attributes: non-volatile, for boot services and at run time
STORE = 0x48          # in the flash file, behind the header of the firmware volume
STORE_HEADER = 28


def records(content, vendor):
    """(name, data, attributes) of all valid variables of a vendor, wherever they lie."""
    at = content.find(vendor.bytes_le)
    while at >= 0:
        begin = at - (RECORD.size - 16)
        at = content.find(vendor.bytes_le, at + 1)
        if begin < 0:
            continue
        magic, state, attributes, name_bytes, data_bytes, _ = RECORD.unpack_from(content, begin)
        if magic == MAGIC and state in VALID and 2 < name_bytes < 256 and data_bytes < 1 << 16:
            name = begin + RECORD.size
            data = name + name_bytes
            yield (content[name:data].decode("utf-16-le").rstrip("\0"),
                   content[data:data + data_bytes], attributes)


def variables(content, vendor=LOADER):
    """name -> data; in a list that was changed the last record is the newest."""
    return {name: data for name, data, _ in records(content, vendor)}


def in_memory(machine, memory_bytes, vendor=LOADER):
    """name -> data, of variables that a restart would forget too."""
    with tempfile.NamedTemporaryFile() as dump:
        machine.monitor.execute("pmemsave", val=0, size=memory_bytes, filename=dump.name)
        return variables(Path(dump.name).read_bytes(), vendor)


def encode(text):
    return (text + "\0").encode("utf-16-le")


def decode(data):
    """The texts in a value, each of which must end in a 0."""
    text = data.decode("utf-16-le")
    assert text.endswith("\0"), f"{data} has no 0 at its end"
    return text[:-1].split("\0")


def add_variables(path, values, vendor=LOADER):
    """Appends kept variables to the flash file, as the firmware itself would."""
    flash = bytearray(Path(path).read_bytes())
    at = STORE + STORE_HEADER
    while struct.unpack_from("<H", flash, at) == (MAGIC,):
        *_, name_bytes, data_bytes, _ = RECORD.unpack_from(flash, at)
        at = (at + RECORD.size + name_bytes + data_bytes + 3) & ~3
    for name, data in values.items():
        record = RECORD.pack(MAGIC, 0x3F, KEPT, len(encode(name)), len(data), vendor.bytes_le)
        record += encode(name) + data
        flash[at:at + len(record)] = record
        at = (at + len(record) + 3) & ~3
    Path(path).write_bytes(flash)
