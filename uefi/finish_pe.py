#!/usr/bin/python3
"""finish_pe.py FILE: makes objcopy's UEFI application fit for firmware that enforces W^X, in place.

objcopy can't set NX_COMPAT. This sets it, clears what would differ from build to build, and refuses
a file that breaks the promise: a page both writable and executable, a section off its page, a
section outside the image, or more bytes than Lintel allows itself.
Fields: Microsoft PE Format, "COFF File Header", "Optional Header", "Section Table".
"""
import struct
import sys
from typing import NamedTuple

PAGE = 4096
FILE_LIMIT = 320 * 1024

MACHINE_X86_64 = 0x8664
MAGIC_PE32_PLUS = 0x20B
SUBSYSTEM_EFI_APPLICATION = 10
DLL_NX_COMPAT = 0x0100
SECTION_EXECUTE = 0x20000000
SECTION_WRITE = 0x80000000


class Section(NamedTuple):
    name: str
    virtual_bytes: int
    address: int
    file_bytes: int
    file_offset: int
    flags: int


class PeFile:
    def __init__(self, content):
        self.content = bytearray(content)
        self.coff = self.get("<I", 0x3C) + 4
        self.optional = self.coff + 20
        if self.content[self.coff - 4 : self.coff] != b"PE\0\0":
            raise ValueError("no PE signature")

    def get(self, form, offset):
        return struct.unpack_from(form, self.content, offset)[0]

    def put(self, form, offset, value):
        struct.pack_into(form, self.content, offset, value)

    def sections(self):
        table = self.optional + self.get("<H", self.coff + 16)
        for i in range(self.get("<H", self.coff + 2)):
            name, *fields, flags = struct.unpack_from("<8sIIII12xI", self.content, table + 40 * i)
            yield Section(name.rstrip(b"\0").decode(), *fields, flags)


def finish(pe):
    pe.put("<I", pe.coff + 4, 0)  # TimeDateStamp
    pe.put("<I", pe.optional + 64, 0)  # CheckSum: UEFI reads none, and it would now be wrong
    characteristics = pe.get("<H", pe.optional + 70)
    pe.put("<H", pe.optional + 70, characteristics | DLL_NX_COMPAT)
    end = max(section.address + section.virtual_bytes for section in pe.sections())
    pe.put("<I", pe.optional + 56, -(-end // PAGE) * PAGE)  # SizeOfImage


def header_faults(pe):
    wanted = [
        ("machine", pe.get("<H", pe.coff), MACHINE_X86_64),
        ("optional header magic", pe.get("<H", pe.optional), MAGIC_PE32_PLUS),
        ("section alignment", pe.get("<I", pe.optional + 32), PAGE),
        ("subsystem", pe.get("<H", pe.optional + 68), SUBSYSTEM_EFI_APPLICATION),
    ]
    for what, value, right in wanted:
        if value != right:
            yield f"{what} is {value:#x}, not {right:#x}"
    if len(pe.content) > FILE_LIMIT:
        yield f"the file has {len(pe.content)} bytes, {FILE_LIMIT} are allowed"


def section_faults(pe):
    end = pe.get("<I", pe.optional + 60)  # SizeOfHeaders
    for section in pe.sections():
        if section.flags & SECTION_WRITE and section.flags & SECTION_EXECUTE:
            yield f"{section.name} is writable and executable"
        if section.address % PAGE:
            yield f"{section.name} begins at {section.address:#x}, inside a page"
        if section.address < end:
            yield f"{section.name} begins at {section.address:#x}, before {end:#x}"
        if section.file_offset + section.file_bytes > len(pe.content):
            yield f"{section.name} leaves the file"
        end = section.address + section.virtual_bytes


def main(path):
    with open(path, "rb") as file:
        pe = PeFile(file.read())
    finish(pe)
    faults = [*header_faults(pe), *section_faults(pe)]
    if faults:
        sys.exit("\n".join(f"{path}: {fault}" for fault in faults))
    with open(path, "wb") as file:
        file.write(pe.content)


if __name__ == "__main__":
    main(*sys.argv[1:])
