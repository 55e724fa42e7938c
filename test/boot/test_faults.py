"""A kernel that faults: the report names the vector, the address and the function."""
import pytest

REPORTS = {
    "null": (r"page fault \(vector 14\)", r"null pointer"),
    "stack": (r"page fault \(vector 14\)", r"stack guard hit"),
    "wx": (r"page fault \(vector 14\)", r"not executable|read-only"),
    "ud": (r"invalid opcode \(vector 6\)", r"RIP [0-9a-f]{16}"),
}


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
@pytest.mark.parametrize("fault", REPORTS)
def test_first_fault_explains_itself(start, images, firmware, fault):
    machine = start(firmware, [images.standard(f"fault={fault}")])
    for pattern in REPORTS[fault]:
        machine.wait_for(pattern)
    symbol = machine.wait_for(r"RIP [0-9a-f]{16}  ?(\S*)")[1]
    if fault != "wx":  # there RIP itself may lie outside the kernel's code
        assert "fault" in symbol, machine.error("the report names no function")
    machine.wait_for(r"The machine is stopped")
    assert machine.process.poll() is None
