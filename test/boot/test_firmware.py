"""The front ends themselves, on real firmware: the contract's test, and the thunk's poison test."""
import re
import subprocess

import pytest
from builder import BUILD, make_image
from machine import Hardware
from network import BOOTFILES, by_http, by_tftp


@pytest.mark.parametrize("hardware", [Hardware(), Hardware("pc", "qemu64", "64M")],
                         ids=["q35", "pc-64M"])
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_front_end_keeps_the_contract(start, tmp_path, firmware, hardware):
    """test/firmware_contract.c in place of boot_main()."""
    image = tmp_path / "contract.img"
    make_image(image, "", "--application", BUILD / "uefi/contract.efi",
               "--second-stage", BUILD / "legacy/contract.bin")
    machine = start(firmware, [image], hardware)
    machine.wait_passed("the contract is broken")


@pytest.mark.parametrize("firmware, card", [("bios", "e1000"), ("uefi", "virtio-net-pci,romfile="),
                                            ("uefi", "e1000"), ("uefi", "")],
                         ids=["bios", "uefi", "ipxe", "http"])
def test_front_end_keeps_the_contract_by_network(start, tmp_path, firmware, card):
    """The same with files of a TFTP server, or (no card) by HTTP, and no disk."""
    root = tmp_path / "netboot"
    make_image(root, "", "--layout", "netboot", "--application", BUILD / "uefi/contract.efi",
               "--second-stage", BUILD / "legacy/contract.bin")
    network = by_tftp(firmware, card, root) if card else by_http(root, BOOTFILES[firmware])
    machine = start(firmware, [], network)
    machine.wait_passed("the contract is broken")
    assert "contract: fetch ok" in machine.output


@pytest.mark.parametrize("board", ["pc", "q35"])
def test_thunk_survives_poisoned_registers(start, tmp_path, board):
    image = tmp_path / "poison.img"
    make_image(image, "", "--second-stage", BUILD / "legacy/poison.bin")
    machine = start("bios", [image], Hardware(board=board))
    machine.wait_passed("a register did not survive")
    assert "poison: ok" in machine.output


BUG = "This is a bug in Lintel: "
MISTAKES = {
    "stack": ("s", "CPU exception 14 in the BIOS loader: its stack has overflowed. Stopped."),
    "null": ("n", "CPU exception 14 in the BIOS loader: a null pointer. Stopped."),
    "code": ("c", "CPU exception 14 in the BIOS loader: it wrote to its own code. Stopped."),
    "constants": ("k", "CPU exception 14 in the BIOS loader: it wrote to its own constants. "
                       "Stopped."),
    "data": ("d", "CPU exception 14 in the BIOS loader: it jumped to what is no code. Stopped."),
}
CANARY = ("b", "a function wrote beyond its buffer on the stack")


@pytest.mark.parametrize("firmware, mistake", [*(("bios", MISTAKES[name]) for name in MISTAKES),
                                               ("bios", CANARY), ("uefi", CANARY)],
                         ids=[*MISTAKES, "buffer-bios", "buffer-uefi"])
def test_loader_catches_its_own_mistakes(start, tmp_path, firmware, mistake):
    """test/loader_faults.c in place of boot_main()."""
    image = tmp_path / "faults.img"
    make_image(image, "", "--application", BUILD / "uefi/faults.efi",
               "--second-stage", BUILD / "legacy/faults.bin")
    key, said = mistake
    machine = start(firmware, [image])
    machine.wait_for(r"faults: which\?")
    machine.type(key)
    machine.wait_for(BUG + re.escape(said))
    assert "not caught" not in machine.output


def symbols_of_stage():
    lines = subprocess.run(["nm", BUILD / "legacy/faults.elf"], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return {name: int(value, 16) for value, _, name in map(str.split, lines)}


def test_loader_memory_is_writable_or_executable(start, tmp_path):
    """QEMU's own walk of the second stage's page tables."""
    image = tmp_path / "faults.img"
    make_image(image, "", "--second-stage", BUILD / "legacy/faults.bin")
    machine = start("bios", [image], Hardware(memory="6G"))
    machine.wait_for(r"faults: which\?")
    pages = machine.wait(machine.monitor.pages, "paging is on, between two BIOS calls")
    at = symbols_of_stage()

    def where(holds):
        return {page.virtual for page in pages if holds(page)}

    page = 4096
    assert not where(lambda page: page.writable and page.executable or page.user)
    assert where(lambda page: page.executable) == set(range(at["start"], at["constants"], page))
    assert where(lambda page: not page.writable) == {
        *range(at["start"], at["variables"], page),
        *range(at["page_directories"], at["tables_end"], page)}
    assert where(lambda page: page.physical != page.virtual) == {at["page0"]}
    mapped = where(lambda page: True)
    assert not mapped & {0, *range(at["guard"], at["stack_end"], page)}
    assert max(mapped) >= 4 << 30
    canary = machine.monitor.physical_memory(at["__stack_chk_guard"], 8)
    assert canary[0] == 0 and any(canary[1:])
