"""Files that lie, or ask for more than there is, as the kernel that is asked for."""
import gzip
import shutil
import struct

from builder import BUILD, KERNEL, PIE_KERNEL, VOLUME, change_files
from row import ASKED, BOOTS, Row, Setup

KERNELS = BUILD / "test-kernels"
ENTRY = "/loader/entries/lintel.conf"
PT_DYNAMIC, PT_NOTE, PT_NULL = 2, 4, 0


def booting(make, lines=""):
    """A disk whose default entry has this kernel, and more lines."""
    def prepare(images, folder):
        image = folder / "disk.img"
        shutil.copyfile(images.standard(ASKED), image)
        change_files(image, {"/boot/hostile": make(), "/boot/m": b"module", ENTRY: (
            f"title asked\nkernel /boot/hostile\noptions {ASKED}\n{lines}").encode()}, VOLUME)
        return Setup((image,))
    return prepare


# ---- ELF files ----------------------------------------------------------------------------------

def patched(file, *changes):
    """With `changes`: (offset, format, values...)."""
    content = bytearray(file.read_bytes())
    for offset, layout, *values in changes:
        struct.pack_into(layout, content, offset, *values)
    return bytes(content)


def programs(file, kind):
    """Offsets of an ELF64 file's program headers of a type."""
    content = file.read_bytes()
    first, each, count = struct.unpack_from("<Q14xHH", content, 32)
    return [at for at in range(first, first + each * count, each)
            if struct.unpack_from("<I", content, at)[0] == kind]


def with_tag(old, new):
    """A static PIE one of whose dynamic tags is another."""
    content = PIE_KERNEL.read_bytes()
    at, = struct.unpack_from("<Q", content, programs(PIE_KERNEL, PT_DYNAMIC)[0] + 8)
    while struct.unpack_from("<Q", content, at)[0] != old:
        at += 16
    return patched(PIE_KERNEL, (at, "<Q", new))


def without_note():
    return patched(KERNEL, (programs(KERNEL, PT_NOTE)[0], "<I", PT_NULL))


def many_notes():
    """1,024 program headers, each with the same 64 KiB."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, 0, 64, 0, 0, 64, 56,
                         1024, 64, 0, 0)
    note = struct.pack("<IIQQQQQQ", PT_NOTE, 4, 64, 0, 0, 1 << 16, 1 << 16, 4)
    return header + note * 1024 + bytes(1 << 16)


def sections(count):
    """As many section headers as there can be."""
    return patched(KERNEL, (60, "<H", count))


ELF_FILES = {
    "packed-relocations": (lambda: with_tag(7, 0x60000011), r"packed relocations"),
    "unknown-relocations": (lambda: with_tag(7, 0x6FFFFEF8), r"dynamic tag 6FFFFEF8h"),
    "shared-library": (lambda: with_tag(7, 1), r"needs a shared library"),
    "note-without-segment": (without_note, r"has a Lintel note, but in no PT_NOTE segment"),
    "many-notes": (many_notes, r"no program header loads anything"),
    "entry-that-names-nothing": (lambda: patched(KERNEL, (24, "<Q", 0)),
                                 r"e_entry 0h lies in no executable segment: does ENTRY"),
    "sections-65535": (lambda: sections(0xFFFF), BOOTS),
    "sections-behind-the-end": (lambda: patched(KERNEL, (40, "<Q", 1 << 63)), BOOTS),
    "programs-65535": (lambda: patched(KERNEL, (56, "<H", 0xFFFF)), r"e_phnum is 65535"),
    "memory-of-1-GiB": (lambda: patched(KERNEL, (programs(KERNEL, 1)[-1] + 40, "<Q", 1 << 30)),
                          r"needs 10\d{5} KiB of memory in one piece"),
    "memory-of-all": (lambda: patched(KERNEL, (programs(KERNEL, 1)[-1] + 40, "<Q", 1 << 62)),
                      r"reach the last page of the address space"),
    "cut-off": (lambda: KERNEL.read_bytes()[:5000], r"is it truncated"),
}


# ---- Multiboot ----------------------------------------------------------------------------------

def header(*words):
    """With the checksum behind them."""
    return struct.pack(f"<{len(words) + 1}I", *words, -sum(words) & 0xFFFFFFFF)


MB1, MB2 = header(0x1BADB002, 0), header(0xE85250D6, 0, 16)


def flat(address):
    """A flat Multiboot kernel that must lie there."""
    return header(0x1BADB002, 0x10000) + struct.pack("<5I", address, address, 0, 0, address)


def odd_tag():
    """A header with a tag of size 0."""
    return header(0xE85250D6, 0, 32) + struct.pack("<HHIHHI", 4, 0, 0, 0, 0, 8) + bytes(64)


MULTIBOOT_FILES = {
    "multiboot-late": (lambda: bytes(9000) + MB1, r"header at 2328h does not end in the first 8 KiB"),
    "multiboot-odd": (lambda: bytes(6) + MB1, r"header at 6h is not aligned to 4 bytes"),
    "multiboot-sum": (lambda: MB1[:8] + bytes(4), r"checksum of its Multiboot header at 0h is 0h"),
    "multiboot2-late": (lambda: bytes(40000) + MB2, r"header at 9C40h does not end in"),
    "multiboot2-odd": (lambda: bytes(4) + MB2, r"header at 4h is not aligned to 8 bytes"),
    "multiboot2-empty-tag": (odd_tag, r"tag 4 at offset 16 .* has size 0"),
    "multiboot-on-devices": (lambda: flat(0xF0000000),
                             r"must lie at F0000000h .* there is no memory.*: link it elsewhere"),
}

# OVMF keeps ACPI NVS there.
ON_NVS = (lambda: flat(0x820000), r"at 820000h there is ACPI NVS, .*: link it elsewhere")

# ---- the others ---------------------------------------------------------------------------------


def bomb():
    """Says that it unpacks to 3 GiB, as it could by its size."""
    return gzip.compress(bytes(4 << 20), 0)[:-4] + struct.pack("<I", 3 << 30)


OTHER_FILES = {
    "gzip-bomb": (bomb, r"compressed by gzip, and has 3145728 KiB unpacked"),
    "gzip-cut-off": (lambda: gzip.compress(KERNEL.read_bytes())[:-1000], r"compressed by gzip, and"),
    "program-cut-off": (lambda: (KERNELS / "program.efi").read_bytes()[:2000],
                        r"pass(es)? the end of the file"),
    "no-kernel-at-all": (lambda: b"MZ" * 5000, r"is no kernel that Lintel knows"),
}

FIRMWARES = ("bios", "uefi")
ALL = {**ELF_FILES, **MULTIBOOT_FILES, **OTHER_FILES}
SLICED = {("bios", "multiboot-late"), ("uefi", "packed-relocations"), ("bios", "sections-65535")}

ROWS = [Row(f"file-{name}", firmware, booting(make), expected, (firmware, name) in SLICED)
        for firmware in FIRMWARES for name, (make, expected) in ALL.items()]
ROWS += [Row("file-on-acpi-nvs", "uefi", booting(ON_NVS[0]), ON_NVS[1], True)]
ROWS += [Row("file-with-4000-modules", firmware,
             booting(KERNEL.read_bytes, "module /boot/m\n" * 4000)) for firmware in FIRMWARES]
