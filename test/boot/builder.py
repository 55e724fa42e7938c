"""Images of Lintel for tests: made by build/lintel, the tool that everybody uses, then changed by
mtools; and plain FAT disks, such as other loaders lie on."""
import os
import subprocess
import tempfile
from pathlib import Path, PurePosixPath

from machine import ROOT

BUILD = ROOT / "build"
CONFIG = ROOT / "config"
LINTEL = BUILD / "lintel"
KERNEL = BUILD / "kernel/kernel.elf"
PIE_KERNEL = BUILD / "kernel/kernel-pie.elf"
MODULE = ROOT / "PROTOCOL.md"
MIB = 1 << 20
VOLUME = MIB  # where the volume of a disk image begins
EPOCH = "1767225600"  # 2026-01-01
# What the ordinary image has besides the kernel and its module.
SECOND_ENTRY = ("--file", f"{PIE_KERNEL}=/boot/kernel-pie.elf",
                "--entry", CONFIG / "loader/entries/lintel-pie.conf")


def make_image(path, command_line="", *options, kernel=KERNEL, modules=(MODULE,)):
    """An image like images/lintel.img. `options` are lintel's own."""
    given = [argument for module in modules for argument in ("--module", module)]
    given += ["--cmdline", command_line] if command_line else []
    given += SECOND_ENTRY if kernel == KERNEL and "floppy" not in options else ()
    subprocess.run([LINTEL, "image", "--output", path, "--kernel", kernel, *given, *options],
                   check=True)


# Where a small kernel is linked: %s is "" or its physical address, as AT(...).
SMALL_KERNEL = """
ENTRY(kernel_main)
SECTIONS
{
    . = 0xffffffff80000000;
    .text : %s { *(.text*) }
    .rodata ALIGN(4096) : { *(.rodata*) }
    .note.lintel : { KEEP(*(.note.lintel)) }
    .data ALIGN(4096) : { *(.data*) *(.bss*) }
}
"""


def build_kernel(folder, source, at=""):
    """A kernel from one C file with Lintel's lintel.h, that says a word by itself."""
    (folder / "kernel.c").write_text(source)
    (folder / "kernel.ld").write_text(SMALL_KERNEL % at)
    subprocess.run(["gcc", "-O2", "-ffreestanding", "-fno-pic", "-mcmodel=kernel", "-mno-red-zone",
                    "-mgeneral-regs-only", "-fno-stack-protector", "-nostdlib", "-static",
                    f"-I{ROOT}/common", f"-Wl,-T,{folder}/kernel.ld", "-o", folder / "kernel.elf",
                    folder / "kernel.c"], check=True)
    return folder / "kernel.elf"


def change_files(path, changes, offset=VOLUME):
    """Replaces, adds or (None) removes files of an image's volume."""
    for name, content in changes.items():
        if content is None:
            mtools("mdel", path, offset, f"::{name}")
        else:
            put_file(path, offset, name, content)


def make_fat_disk(path, tree, mib=64):
    """A disk that is one FAT volume: path -> bytes, or a Path to read them from."""
    make_empty(path, mib * MIB)
    subprocess.run(["mkfs.fat", "--invariant", *(["-F", "32"] if mib > 40 else []), path],
                   check=True, stdout=subprocess.DEVNULL)
    copy_tree(path, 0, tree)


def make_empty(path, disk_bytes):
    with open(path, "wb") as image:
        image.truncate(disk_bytes)


def copy_tree(path, offset, tree):
    """One file after the other in a fixed order, so that each lies in one piece."""
    folders = {parent for file in tree for parent in PurePosixPath(file).parents}
    for folder in sorted(map(str, folders - {PurePosixPath("/")})):
        mtools("mmd", path, offset, f"::{folder}")
    for name, content in sorted(tree.items()):
        put_file(path, offset, name, content)


def put_file(path, offset, name, content):
    with tempfile.NamedTemporaryFile() as copy:
        if not isinstance(content, Path):
            copy.write(content.encode() if isinstance(content, str) else content)
            copy.flush()
            content = copy.name
        mtools("mcopy", path, offset, "-o", str(content), f"::{name}")


def mtools(command, path, offset, *arguments):
    environment = {**os.environ, "TZ": "UTC", "MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1"}
    environment.setdefault("SOURCE_DATE_EPOCH", EPOCH)
    subprocess.run([command, "-i", f"{path}@@{offset}", *arguments], check=True, env=environment,
                   stdout=subprocess.DEVNULL)
