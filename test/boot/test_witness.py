"""What QEMU's monitor sees from outside, against what the kernel and PROTOCOL.md say."""
import re

import pytest
from machine import ROOT, Hardware
from report import parse_report

UPPER_HALF = 1 << 63
PAGE_BYTES = 4096
MACHINES = {"max": Hardware(), "qemu64": Hardware(board="pc", cpu="qemu64", memory="64M"),
            "no-nx": Hardware(cpu="qemu64,-nx"), "large": Hardware(memory="6G", cpus=4)}
CR4_ALWAYS = 1 << 5 | 1 << 9 | 1 << 10  # PAE, OSFXSR, OSXMMEXCPT
CR4_PGE, CR4_LA57, CR4_SMEP = 1 << 7, 1 << 12, 1 << 20
EFER_LONG_MODE, EFER_NXE = 0x500, 0x800


@pytest.fixture(params=[(firmware, name) for firmware in ("bios", "uefi") for name in MACHINES],
                ids="-".join)
def settled(request, start, images):
    """A machine whose kernel has checked all claims, and was stopped by a fault before it changed
    anything that it was handed: (machine, hardware)."""
    firmware, name = request.param
    machine = start(firmware, [images.standard("fault=ud")], MACHINES[name])
    machine.wait_for(r"The machine is stopped")
    assert parse_report(machine.output).complete, machine.error("a claim failed")
    return machine, MACHINES[name]


def test_seen_from_outside(settled):
    """One boot, all witnesses: registers, the page walk, memory."""
    machine, hardware = settled
    registers = machine.monitor.registers()
    pages = machine.monitor.pages()
    check_control_registers(registers, hardware)
    check_tables(machine, registers)
    check_pages(pages, hardware)
    check_module(machine)


def check_control_registers(registers, hardware):
    modern = hardware.cpu == "max"
    assert registers["CR0"] == 0x80010033
    assert registers["CR4"] == CR4_ALWAYS | CR4_PGE | (CR4_LA57 | CR4_SMEP) * modern
    assert registers["EFER"] == EFER_LONG_MODE | EFER_NXE * ("-nx" not in hardware.cpu)


def check_tables(machine, registers):
    base, limit = registers["GDT"]
    assert limit == 55 and base >= UPPER_HALF
    table = machine.monitor.virtual_memory(base, limit + 1)
    entries = [int.from_bytes(table[at:at + 8], "little") for at in range(0, 56, 8)]
    accessed = 1 << 40
    assert [entry & ~accessed for entry in entries[:5]] == [
        0, 0x00AF9A000000FFFF & ~accessed, 0x00CF92000000FFFF & ~accessed,
        0x00CFF2000000FFFF & ~accessed, 0x00AFFA000000FFFF & ~accessed]
    base, limit = registers["IDT"]
    assert limit == 256 * 16 - 1 and base >= UPPER_HALF


def check_pages(pages, hardware):
    assert pages, "info tlb showed nothing"
    assert min(page.virtual for page in pages) >= UPPER_HALF, "the lower half is not empty"
    assert not [page for page in pages if page.user]
    if "-nx" not in hardware.cpu:
        assert not [page for page in pages if page.writable and page.executable]
    assert [page for page in pages if page.writable] and [page for page in pages if page.executable]


def check_module(machine):
    """The file's bytes lie at a page's start in memory that the map gives to kernel and modules,
    with zeroes up to the page's end."""
    module = (ROOT / "PROTOCOL.md").read_bytes()
    expected = module + bytes(-len(module) % PAGE_BYTES)
    ranges = re.findall(r"^memory: ([0-9a-f]{16}) - ([0-9a-f]{16}) kernel", machine.output,
                        re.MULTILINE)
    dumps = [machine.monitor.physical_memory(int(first, 16), int(end, 16) - int(first, 16))
             for first, end in ranges]
    places = [dump.find(expected) for dump in dumps]
    assert [place for place in places if place >= 0 and place % PAGE_BYTES == 0], machine.output
