"""Machines on a network. QEMU's user network is DHCP, TFTP and, through http_responder.py, HTTP
server; no packet leaves it."""
import sys
from dataclasses import replace

from machine import ROOT, Hardware

BOOTFILES = {"bios": "lintel.pxe", "uefi": "EFI/BOOT/BOOTX64.EFI"}
WEB = "10.0.2.100"
NO_PXE = tuple(argument for version in "46" for argument in
               ("-fw_cfg", f"name=opt/org.tianocore/IPv{version}PXESupport,string=n"))


def web_server(root):
    """What makes QEMU's user network answer HTTP requests with the files in `root`."""
    command = f"{sys.executable} {ROOT / 'test/boot/http_responder.py'} {root}"
    return f"guestfwd=tcp:{WEB}:80-cmd:{command}"


def on_network(card, settings, hardware=Hardware()):
    return replace(hardware, options=(
        *hardware.options, "-netdev", f"user,id=net0,restrict=on,{settings}",
        "-device", f"{card},netdev=net0,bootindex=0"))


def by_tftp(firmware, card, root, below="", **others):
    return on_network(card, f"tftp={root},bootfile={below}{BOOTFILES[firmware]}", **others)


def by_http(root, path, card="virtio-net-pci,romfile="):
    return on_network(card, f"bootfile=http://{WEB}/{path},{web_server(root)}",
                      Hardware(options=NO_PXE))
