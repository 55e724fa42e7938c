"""Started by iPXE, which offers the PXE interface of a network card's ROM to what it loads."""
import subprocess
from pathlib import Path

from machine import Hardware
from media import KERNEL, MODULE, TOOL

IPXE = Path("/usr/lib/ipxe/ipxe.lkrn")


def test_ipxe_starts_lintel_by_network(boot, tmp_path):
    folder = tmp_path / "netboot"
    subprocess.run([TOOL, "image", "--layout", "netboot", "--output", folder, "--kernel", KERNEL,
                    "--module", MODULE, "--cmdline", "test"], check=True)
    network = f"user,id=net,restrict=on,tftp={folder},bootfile=lintel.pxe"
    hardware = Hardware(options=("-kernel", str(IPXE), "-netdev", network,
                                 "-device", "virtio-net-pci,netdev=net,romfile="))
    assert boot("bios", [], hardware).facts["medium"] == "network"
