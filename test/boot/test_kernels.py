"""Kernels that are loaded in other ways: slid, in zeroed memory, with large modules, and the
smallest one, exactly as the README shows it."""
import re
import subprocess

import pytest
from builder import PIE_KERNEL, build_kernel, make_image
from entries import wrapped
from machine import ROOT, Hardware
from report import parse_report

FIRMWARES = ("bios", "uefi")


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_static_pie_slides(boot, tmp_path, firmware):
    image = tmp_path / "pie.img"
    make_image(image, "test", kernel=PIE_KERNEL)
    slides = [int(boot(firmware, [image]).facts["kernel-slide"], 16) for _ in range(2)]
    assert slides[0] != slides[1] and all(slides)


@pytest.mark.parametrize("firmware", FIRMWARES)
@pytest.mark.parametrize("memory", ["64M", "512M"])
def test_zero_memory(boot, special_image, firmware, memory):
    image = special_image({"/loader/loader.conf": "default lintel\nzero-memory yes\n"})
    report = boot(firmware, [image], Hardware(memory=memory))
    assert report.facts["zeroed"] == "yes"


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_every_claim_notices_its_violation(start, tmp_path, firmware):
    """The kernel breaks each claim on purpose, sees its own check fail, and repairs the damage."""
    image = tmp_path / "sabotage.img"
    make_image(image, "test sabotage limit=16")
    machine = start(firmware, [image], Hardware(cpus=2))
    machine.wait_for(r"^claims: .*\n")
    noticed = re.findall(r"^sabotage: C(\d+) +noticed", machine.output, re.MULTILINE)
    assert {int(number) for number in noticed} == set(parse_report(machine.output).claims)
    assert "sabotage: all noticed" in machine.output


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_many_and_large_modules(boot, tmp_path, firmware):
    files = {"large.bin": 40 << 20, "odd.bin": 12345, "one.bin": 1, "empty.bin": 0}
    modules = []
    for name, size in files.items():
        modules.append(tmp_path / name)
        modules[-1].write_bytes(bytes(i * 7 & 255 for i in range(251)) * (size // 251)
                                + b"x" * (size % 251))
    image = tmp_path / "modules.img"
    make_image(image, "test", modules=modules)
    report = boot(firmware, [image], Hardware(memory="256M"))
    assert report.facts["modules"] == str(len(files))


@pytest.mark.parametrize("cpu", ["max", "qemu64"])  # with and without pages of 1 GiB
def test_module_above_4_gib(start, tmp_path, cpu):
    """Where only 32 MiB lie below. (UEFI puts it there anyway; OVMF needs more below.)"""
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(range(251)) * (40 << 12))
    image = tmp_path / "high.img"
    make_image(image, "test", modules=(large,))
    machine = start("bios", [image], Hardware("q35,max-ram-below-4g=32M", cpu, "256M"))
    assert int(machine.wait_for(r"^module: \S+ at (0x[0-9a-f]+)")[1], 16) >= 1 << 32
    machine.wait_for(r"^claims: (\d+) of \1 passed")


def readme_blocks():
    """The README's smallest kernel: {file name: text}, and the shell lines that build it."""
    text = (ROOT / "README.md").read_text()
    files = dict(re.findall(r"`([\w.]+)`:\n+```\w*\n(.*?)```", text, re.DOTALL))
    commands = re.search(r"```sh\n(gcc .*?)```", text, re.DOTALL)
    assert "kernel.c" in files and "kernel.ld" in files and commands, "README lacks the kernel"
    return files, commands[1]


@pytest.fixture(scope="session")
def smallest_kernel(tmp_path_factory):
    """The ELF file that the README's text makes; its `make image` line is left to the test."""
    folder = tmp_path_factory.mktemp("smallest")
    files, commands = readme_blocks()
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "lintel.h").write_bytes((ROOT / "common/lintel.h").read_bytes())
    build = [line for line in commands.replace("\\\n", " ").splitlines()
             if not line.startswith("make")]
    subprocess.run(["sh", "-ec", "\n".join(build)], cwd=folder, check=True)
    return folder / "kernel.elf"


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_smallest_kernel_of_the_readme(start, tmp_path, smallest_kernel, firmware):
    image = tmp_path / "smallest.img"
    make_image(image, kernel=smallest_kernel)
    start(firmware, [image]).wait_for(r"Hello")


PLACED_KERNEL = """
#include "lintel.h"
LINTEL_REQUEST(.flags = LINTEL_REQUEST_PHYSICAL);
void kernel_main(const struct lintel_boot_info *info)
{
    static volatile int data = 1;
    for (const char *text = info->kernel_physical == 0x2000000 && data ? "in place" : "elsewhere";
         *text; text++)
        __asm__ volatile("outb %b0, %w1" : : "a"(*text), "d"(0x3f8));
    for (;;)
        __asm__ volatile("hlt");
}
"""


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_kernel_at_its_physical_address(start, tmp_path, firmware):
    image = tmp_path / "placed.img"
    make_image(image, kernel=build_kernel(tmp_path, PLACED_KERNEL, "AT(0x2000000)"))
    start(firmware, [image]).wait_for(r"in place")


def test_physical_address_that_is_not_free(start, tmp_path):
    image = tmp_path / "placed.img"
    make_image(image, kernel=build_kernel(tmp_path, PLACED_KERNEL, "AT(0xa0000)"))
    start("bios", [image]).wait_for(wrapped(
        "/boot/kernel.elf must lie at A0000h to A2FFFh, but at A0000h there is no memory, up to "
        "A2FFFh: it asks for its physical addresses"))
