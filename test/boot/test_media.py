"""Every medium that a PC's firmware starts from. The kernel proves its claims, and knows where it
came from."""
import re

import pytest
from media import IMAGES, machine_with, shared_medium

DISKS = ("ide", "ahci", "virtio-blk", "virtio-scsi", "usb")
CDS = ("cd-ide", "cd-ahci", "cd-virtio-scsi", "cd-usb")
BIOS = {
    **dict.fromkeys(("floppy-1440", "floppy-2880"), ("floppy",)),
    **dict.fromkeys(("mbr-fat16", "mbr-fat32-inactive", "mbr-fat16-logical-inactive",
                     "mbr-fat32-logical"), DISKS),
    "mbr-ext4": ("ide", "virtio-blk"),
    "gpt": (*DISKS, "nvme"),
    "gpt-4096": ("nvme",),  # SeaBIOS does not see any other disk with such sectors
    "cd": CDS,
    "cd-as-disk": (*DISKS, "nvme"),
}
# A boot of OVMF costs ten of SeaBIOS: each image, and each drive, occurs at least once. Disks made
# by the other image maker boot on OVMF in test_ways.py.
UEFI = {
    "mbr-fat16": ("usb",),
    "mbr-fat32-inactive": ("ahci",),
    "mbr-fat16-logical-inactive": ("virtio-scsi",),
    "mbr-fat32-logical": ("virtio-blk",),
    "gpt": ("ide", "usb"),
    "gpt-4096": ("nvme", "virtio-scsi"),
    "cd": CDS,
    "cd-as-disk": ("ahci", "usb"),
}


def rows():
    for firmware, table in (("bios", BIOS), ("uefi", UEFI)):
        for image, drives in table.items():
            for drive in drives:
                yield pytest.param(firmware, image, drive, id=f"{firmware}-{image}-{drive}")


@pytest.mark.parametrize("firmware, image, drive", rows())
def test_medium_boots(boot, images, firmware, image, drive):
    file = shared_medium(images, image)
    sector_bytes = 4096 if image == "gpt-4096" else 512
    facts = boot(firmware, [], machine_with(drive, file, sector_bytes)).facts
    expected = IMAGES[image]
    assert facts["medium"] == expected.medium
    assert facts["partitioning"] == expected.partitioning
    assert re.match(rf"partition {expected.partition}, [1-9]\d* sectors", facts["boot-volume"])
