"""Started by iPXE: by the PXE interface that it offers on BIOS, as the EFI file that it chains, and
from a disk image that it lends the firmware as a disk (sanboot)."""
from pathlib import Path

import pytest
from builder import make_fat_disk, make_image
from machine import Hardware
from media import IMAGES, make_medium
from network import WEB, web_server
from report import parse_report

FOLDER = Path("/usr/lib/ipxe")
SCRIPT = "boot.ipxe"
CHAIN = "imgfree\nchain EFI/BOOT/BOOTX64.EFI"


@pytest.fixture
def ipxe(images):
    """ipxe(firmware, root, script, url) -> the disks and the hardware that run the script. The
    server's files lie in `root`; DHCP names the script below `url` (TFTP where that is empty)."""

    def prepare(firmware, root, script, url=""):
        (root / SCRIPT).write_text(f"#!ipxe\n{script}\n")
        network = f"user,id=net,restrict=on,tftp={root},bootfile={url}{SCRIPT},{web_server(root)}"
        options = ("-netdev", network, "-device", "virtio-net-pci,netdev=net,romfile=")
        if firmware == "bios":
            return [], Hardware(options=("-kernel", str(FOLDER / "ipxe.lkrn"), *options))
        program = {"/EFI/BOOT/BOOTX64.EFI": FOLDER / "ipxe.efi"}
        disk = images.shared("ipxe.img", lambda path: make_fat_disk(path, program))
        return [disk], Hardware(options=options)

    return prepare


@pytest.fixture
def netboot(tmp_path):
    make_image(tmp_path / "netboot", "test", "--layout", "netboot")
    return tmp_path / "netboot"


@pytest.mark.parametrize("firmware, script", [("bios", "chain lintel.pxe"), ("uefi", CHAIN)],
                         ids=["bios", "uefi"])
def test_ipxe_starts_lintel_by_network(boot, ipxe, netboot, firmware, script):
    facts = boot(firmware, *ipxe(firmware, netboot, script)).facts
    assert facts["medium"] == "network"
    assert facts["modules"] == "1"


def test_files_come_by_http_where_the_script_does(start, ipxe, netboot):
    """On UEFI, where iPXE lends its own downloads. A file that is missing is told; another entry
    boots then."""
    (netboot / "loader/entries/whole.conf").write_text("kernel /boot/kernel.elf\n"
                                                       "options fault=ud\n")
    (netboot / "loader/entries/gone.conf").write_text("kernel /boot/absent.elf\n")
    (netboot / "loader/loader.conf").write_text("default gone\nentry gone.conf\n"
                                                "entry whole.conf\n")
    machine = start("uefi", *ipxe("uefi", netboot, CHAIN, f"http://{WEB}/"))
    machine.wait_for(rf"HTTP server {WEB}: it has no file http://{WEB}/boot/absent\.elf")
    machine.type("1")
    machine.wait_for("The machine is stopped")
    report = parse_report(machine.output)
    assert report.complete and report.facts["entry"] == "whole"
    assert report.facts["medium"] == "network"
    assert not network_card_runs(machine)


def network_card_runs(machine):
    """It would write what comes from the network into memory that is the kernel's."""
    card, = machine.monitor.execute("x-query-virtio")
    return machine.monitor.execute("x-query-virtio-status", path=card["path"])["started"]


@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_ipxe_lends_a_disk_image(boot, ipxe, tmp_path, firmware):
    make_medium(tmp_path / "disk.img", "gpt")
    facts = boot(firmware, *ipxe(firmware, tmp_path, f"sanboot http://{WEB}/disk.img")).facts
    assert facts["medium"] == "disk"
    assert facts["partitioning"] == "GPT"
    assert facts["boot-volume"].startswith(f"partition {IMAGES['gpt'].partition},")
