#!/usr/bin/python3
"""Boots images/lintel.img for a person: a window where there is a display, else this terminal.

In the terminal Ctrl-A X ends QEMU, and Ctrl-A C shows its monitor.
"""
import os
import sys

from builder import make_image
from machine import ROOT, Hardware, qemu_command
from ways import VOLUME_BOOTS, WAYS, make_grub

ALIASES = {"grub": "grub-disk"}


def disks_of(way):
    """images/lintel.img behind GRUB's own disk, where GRUB is wished for."""
    image, grub = ROOT / "images/lintel.img", ROOT / "images/grub.img"
    if way.volume:
        image = ROOT / "images/lintel-fat.img"
        make_image(image, "", *VOLUME_BOOTS)
    if way.recipe:
        make_grub(way, grub)
        return [grub, image]
    return [image]


def console_arguments():
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return ["-serial", "stdio"]
    return ["-display", "none", "-serial", "mon:stdio"]


def main():
    names = list(WAYS) + list(ALIASES)
    if len(sys.argv) != 2 or sys.argv[1] not in names:
        sys.exit(f"usage: run.py {'|'.join(names)}")
    way = WAYS[ALIASES.get(sys.argv[1], sys.argv[1])]
    command = qemu_command(way.firmware, disks_of(way), Hardware()) + console_arguments()
    command.remove("-no-reboot")  # the kernel's shell can restart
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
