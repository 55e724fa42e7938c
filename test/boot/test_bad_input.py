"""Damaged and missing things: each ends in one message that names the thing and the value, never in
a reset, a hang or a wrong answer."""
import struct

import pytest
from builder import KERNEL
from entries import choose_each, make_entries_image
from machine import Hardware

FIRMWARES = ("bios", "uefi")
MIB = 1 << 20


def kernel_bytes():
    return bytearray(KERNEL.read_bytes())


def truncated_kernel():
    return bytes(kernel_bytes()[:5000])


def foreign_kernel():
    """e_machine says AArch64 (183)."""
    kernel = kernel_bytes()
    struct.pack_into("<H", kernel, 18, 183)
    return bytes(kernel)


def huge_kernel(memory_bytes=1 << 30):
    """The last PT_LOAD's p_memsz asks for a gigabyte of .bss."""
    kernel = kernel_bytes()
    offset, size, count = struct.unpack_from("<Q14xHH", kernel, 32)
    loads = [at for at in range(offset, offset + size * count, size)
             if struct.unpack_from("<I", kernel, at) == (1,)]
    last = max(loads, key=lambda at: struct.unpack_from("<Q", kernel, at + 16))
    struct.pack_into("<Q", kernel, last + 40, memory_bytes)
    return bytes(kernel)


FILES = {"/good.elf": KERNEL, "/text.elf": "#!/bin/sh\necho no kernel\n", "/empty.elf": b"",
         "/cut.elf": truncated_kernel, "/arm.elf": foreign_kernel, "/huge.elf": huge_kernel}
# What an entry says; what the message must say.
CASES = {
    "missing kernel": ("kernel /absent.elf", r"/absent\.elf: there is no absent\.elf"),
    "missing module": ("kernel /good.elf\nmodule /gone.bin",
                       r"module: /gone\.bin: there is no gone\.bin"),
    "truncated kernel": ("kernel /cut.elf", r"/cut\.elf: program header 0: .* file at 1388h"),
    "kernel for another machine": ("kernel /arm.elf", r"/arm\.elf: e_machine is 183, not 62"),
    "kernel too big": ("kernel /huge.elf", r"/huge\.elf needs 10\d{5} KiB of memory"),
    "not an ELF file": ("kernel /text.elf", r"/text\.elf is no kernel that Lintel knows"),
    "empty kernel": ("kernel /empty.elf", r"/empty\.elf is no kernel that Lintel knows"),
    "entry without kernel": ("version 1", r"entry e7: names no kernel"),
}


def expect_message(machine, pattern):
    """One message, and then a machine that still stands: no reset (QEMU runs with -no-reboot)."""
    machine.wait_for(pattern)
    assert machine.output.count("claims:") == 0
    assert machine.process.poll() is None, machine.error("QEMU ended")


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_bad_files(start, tmp_path, firmware):
    image = tmp_path / "bad.img"
    make_entries_image(image, {title: lines for title, (lines, _) in CASES.items()},
                       {path: content() if callable(content) else content
                        for path, content in FILES.items()})
    machine = start(firmware, [image], Hardware(memory="256M"))
    machine.wait_for(r"8 +entry without kernel")
    choose_each(machine, [message for _, message in CASES.values()])
    expect_message(machine, "Error")


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_no_entries(start, special_image, firmware):
    image = special_image({f"/loader/entries/{name}.conf": None
                           for name in ("lintel", "lintel-pie")})
    expect_message(start(firmware, [image]), r"/loader/entries.* (not found|no )")


@pytest.mark.parametrize("cpu, message", [
    ("486", "no long mode"), ("pentium3", "no long mode"), ("qemu32", "no long mode"),
    ("qemu64,-sse2", "SSE2"), ("qemu64,-fxsr,-sse,-sse2", "SSE2")])
def test_cpu_that_lacks_something(start, images, cpu, message):
    machine = start("bios", [images.standard("test")], Hardware(board="pc", cpu=cpu))
    expect_message(machine, f"Lintel needs .*{message}")


def patch(path, offset, data):
    with open(path, "r+b") as image:
        image.seek(offset)
        image.write(data)


@pytest.mark.parametrize("offset, message", [
    (4, "no stage 2 on drive 80h, status 00h"), (300, "no stage 2 on drive 80h, status 00h"),
    (3000, "drive 80h: stage 2 is damaged"), (40000, "drive 80h: stage 2 is damaged")])
def test_second_stage_corrupted(start, special_image, offset, message):
    image = special_image({})
    where = 34 * 512 + offset
    with open(image, "rb") as file:
        file.seek(where)
        flipped = bytes([file.read(1)[0] ^ 0x10])
    patch(image, where, flipped)
    expect_message(start("bios", [image]), f"Lintel: {message}")


def test_second_stage_unreadable(start, special_image, tmp_path):
    image = special_image({})
    rules = tmp_path / "errors.conf"
    rules.write_text('[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "40"\n')
    machine = start("bios", [f"blkdebug:{rules}:{image}"])
    expect_message(machine, r"Lintel: drive 80h: sector 00000028h can't be read, status 0Ch")


def find_chain(image, path):
    """(byte offset of a file's first FAT32 entry in the first FAT, its first cluster)."""
    with open(image, "rb") as file:
        file.seek(MIB)
        boot = file.read(512)
        reserved = struct.unpack_from("<H", boot, 14)[0]
        file.seek(MIB + reserved * 512)
        fat = file.read(struct.unpack_from("<I", boot, 36)[0] * 512)
    entries = struct.unpack(f"<{len(fat) // 4}I", fat)
    starts = [at for at in range(3, len(entries) - 300)
              if all(entries[at + i] == at + i + 1 for i in range(60)) and entries[at - 1] != at]
    sizes = [next(n for n in range(len(entries)) if entries[at + n] >= 0x0FFFFFF8) + 1
             for at in starts]
    wanted = -(-len(path) // (boot[13] * 512))
    return next((MIB + reserved * 512 + at * 4, at)
                for at, size in zip(starts, sizes) if size == wanted)


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_fat_chain_loops(start, special_image, firmware):
    """The kernel's 41st cluster points back to its first."""
    image = special_image({})
    offset, first = find_chain(image, kernel_bytes())
    patch(image, offset + 40 * 4, struct.pack("<I", first))
    expect_message(start(firmware, [image]), r"/boot/kernel\.elf.*(chain|cluster|loop)")


@pytest.mark.parametrize("firmware", FIRMWARES)
@pytest.mark.parametrize("lba", [1, 2], ids=["header", "entries"])
def test_primary_gpt_broken_boots(start, special_image, firmware, lba):
    image = special_image({})
    patch(image, lba * 512 + 40, b"\xff" * 16)
    machine = start(firmware, [image])
    machine.wait_passed("did not boot from the backup")


@pytest.mark.parametrize("firmware", ["bios"])
def test_every_gpt_copy_broken(start, special_image, firmware):
    """On UEFI the firmware itself finds no system partition then, and never starts us."""
    image = special_image({})
    patch(image, 512, b"\0" * 512)
    patch(image, image.stat().st_size - 512, b"\0" * 512)
    expect_message(start(firmware, [image]), r"GPT")
