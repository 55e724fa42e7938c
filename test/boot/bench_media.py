"""Reading a module from a floppy, a CD and a TFTP server, against a bare loop that reads as many
bytes of the same medium in the largest pieces that the BIOS, or the PXE ROM, takes."""
import subprocess
from dataclasses import dataclass
from pathlib import Path

from machine import Hardware
from media import TOOL, machine_with
from network import on_network

MIB = 1 << 20
TRACK_BYTES = 18 * 512
FLOPPY_BYTES = 160 * TRACK_BYTES
RATIO = 1.2


@dataclass(frozen=True)
class Medium:
    name: str
    layout: str         # of `lintel image`
    drive: str          # of media.py
    option: str         # of raw_read.asm
    module_bytes: int
    shift: int = 1      # of bench.time()


MEDIA = (Medium("floppy", "floppy", "floppy", "-DFLOPPY", 114 * TRACK_BYTES),
         Medium("CD", "iso", "cd-ahci", "-DCD", 16 * MIB),
         Medium("TFTP", "netboot", "", "", 8 * MIB - 8 * MIB % 1432, 5))


def make_lintel(bench, medium, with_module):
    image = Path(bench.folder, f"{medium.layout}-{with_module}.img")
    module = Path(bench.folder, f"{medium.layout}.bin")
    module.write_bytes(bytes(medium.module_bytes))
    command = [TOOL, "image", "--output", image, "--layout", medium.layout,
               "--kernel", bench.kernels["Lintel"], *["--module", module] * with_module]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return image


def make_raw_floppy(bench, program):
    image = bench.folder / "raw-floppy.img"
    image.write_bytes(program.read_bytes().ljust(FLOPPY_BYTES, b"\0"))
    return image


def make_raw_cd(bench, program, data_bytes):
    """El Torito without emulation loads the whole program."""
    image, content = bench.folder / "raw-cd.img", bench.folder / "raw-cd"
    content.mkdir(exist_ok=True)
    (content / "boot.bin").write_bytes(program.read_bytes())
    (content / "data.bin").write_bytes(bytes(data_bytes + MIB))
    sectors = program.stat().st_size // 512
    command = ["xorriso", "-as", "mkisofs", "-quiet", "-o", image, "-b", "boot.bin",
               "-no-emul-boot", "-boot-load-size", str(sectors), content]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return image


def on_server(folder, program):
    """A card that hands each packet over at once: virtio's are late by what the host pleases."""
    return on_network("e1000", f"tftp={folder},bootfile={program}", Hardware(memory="1G"))


def raw_hardware(bench, medium):
    if medium.name == "TFTP":
        program = bench.program("raw_tftp", f"-DBYTES={medium.module_bytes}")
        (bench.folder / "module.bin").write_bytes(bytes(medium.module_bytes))
        return on_server(bench.folder, program.name)
    program = bench.program("raw_read", medium.option, f"-DBYTES={medium.module_bytes}")
    image = (make_raw_floppy(bench, program) if medium.name == "floppy"
             else make_raw_cd(bench, program, medium.module_bytes))
    return machine_with(medium.drive, image, memory="1G")


def lintel_hardware(bench, medium, with_module):
    image = make_lintel(bench, medium, with_module)
    if medium.name == "TFTP":
        return on_server(image, "lintel.pxe")
    return machine_with(medium.drive, image, memory="1G")


def lintel_time(bench, medium):
    """Firmware takes the same time with a module and without: it cancels out."""
    without, with_module = (bench.time("bios", [], lintel_hardware(bench, medium, module),
                                       shift=medium.shift)
                            for module in (False, True))
    return with_module - without


def add_media_rows(bench, row):
    for medium in MEDIA:
        raw = bench.time("bios", [], raw_hardware(bench, medium), shift=medium.shift)
        own = lintel_time(bench, medium)
        amount = f"{medium.module_bytes / MIB:.0f} MiB"
        row(f"BIOS: raw firmware read of {amount}, {medium.name}", raw, "ms", digits=2)
        row(f"BIOS: Lintel's read over the raw read, {medium.name}", own / raw, "x", RATIO, 2)
