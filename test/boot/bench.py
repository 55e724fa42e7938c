#!/usr/bin/python3
"""`make bench`: deterministic guest time from the firmware's handing over to the kernel's entry.

QEMU counts instructions (-icount), so a number does not depend on how busy the host is. A small
program on the first disk stamps the moment at which firmware hands over, and then starts the
subject, Lintel or GRUB, from the second; the smallest kernel (test/bench/kernel.asm, the same for
both) stamps the moment at which it runs. A bare read loop and a single ReadBlocks of as many bytes
are the floor that reading a module is measured against.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_linux import add_linux_rows
from bench_media import add_media_rows
from bench_windows import add_window_rows
from builder import BUILD, MIB, make_empty, make_fat_disk, make_image
from grub import core_image, make_grub_bios
from machine import ROOT, Hardware, Machine
from ways import Images

SOURCES = ROOT / "test/bench"
MODULE_BYTES = 64 * MIB
DATA_MIB = 320  # large enough for 4 KiB clusters: with small ones GRUB is slower still
BOOTS = {"bios": 3, "uefi": 2}  # of each kind
TICKS_PER_MS = 1_000_000  # with -icount QEMU's TSC counts nanoseconds
# 2^shift ns an instruction. What waits much by the clock, as OVMF does, is slow with small steps.
SHIFT = {"bios": 1, "uefi": 4}
READ_RATIO, STAGE_KIB, EFI_KIB, LOADER_KIB = 1.15, 224, 256, 4096
PATIENCE = 1200  # GRUB takes half a minute of guest time for Linux on UEFI, and many times that here
GRUB_CONFIG = """search --no-floppy --set=root --file /boot/stamp.mb2
multiboot2 /boot/stamp.mb2
{module}
boot
"""


def build(folder, output, *command):
    path = Path(folder, output)
    subprocess.run([*map(str, command), "-o", path], cwd=SOURCES, check=True)
    return path


def build_kernels(folder):
    """{subject: kernel file}"""
    kernels = {}
    for subject in ("Lintel", "Limine"):
        code = build(folder, f"{subject}.o", "nasm", "-f", "elf64", f"-D{subject.upper()}",
                     "kernel.asm")
        kernels[subject] = build(folder, f"{subject}.elf", "ld",
                                 "-Ttext-segment=0xffffffff80000000", code)
    grub = build(folder, "grub.o", "nasm", "-f", "elf32", "kernel.asm")
    return kernels | {"GRUB": build(folder, "stamp.mb2", "ld", "-m", "elf_i386", "-n",
                                    "-Ttext=0x2000000", grub)}


def build_application(folder, name, *options):
    """A gnu-efi application, by the recipe of gnu-efi's own manual."""
    code = build(folder, f"{name}.o", "gcc", "-O2", "-fpic", "-ffreestanding", "-fshort-wchar",
                 "-fno-stack-protector", "-mno-red-zone", "-I/usr/include/efi",
                 "-I/usr/include/efi/x86_64", "-DGNU_EFI_USE_MS_ABI", "-c", "chain.c", *options)
    linked = build(folder, f"{name}.so", "ld", "-nostdlib", "-znocombreloc", "-shared",
                   "-Bsymbolic", "-T", "/usr/lib/elf_x86_64_efi.lds",
                   "/usr/lib/crt0-efi-x86_64.o", code, "-L/usr/lib", "-lgnuefi", "-lefi")
    application = Path(folder, f"{name}.efi")
    sections = "-j .text -j .sdata -j .data -j .dynamic -j .dynsym -j .rel* -j .reloc".split()
    subprocess.run(["objcopy", *sections, "--output-target=efi-app-x86_64", linked, application],
                   check=True)
    return application


