"""The other CPUs: started by Lintel, parked until the kernel writes an address. That they are as
PROTOCOL.md says is what the kernel's claims C34 to C38 prove, each CPU by itself."""
import re

import pytest
from builder import build_kernel, make_image
from machine import Hardware

WINDOW = range(0xFFFFFF0000000000, 0xFFFFFF8000000000)
CR4_PGE = 1 << 7
RFLAGS_INTERRUPT = 1 << 9


@pytest.mark.parametrize("firmware, cpus", [("bios", 2), ("bios", 8), ("bios", 64), ("uefi", 8)])
def test_every_cpu_comes(boot, images, firmware, cpus):
    report = boot(firmware, [images.standard("test limit=16")], Hardware(cpus=cpus))
    assert report.facts["cpus"] == f"{cpus}, 0 missing"


def test_cpu_without_a_local_apic(start, images):
    """What could not be started is counted, and the log says why."""
    hardware = Hardware(cpu="qemu64,-apic", cpus=2)
    machine = start("bios", [images.standard("test limit=16 log")], hardware)
    machine.wait_for(r"^claims: (\d+) of \1 passed")
    assert "cpus = 1, 1 missing" in machine.output
    assert re.search(r"^log: .*no local APIC", machine.output, re.MULTILINE)


PATIENT_KERNEL = """
#include "lintel.h"
LINTEL_REQUEST(.flags = LINTEL_REQUEST_CPUS, .paging_levels = 5);
void kernel_main(const struct lintel_boot_info *info)
{
    for (const char *text = info->processor_count == 3 ? "parked" : "missing"; *text; text++)
        __asm__ volatile("outb %b0, %w1" : : "a"(*text), "d"(0x3f8));
    for (;;)
        __asm__ volatile("hlt");
}
"""


@pytest.fixture(scope="session")
def patient_kernel(tmp_path_factory):
    """A kernel that leaves the CPUs where they are."""
    return build_kernel(tmp_path_factory.mktemp("patient"), PATIENT_KERNEL)


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_parked_cpus_seen_from_outside(start, tmp_path, patient_kernel, firmware):
    image = tmp_path / "patient.img"
    make_image(image, kernel=patient_kernel)
    machine = start(firmware, [image], Hardware(cpus=3))
    machine.wait_for(r"parked")
    first, *others = machine.monitor.all_registers()
    assert len(others) == 2
    for registers in others:
        assert registers["RIP"] in WINDOW and registers["RSP"] in WINDOW
        assert registers["RFL"] & RFLAGS_INTERRUPT == 0
        assert registers["CR4"] == first["CR4"] & ~CR4_PGE  # on when the CPU leaves
        for name in ("CR0", "CR3", "EFER", "IDT"):
            assert registers[name] == first[name], name
        assert registers["HLT"] == 0
    assert len({registers["GDT"] for registers in (first, *others)}) == 3
    assert len({registers["RSP"] >> 14 for registers in (first, *others)}) == 3


FAULTY_KERNEL = """
#include "lintel.h"
LINTEL_REQUEST(.flags = LINTEL_REQUEST_CPUS);
static void overflow(struct lintel_processor *processor)
{
    *(volatile char *)(processor->stack_top - LINTEL_PROCESSOR_STACK_BYTES - 1) = 1;
}
void kernel_main(const struct lintel_boot_info *info)
{
    for (uint64_t i = 1; i < info->processor_count; i++)
        info->processors[i].entry = overflow;
    for (;;)
        __asm__ volatile("hlt");
}
"""


def test_fault_of_another_cpu_explains_itself(start, tmp_path):
    """On its own fault stack; and of several CPUs only the first one reports."""
    image = tmp_path / "faulty.img"
    make_image(image, kernel=build_kernel(tmp_path, FAULTY_KERNEL))
    machine = start("bios", [image], Hardware(cpus=4))
    machine.wait_for(r"writing 0xffffff\w+: stack guard hit")
    machine.wait_for(r"the stack that this CPU was started on")
    machine.wait_for(r"The machine is stopped")
    assert machine.output.count("the kernel's first fault") == 1
