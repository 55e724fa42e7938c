"""A kernel that faults: the report names the vector, the address and the function."""
import pytest
from builder import KERNEL, make_image

# The vector; what explains it; the function of kernel/machine/deliberate_fault.c that RIP lies in.
REPORTS = {
    "null": (r"page fault \(vector 14\)", r"null pointer", r"read_null_page\+0x"),
    "stack": (r"page fault \(vector 14\)", r"stack guard hit", r"overflow_stack\+0x"),
    "wx": (r"page fault \(vector 14\)", r"the page is read-only", r"write_to_text\+0x"),
    "ud": (r"invalid opcode \(vector 6\)", r"first fault", r"execute_undefined\+0x"),
    "return": (r"page fault \(vector 14\)", r"the kernel's entry function returned", ""),
}


# The same code reports on both firmwares: one fault shows that it is there on UEFI.
@pytest.mark.parametrize("firmware, fault", [*(("bios", fault) for fault in REPORTS),
                                             ("uefi", "stack")])
def test_first_fault_explains_itself(start, images, firmware, fault):
    machine = start(firmware, [images.standard(f"fault={fault}")])
    vector, reason, function = REPORTS[fault]
    machine.wait_for(vector)
    machine.wait_for(reason)
    machine.wait_for(r"RIP [0-9a-f]{16}  " + function)
    machine.wait_for(r"The machine is stopped")
    assert machine.process.poll() is None


def test_symbols_name_is_shown_as_text(start, tmp_path):
    """It is what the file says: nothing of it reaches a terminal but letters."""
    kernel, image = tmp_path / "kernel.elf", tmp_path / "disk.img"
    kernel.write_bytes(KERNEL.read_bytes().replace(b"read_null_page", b"re\x1b[2Jull_page"))
    make_image(image, "fault=null", kernel=kernel)
    machine = start("bios", [image])
    machine.wait_for(r"RIP [0-9a-f]{16}  re\?\[2Jull_page\+0x")