class Bench:
    """Makes the disks in a folder and times what boots from them."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.kernels = build_kernels(folder)
        self.module = self.folder / "module.bin"
        self.module.write_bytes(bytes(range(256)) * (MODULE_BYTES // 256))
        self.first = {"bios": self.bios_disk("chain"), "uefi": self.uefi_disk("chain")}

    def program(self, name, *options):
        """A boot program: its first sector, and what lies behind it."""
        return build(self.folder, f"{name}.bin", "nasm", "-f", "bin", *options, f"{name}.asm")

    def bios_disk(self, program, *options):
        """A disk with a boot program, and room to read behind it."""
        code = self.program(program, *options)
        disk = self.folder / f"{program}.img"
        make_empty(disk, MODULE_BYTES + MIB)
        with open(disk, "r+b") as image:
            image.write(code.read_bytes())
        return disk

    def uefi_disk(self, name, *options, mib=64):
        disk = self.folder / f"{name}.uefi.img"
        application = build_application(self.folder, name, *options)
        make_fat_disk(disk, {"/EFI/BOOT/BOOTX64.EFI": application}, mib)
        return disk

    def lintel_disks(self, subject, module):
        options = ("--size", f"{DATA_MIB}M",
                   "--file", f"{BUILD / 'uefi/lintelx64.efi'}=/EFI/subject.efi")
        modules = (self.module,) if module else ()
        return [self.shared(f"{subject}-{module}", lambda path: make_image(
            path, "", *options, kernel=self.kernels[subject], modules=modules))]

    def grub_disks(self, firmware, module):
        tree = {"/boot/stamp.mb2": self.kernels["GRUB"]}
        module_line = "module2 /boot/module.bin" if module else ""
        script = GRUB_CONFIG.format(module=module_line)
        if firmware == "uefi":
            tree["/EFI/subject.efi"] = core_image("x86_64-efi", script)
            return [self.data_disk(f"grub-efi-{module}", tree, module)]
        disk = self.folder / f"grub-{module}.bios.img"
        make_grub_bios(disk, "", script)
        return [disk, self.data_disk(f"grub-{module}", tree, module)]

    def data_disk(self, name, tree, module):
        if module:
            tree["/boot/module.bin"] = self.module
        return self.shared(name, lambda path: make_fat_disk(path, tree, DATA_MIB))

    def shared(self, name, make):
        return Images(self.folder).shared(f"{name}.img", make)

    def time(self, firmware, disks, hardware=Hardware(memory="1G"), shift=None):
        """The shortest of a few boots: a host that is slow with the disk file only ever adds."""
        return min(self.time_once(firmware, disks, hardware, shift or SHIFT[firmware])
                   for _ in range(BOOTS[firmware]))

    def time_once(self, firmware, disks, hardware, shift):
        """Milliseconds of guest time from the first stamp, or else from power on, to the last."""
        options = ["-icount", f"shift={shift},sleep=off",
                   "-rtc", "base=2026-01-01,clock=vm"]
        with Machine(firmware, disks, hardware, options=options) as machine:
            end = int(machine.wait_for(r"K([0-9a-f]{16})", PATIENCE)[1], 16)
            start = re.search(r"S([0-9a-f]{16})", machine.output)
        return (end - (int(start[1], 16) if start else 0)) / TICKS_PER_MS

    def boot_time(self, subject, firmware, module):
        disks = (self.grub_disks(firmware, module) if subject == "GRUB"
                 else self.lintel_disks(subject, module))
        return self.time(firmware, [self.first[firmware], *disks])

    def raw_read_time(self, firmware):
        if firmware == "bios":
            return self.time(firmware, [self.bios_disk("raw_read", f"-DBYTES={MODULE_BYTES}")])
        disk = self.uefi_disk("raw_read", f"-DRAW_READ={MODULE_BYTES}", mib=128)
        return self.time(firmware, [disk])


def loader_kib(folder, firmware):
    """What the loader says it holds of its own, besides what it loads."""
    image = Path(folder, "log.img")
    make_image(image, "test log")
    with Machine(firmware, [image]) as machine:
        machine.wait_exit(PATIENCE)
        return max(map(int, re.findall(r"loader memory: (\d+) KiB", machine.output)))


def measure(folder, row):
    """Calls row(what, value, unit, target or None, digits) for each row, as soon as it is known."""
    bench = Bench(folder)
    for firmware, name in (("bios", "BIOS"), ("uefi", "UEFI")):
        (lintel, lintel_64), (limine, limine_64), (grub, grub_64) = (
            [bench.boot_time(subject, firmware, module) for module in (0, 1)]
            for subject in ("Lintel", "Limine", "GRUB"))
        raw = bench.raw_read_time(firmware)
        row(f"{name}: GRUB to kernel entry", grub, "ms")
        row(f"{name}: Lintel to kernel entry", lintel, "ms", grub)
        row(f"{name}: GRUB, 64 MiB module", grub_64, "ms")
        row(f"{name}: Lintel, 64 MiB module", lintel_64, "ms", grub_64)
        row(f"{name}: raw firmware read of 64 MiB", raw, "ms")
        row(f"{name}: Lintel's read over the raw read", (lintel_64 - lintel) / raw, "x",
            READ_RATIO, 2)
        row(f"{name}: Lintel to a Limine kernel's entry", limine, "ms", grub)
        row(f"{name}: its 64 MiB module over the raw read", (limine_64 - limine) / raw, "x",
            READ_RATIO, 2)
        row(f"{name}: loader's own memory", loader_kib(folder, firmware), "KiB", LOADER_KIB, 0)
    add_linux_rows(bench, row)
    add_media_rows(bench, row)
    add_window_rows(bench, row)
    for what, path, limit in (("second stage", "legacy/stage2.bin", STAGE_KIB),
                              ("UEFI application", "uefi/lintelx64.efi", EFI_KIB)):
        row(f"{what} file", (BUILD / path).stat().st_size / 1024, "KiB", limit)


def main():
    missed = []

    def row(what, value, unit, limit=None, digits=1):
        target = "" if limit is None else f"<= {limit:.{digits}f} {unit}"
        met = limit is None or value <= limit
        missed.extend([what] * (not met))
        print(f"{what:<42} {f'{value:.{digits}f} {unit}':>12}  {target:>14}  "
              f"{'' if met else 'MISSED'}".rstrip(), flush=True)

    with tempfile.TemporaryDirectory() as folder:
        measure(folder, row)
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
