"""Boot sectors: of a disk, of a partition in each kind of table, of a file."""
import pytest
from builder import MIB, make_empty, make_image
from entries import choose_each, make_entries_image, make_syslinux, sfdisk
from grub import PREAMBLE, make_grub_bios
from machine import ROOT

SECTOR = ROOT / "build/test-kernels/sector.bin"
MBR = "label: dos\nlabel-id: 0x1234abcd\n"
MBR_TABLE = MBR + "1: start=2048, size=2048, type=83\n2: start=4096, size=65536, type=c\n" \
                  "3: start=70000, size=8000, type=5\n5: start=70100, size=100, type=c\n"
GPT_GUID = "89abcdef-0123-4567-89ab-cdef01234567"
GPT_TABLE = f"label: gpt\n1: start=4096, size=65536, uuid={GPT_GUID}\n"


def with_sector(path, script=None, first_lba=0):
    """A disk with our boot sector in one of its partitions, or first."""
    make_empty(path, 48 * MIB)
    if script:
        sfdisk(path, script)
    with open(path, "r+b") as disk:
        disk.seek(first_lba * 512)
        disk.write(SECTOR.read_bytes())


def entry_bytes(kind, first_lba, sectors):
    return b"\x80\xfe\xff\xff" + bytes([kind]) + b"\xfe\xff\xff" + \
        first_lba.to_bytes(4, "little") + sectors.to_bytes(4, "little")


# What `kernel` says; how the second disk is made; what the sector tells: EAX, how many of its
# sectors are there, where the entry lies, and how it begins.
CASES = {
    "disk": ("disk:81h", lambda path: with_sector(path), "00000000", "no", None, b""),
    "file": ("/sector.bin", None, "54504721", "yes", "07be", b"\x80\xfe\xff\xff\xed"),
    "primary": ("PARTUUID=1234abcd-02:", lambda path: with_sector(path, MBR_TABLE, 4096),
                "00000000", "no", "07ce", None),
    "logical": ("PARTUUID=1234abcd-05:", lambda path: with_sector(path, MBR_TABLE, 70100),
                "00000000", "no", "07be", entry_bytes(0x0c, 70100, 100)),
    "gpt": (f"PARTUUID={GPT_GUID}:", lambda path: with_sector(path, GPT_TABLE, 4096),
            "54504721", "no", "07be", entry_bytes(0xed, 4096, 65536) + b"\x80\0\0\0"),
}


@pytest.mark.parametrize("case", CASES)
def test_handover(start, tmp_path, case):
    kernel, make, eax, second, entry_at, entry = CASES[case]
    first, other = tmp_path / "lintel.img", tmp_path / "other.img"
    make_entries_image(first, {"sector": f"kernel {kernel}"}, {"/sector.bin": SECTOR},
                       loader="timeout 0\n")
    if make:
        make(other)
    machine = start("bios", [first] + [other] * bool(make))
    told = machine.wait_for(r"sector: dl=(\w+) eax=(\w+) at=(\S+) if=(\d) mode=(\w+) second=(\w+) "
                            r"entry=(\w+):(\w+) ([0-9a-f ]+) end")
    assert told.groups()[:6] == ("81" if make else "80", eax, "0000:7c00", "1", "03", second)
    if entry_at:
        assert told.groups()[6:8] == ("0000", entry_at)
        if entry is None:  # as it lies in the table, but active
            with open(other, "rb") as disk:
                entry = b"\x80" + disk.read(512)[463:478]
        assert bytes.fromhex(told[9]).startswith(entry)


# ---- other people's ------------------------------------------------------------------------------

def make_grub(path):
    make_grub_bios(path, None, PREAMBLE + "set timeout=-1\nmenuentry 'GRUB is here' { true }\n")


def make_lintel(path):
    make_image(path, "test")


def make_lintel_volume(path):
    make_image(path, "test", "--layout", "mbr", "--fat-vbr")
    with open(path, "r+b") as disk:
        disk.seek(440)
        disk.write(bytes.fromhex("cdab3412"))


def syslinux(script, first_lba):
    return lambda path: make_syslinux(path, script, first_lba, "SYSLINUX")


SYSLINUX_PROMPT = r"SYSLINUX \d[^\n]*\s+boot:"
OTHERS = {
    "syslinux in a primary partition": ("LABEL=SYSLINUX:", syslinux(MBR_TABLE, 4096),
                                        SYSLINUX_PROMPT),
    "syslinux in a GPT partition": (f"PARTUUID={GPT_GUID}:", syslinux(GPT_TABLE, 4096),
                                    SYSLINUX_PROMPT),
    "GRUB": ("disk:81h", make_grub, r"GRUB is here"),
    "Lintel": ("disk:81h", make_lintel, None),
    "Lintel in a volume": ("PARTUUID=1234abcd-01:", make_lintel_volume, None),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_loaders(start, tmp_path, case):
    kernel, make, marker = OTHERS[case]
    first, other = tmp_path / "lintel.img", tmp_path / "other.img"
    make_entries_image(first, {case: f"kernel {kernel}"}, loader="timeout 0\n")
    make(other)
    machine = start("bios", [first, other])
    if marker:
        machine.wait_for(marker)
    else:  # the other Lintel's kernel, which checks all that it was handed
        machine.wait_passed()


# ---- refusals ------------------------------------------------------------------------------------

REFUSED = {
    "absent": ("kernel disk:9Fh", r"the BIOS has no drive 9Fh"),
    "nonsense": ("kernel disk:first", r"disk:first names no drive"),
    "unsigned": ("kernel disk:81h", r"disk:81h is no kernel that Lintel knows"),
    "options": ("kernel disk:\noptions quiet", r"a boot sector gets no `options`"),
    "large": ("kernel /large.bin", r"boot sector must lie at 7C00h"),
}


def test_refused_on_bios(start, tmp_path):
    image, empty = tmp_path / "refused.img", tmp_path / "empty.img"
    make_empty(empty, MIB)
    make_entries_image(image, {title: lines for title, (lines, _) in REFUSED.items()},
                       {"/large.bin": SECTOR.read_bytes() + bytes(MIB)})
    machine = start("bios", [image, empty])
    machine.wait_for("absent")
    choose_each(machine, [message for _, message in REFUSED.values()])
