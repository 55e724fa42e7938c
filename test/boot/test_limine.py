"""Kernels for the Limine protocol, of each base revision: they check every answer themselves."""
import gzip
import re
import struct
import subprocess
import tempfile
import time
import zlib
from pathlib import Path

import pytest
from builder import change_files, make_image
from entries import write
from machine import ROOT, SILENCE, Hardware

KERNELS = ROOT / "build/test-kernels"
INTERNAL = bytes(i * 7 & 255 for i in range(5000))
FILES = {"/boot/internal.bin": INTERNAL, "/boot/packed.gz": gzip.compress(INTERNAL)}


def number(*values):
    return struct.pack(f"<{len(values)}Q", *values)


def request(high, low):
    return number(0xc7b1dd30df4c8b88, 0x0a82e883a194f07b, high, low)


TAG = number(0xf9562b2d5c95a6c8, 0x6a7b384944536bdc)
ENTROPY = request(0x65ea80255d5682c5, 0x9117240723f493eb)
PAGING = request(0x95c1a0edab0944cb, 0xa4e5cb3842f7488a)
FIVE_LEVELS = Hardware(cpus=2)
FOUR_LEVELS = Hardware(cpu="qemu64", cpus=4, memory="5G", board="pc")


def make_limine_image(path, kernel, command_line=""):
    """With the files that the kernel names itself."""
    with tempfile.TemporaryDirectory() as folder:
        files = [option for name, content in FILES.items()
                 for option in ("--file", f"{write(folder, Path(name).name, content)}={name}")]
        make_image(path, command_line, *files, kernel=kernel)


def limine_image(images, revision, cpus, packed=False):
    name = f"limine-{revision}.elf"

    def make(path):
        kernel = KERNELS / name
        if packed:
            kernel = write(path.parent, name, gzip.compress(kernel.read_bytes()))
        make_limine_image(path, kernel, f"words for limine cpus={cpus}")

    return images.shared(f"{name}-{cpus}{'-packed' * packed}.img", make)


def check(start, images, firmware, revision, hardware, packed=False):
    """The kernel finds all that it asks for, and the whole of its own file."""
    image = limine_image(images, revision, hardware.cpus, packed)
    machine = start(firmware, [image], hardware)
    machine.wait_passed("not all checks hold")
    assert "limine: all checks hold" in machine.output
    own = zlib.crc32((KERNELS / f"limine-{revision}.elf").read_bytes())
    assert f"limine: own file: {own:016x}" in machine.output
    return machine.output


@pytest.mark.parametrize("revision", [*range(7), "pie"])
@pytest.mark.parametrize("hardware, levels", [(FIVE_LEVELS, 5), (FOUR_LEVELS, 4)], ids=["5", "4"])
def test_bios(start, images, revision, hardware, levels):
    assert f"limine: {levels} levels" in check(start, images, "bios", revision, hardware)


def test_no_local_apic(start, images):
    """The kernel asks for x2APIC mode, and is not told that it is on."""
    check(start, images, "bios", 3, Hardware(cpu="qemu64,-apic"))


# What is changed in the kernel for base revision 6; what the message must say.
FAULTS = {
    "base revision": (TAG + number(6), TAG + number(7), "base revision 7.*knows 0 to 6"),
    "two requests": (ENTROPY, PAGING, r"two Limine requests with the same ID.*paging mode"),
    "internal module": (b"internal.bin\0", b"infernal.bin\0", "infernal.bin"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_refusal(start, images, tmp_path, fault):
    """Back to the menu with a message, on a machine that still stands."""
    old, new, message = FAULTS[fault]
    kernel = (KERNELS / "limine-6.elf").read_bytes()
    assert old in kernel and len(old) == len(new)
    image = tmp_path / "bad.img"
    make_limine_image(image, KERNELS / "limine-6.elf")
    change_files(image, {"/boot/limine-6.elf": kernel.replace(old, new)})
    machine = start("bios", [image], FIVE_LEVELS)
    machine.wait_for("(?s)" + message.replace(" ", r"\s+"))
    machine.wait_for("q: quit")
    assert machine.process.poll() is None and "limine:" not in machine.output


@pytest.mark.parametrize("revision", [0, 4])
def test_first_fault_is_explained(start, tmp_path, revision):
    """As for Lintel's own kernels, up to base revision 4: later ones want no IDT."""
    kernel = (KERNELS / f"limine-{revision}.elf").read_bytes()
    pushes = bytes.fromhex("4157415641554154")  # of r15 to r12: the first instructions
    assert pushes in kernel
    (tmp_path / "kernel.elf").write_bytes(kernel.replace(pushes, b"\x0f\x0b" + pushes[2:]))
    image = tmp_path / "fault.img"
    make_limine_image(image, tmp_path / "kernel.elf")
    machine = start("bios", [image], FIVE_LEVELS)
    machine.wait_for(r"the kernel's first fault: invalid opcode \(vector 6\)")
    machine.wait_for(r"RIP ffffffff80[0-9a-f]+")
    machine.wait_for("The machine is stopped")


@pytest.mark.parametrize("revision", [0, 2, 4])
def test_uefi(start, images, revision):
    check(start, images, "uefi", revision, FIVE_LEVELS)


@pytest.mark.parametrize("revision", range(7))
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_kernel_that_was_compressed(start, images, firmware, revision):
    """Unpacked once: what it is given as its own file is what it was planned and loaded from."""
    check(start, images, firmware, revision, FIVE_LEVELS, packed=True)


@pytest.fixture
def tpm(tmp_path):
    """A TPM 2.0, as QEMU's options."""
    path = tmp_path / "tpm"
    with subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={tmp_path}", "--ctrl",
                           f"type=unixio,path={path}", "--flags", "startup-clear"]) as process:
        end = time.monotonic() + SILENCE
        while not path.exists():
            assert process.poll() is None and time.monotonic() < end, "no socket of swtpm's"
            time.sleep(0.01)
        yield ("-chardev", f"socket,id=tpm,path={path}", "-tpmdev", "emulator,id=tpm,chardev=tpm",
               "-device", "tpm-tis,tpmdev=tpm")
        process.kill()


def test_uefi_with_a_tpm(start, images, tpm):
    """The kernel itself goes through it, event by event."""
    output = check(start, images, "uefi", 6, Hardware(cpus=2, options=tpm))
    assert re.search(r"limine: events of the TPM: 0*[1-9a-f]", output)
