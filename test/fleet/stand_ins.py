"""Kernels and loaders that reset the machine with their first instruction, as broken ones do."""
import struct
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "boot"), str(HERE.parent / "tool")]
from builder import BUILD  # noqa: E402
from disks import altered  # noqa: E402
from linux_guest import kernel  # noqa: E402
from test_trial_update import resets, sum_of  # noqa: E402

CHECKSUM_AT = 12  # of a second stage
SETUP_SECTORS, ENTRY_64 = 0x1F1, 0x200  # Linux, Documentation/x86/boot.rst
# mov dx, 0CF9h; mov al, 6; out dx, al; hlt; and again: the same in 32-bit and 64-bit mode
RESET = bytes.fromhex("66baf90c b006 ee f4 ebf6")


def pe_entry(program):
    """Where in its file a PE program begins to run."""
    header = struct.unpack_from("<I", program, 60)[0]
    sections, optional = struct.unpack_from("<H12xH", program, header + 6)
    entry = struct.unpack_from("<I", program, header + 24 + 16)[0]
    for at in range(header + 24 + optional, header + 24 + optional + sections * 40, 40):
        size, address, _, place = struct.unpack_from("<IIII", program, at + 8)
        if address <= entry < address + size:
            return place + entry - address
    raise AssertionError("no section has its entry")


def efi_that_resets(program):
    at = pe_entry(program)
    return program[:at] + RESET + program[at + len(RESET):]


def kernel_that_resets(path):
    """Debian's, but for its first instructions, on either firmware."""
    image = bytearray(efi_that_resets(kernel("cloud-").read_bytes()))
    at = (image[SETUP_SECTORS] + 1) * 512 + ENTRY_64
    image[at:at + len(RESET)] = RESET
    path.write_bytes(image)
    return path


def stage_that_resets(stage):
    stage = bytearray(stage)
    resets(stage)
    struct.pack_into("<I", stage, CHECKSUM_AT, 0)
    struct.pack_into("<I", stage, CHECKSUM_AT, -sum_of(stage) & 0xFFFFFFFF)
    return bytes(stage)


def tool_with(path, stage, efi):
    """The tool, with another loader in it: what these make of its two files."""
    tool = (BUILD / "lintel").read_bytes()
    for name, change in (("legacy/stage2.bin", stage), ("uefi/lintelx64.efi", efi)):
        now = (BUILD / name).read_bytes()
        assert tool.count(now) == 1, f"build/lintel does not hold today's {name}"
        tool = tool.replace(now, change(now))
    path.write_bytes(tool)
    path.chmod(0o755)
    return path


def tool_that_resets(path):
    return tool_with(path, stage_that_resets, efi_that_resets)


def other_tool(path):
    """Its loader is as good, and another one."""
    return tool_with(path, lambda stage: altered(stage, True), lambda efi: altered(efi, False))
