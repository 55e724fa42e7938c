"""The front ends themselves, on real firmware: the contract's test, and the thunk's poison test."""
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
