#!/usr/bin/python3
"""Makes the folder that a TFTP or HTTP server hands out to machines that boot from the network.

It holds the ordinary image's files, with lintel.pxe for BIOS, and a loader.conf that names each
entry, because a server can't be asked what there is. DHCP has to name lintel.pxe, or
EFI/BOOT/BOOTX64.EFI: all paths count from the folder that the first, or EFI, lies in.
"""
import argparse
import shutil
from pathlib import Path, PurePosixPath

from make_image import BUILD, ROOT, standard_tree

LOADER_CONF = "/loader/loader.conf"
ENTRIES = PurePosixPath("/loader/entries")
LISTING = "# entry: the name of a file in entries/, for servers, which can't list them\n"


def make_netboot(folder, tree):
    """Writes `tree` (as standard_tree() gives it) to a new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    files = {**tree, "/lintel.pxe": BUILD / "legacy/lintel.pxe", LOADER_CONF: listing_conf(tree)}
    for path, content in files.items():
        target = Path(folder, path.lstrip("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read(content))


def listing_conf(tree):
    """loader.conf with an `entry` line for each entry of the tree."""
    paths = map(PurePosixPath, tree)
    lines = [f"entry {path.name}\n" for path in sorted(paths) if path.parent == ENTRIES]
    return read(tree[LOADER_CONF]) + "".join([LISTING, *lines]).encode()


def read(content):
    return content if isinstance(content, bytes) else Path(content).read_bytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "images/netboot")
    make_netboot(parser.parse_args().output, standard_tree())


if __name__ == "__main__":
    main()
