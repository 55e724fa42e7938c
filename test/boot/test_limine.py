"""Kernels for the Limine protocol, of each base revision: they check every answer themselves."""
import pytest
from builder import MODULE, change_files, make_image
from machine import PASSED, ROOT, Hardware

KERNELS = ROOT / "build/test-kernels"
INTERNAL = bytes(i * 7 & 255 for i in range(5000))
FIVE_LEVELS = Hardware(cpus=2)
FOUR_LEVELS = Hardware(cpu="qemu64", cpus=4, memory="5G", board="pc")


def limine_image(images, revision, cpus):
    def make(path):
        make_image(path, f"words for limine cpus={cpus}",
                   kernel=KERNELS / f"limine-{revision}.elf")
        change_files(path, {"/boot/internal.bin": INTERNAL})

    return images.shared(f"limine-{revision}-{cpus}.img", make)


def check(start, images, firmware, revision, hardware):
    machine = start(firmware, [limine_image(images, revision, hardware.cpus)], hardware)
    if machine.wait_exit() != PASSED:
        raise machine.error("not all checks hold")
    assert "limine: all checks hold" in machine.output
    return machine.output


@pytest.mark.parametrize("revision", [*range(7), "pie"])
@pytest.mark.parametrize("hardware, levels", [(FIVE_LEVELS, 5), (FOUR_LEVELS, 4)], ids=["5", "4"])
def test_bios(start, images, revision, hardware, levels):
    assert f"limine: {levels} levels" in check(start, images, "bios", revision, hardware)


@pytest.mark.parametrize("revision", [0, 2, 4, 6])
def test_uefi(start, images, revision):
    check(start, images, "uefi", revision, FIVE_LEVELS)
