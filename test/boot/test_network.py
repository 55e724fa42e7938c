"""Boots from the network: PXE on both firmwares, HTTP on UEFI, and servers that fail on the way.
"""
import os
from pathlib import Path

import pytest
from builder import make_image
from entries import choose_each, wrapped
from machine import Hardware
from network import BOOTFILES, WEB, by_http, by_tftp

# Firmware and card. OVMF's own drivers know virtio; e1000 brings iPXE in its ROM.
CARDS = [("bios", "e1000"), ("bios", "virtio-net-pci"), ("bios", "rtl8139"),
         ("uefi", "virtio-net-pci,romfile="), ("uefi", "e1000")]
QUICK_CARDS = [("bios", "virtio-net-pci"), ("uefi", "virtio-net-pci,romfile=")]
LOADER_CONF = "loader/loader.conf"
ENTRY = "loader/entries/lintel.conf"
LARGE_BYTES = 48 << 20
SHORT_FILE = Path("/sys/devices/system/cpu/possible")


@pytest.fixture
def folder(tmp_path):
    """folder(changes, below) -> a server's root; Lintel's files, with files replaced or (None) left
    out, lie `below` it."""

    def make(changes=(), below="."):
        root = tmp_path / "server"
        (root / below).parent.mkdir(parents=True, exist_ok=True)
        make_image(root / below, "test", "--layout", "netboot")
        for path, content in dict(changes).items():
            if content is None:
                (root / path).unlink()
            else:
                (root / path).write_bytes(content)
        return root

    return make


@pytest.mark.parametrize("firmware, card", CARDS)
def test_every_claim_holds(boot, folder, firmware, card):
    report = boot(firmware, [], by_tftp(firmware, card, folder()))
    assert report.facts["medium"] == "network"
    assert report.facts["modules"] == "1"


def test_every_claim_holds_by_http(boot, folder):
    report = boot("uefi", [], by_http(folder(), BOOTFILES["uefi"]))
    assert report.facts["medium"] == "network"


@pytest.mark.parametrize("firmware, card", QUICK_CARDS)
def test_files_lie_beside_the_loader(boot, images, folder, firmware, card):
    """In a folder below the server's root; and not on the disk, which could boot as well."""
    disk = Hardware(options=(
        "-drive", f"if=none,id=local,format=raw,snapshot=on,file={images.standard('test')}",
        "-device", "virtio-blk-pci,drive=local"))
    report = boot(firmware, [], by_tftp(firmware, card, folder(below="some/where"), "some/where/",
                                        hardware=disk))
    assert report.facts["medium"] == "network"


def expect_message(machine, pattern):
    """One message, and then a machine that still stands: no reset (QEMU runs with -no-reboot)."""
    machine.wait_for(pattern)
    assert machine.output.count("claims:") == 0
    assert machine.process.poll() is None, machine.error("QEMU ended")


# What is on the server; what the messages of one entry after the other must say.
MISSING = {
    "loader.conf": ({LOADER_CONF: None}, [r"loader\.conf is missing or names no entry"]),
    "entry": ({LOADER_CONF: b"entry gone.conf\n"}, [r"no file loader/entries/gone\.conf"]),
    "files": ({LOADER_CONF: b"entry lintel.conf\nentry a.conf\n",
               ENTRY: b"kernel /boot/absent.elf\n",
               "loader/entries/a.conf": b"kernel /boot/kernel.elf\nmodule /boot/gone.bin\n"},
              [r"no file boot/absent\.elf", r"no file boot/gone\.bin"]),
}


@pytest.mark.parametrize("firmware, card", QUICK_CARDS)
@pytest.mark.parametrize("case", MISSING)
def test_missing_file(start, folder, firmware, card, case):
    changes, (first, *others) = MISSING[case]
    machine = start(firmware, [], by_tftp(firmware, card, folder(changes)))
    expect_message(machine, rf"TFTP server 10\.0\.2\.2.*{first}")
    choose_each(machine, others, 2)


