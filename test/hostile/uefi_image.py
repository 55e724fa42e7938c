"""Images whose loader is uefi.c, which tells lies and starts Lintel behind it."""
import re
import shutil
import struct
from pathlib import Path

from bios_floppy import Lie
from builder import BUILD, VOLUME, mtools, put_file

LIAR = BUILD / "hostile/uefi.efi"
# As uefi.c has them.
HERE = b"LINTEL-LIES-HERE"
LIE, LIES = struct.Struct("<32s3Q"), 8
KNOWN = set(re.findall(r'"([^"]+)"', Path(__file__).with_name("uefi.c").read_text()))

__all__ = ["Lie", "error", "make_lying"]


def error(number):
    """Of the EFI status codes."""
    return 1 << 63 | number


def patch(program, lies):
    at = program.index(HERE) + len(HERE)
    assert len(lies) <= LIES
    for index, lie in enumerate(lies):
        assert lie.name in KNOWN and len(lie.name) < 32, lie.name
        LIE.pack_into(program, at + index * LIE.size, lie.name.encode(), lie.value, lie.skip,
                      lie.times)
    return bytes(program)


def make_lying(path, image, lies):
    """A copy of an image of Lintel's that boots as on a firmware which tells these lies."""
    shutil.copyfile(image, path)
    mtools("mmd", path, VOLUME, "::/EFI/HONEST")
    mtools("mmove", path, VOLUME, "::/EFI/BOOT/BOOTX64.EFI", "::/EFI/HONEST/LINTELX64.EFI")
    put_file(path, VOLUME, "/EFI/BOOT/BOOTX64.EFI", patch(bytearray(LIAR.read_bytes()), lies))
    return path