def test_missing_file_by_http(start, folder):
    root = folder({ENTRY: b"kernel /boot/absent.elf\n"})
    expect_message(start("uefi", [], by_http(root, BOOTFILES["uefi"])),
                   rf"HTTP server {WEB}.*no file http://{WEB}/boot/absent\.elf")


@pytest.mark.parametrize("firmware, card", QUICK_CARDS)
def test_transfer_that_ends_early(start, folder, firmware, card):
    """The kernel claims a whole page for each file in /sys, which holds a line."""
    root = folder({ENTRY: b"kernel /boot/kernel.elf\nmodule /boot/short.bin\n"})
    (root / "boot/short.bin").symlink_to(SHORT_FILE)
    expect_message(start(firmware, [], by_tftp(firmware, card, root)),
                   rf"TFTP server 10\.0\.2\.2: boot/short\.bin: the transfer ended after "
                   rf"{len(SHORT_FILE.read_bytes())} of {SHORT_FILE.stat().st_size} bytes")


def test_transfer_that_ends_early_by_http(start, folder):
    root = folder({"boot/kernel.elf.claims": b"300000"})
    os.truncate(root / "boot/kernel.elf", 5000)
    expect_message(start("uefi", [], by_http(root, BOOTFILES["uefi"])),
                   rf"HTTP server {WEB}: .*/boot/kernel\.elf: the transfer ended after 5000 of "
                   r"300000 bytes")


def expect_change(machine, before, now):
    """The message, in a menu from which another kernel boots: no memory was overwritten."""
    expect_message(machine, wrapped(
        rf"server [\d.]+: \S*boot/other\.bin: had {before} bytes a moment ago, and has {now} now"))
    machine.type("1")
    machine.wait_for(r"^claims: (\d+) of \1 passed")


CHANGES = [*((*card, 200_000) for card in CARDS), *((*card, 99_999) for card in QUICK_CARDS)]


@pytest.mark.parametrize("firmware, card, now", CHANGES)
def test_file_that_changes(start, folder, firmware, card, now):
    """Its size was asked for with all others', before the first was fetched."""
    root = folder({"boot/large.bin": bytes(LARGE_BYTES // 3), "boot/other.bin": bytes(100_000),
                   ENTRY: b"kernel /boot/kernel.elf\nmodule /boot/large.bin\n"
                          b"module /boot/other.bin\n"})
    machine = start(firmware, [], by_tftp(firmware, card, root))
    machine.wait_for(r"fetching /boot/large\.bin")
    (root / "boot/other.bin").write_bytes(bytes(now))
    expect_change(machine, 100_000, now)


@pytest.mark.parametrize("now", [200_000, 99_999])
def test_file_that_changes_by_http(start, folder, now):
    root = folder({"boot/other.bin": bytes(100_000), "boot/other.bin.then": bytes(now),
                   ENTRY: b"kernel /boot/kernel.elf\nmodule /boot/other.bin\n"})
    expect_change(start("uefi", [], by_http(root, BOOTFILES["uefi"])), 100_000, now)


@pytest.mark.parametrize("firmware, card", QUICK_CARDS)
def test_server_that_stops_answering(start, folder, firmware, card):
    root = folder({"boot/large.bin": bytes(LARGE_BYTES),
                   ENTRY: b"kernel /boot/kernel.elf\nmodule /boot/large.bin\n"})
    machine = start(firmware, [], by_tftp(firmware, card, root))
    machine.wait_for(r"fetching /boot/large\.bin")
    machine.monitor.execute("set_link", name="net0", up=False)
    expect_message(machine, r"TFTP server 10\.0\.2\.2: boot/large\.bin: the server does not answer")


@pytest.mark.parametrize("damage", ["cut short", "bit flip"])
def test_loader_that_arrives_damaged(start, folder, damage):
    root = folder()
    program = root / "lintel.pxe"
    content = bytearray(program.read_bytes())
    if damage == "bit flip":
        content[40000] ^= 0x10
    else:
        del content[-5000:]
    program.write_bytes(content)
    expect_message(start("bios", [], by_tftp("bios", "e1000", root)),
                   r"Lintel: bad stage 2: .* over the network")
