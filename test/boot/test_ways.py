"""Every way in, on every machine: the kernel proves each claim of PROTOCOL.md itself."""
import pytest
from builder import make_image
from machine import CONFIG, Hardware
from ways import WAYS

MATRIX = CONFIG["matrix"]


def rows():
    """Each CPU model with each amount of memory. Boards and CPU counts alternate so that every
    value of one column meets every value of another. Behind GRUB the machine is the same again: there
    each CPU model and each amount of memory comes once."""
    for way in WAYS.values():
        for i, (name, cpu) in enumerate(MATRIX["cpu_models"].items()):
            for j, memory in enumerate(MATRIX["memory"]):
                board = MATRIX["boards"][(i + j) % 2]
                cpus = MATRIX["cpus"][(i + j // 2) % 2]
                if not way.recipe or j == i % len(MATRIX["memory"]):
                    yield pytest.param(way, Hardware(board, cpu, memory, cpus),
                                       id=f"{way.name}-{board}-{name}-{memory}-{cpus}cpu")


@pytest.mark.parametrize("way, hardware", rows())
def test_every_claim_holds(boot, images, way, hardware):
    report = boot(way.firmware, images.disks(way), hardware)
    assert report.facts["firmware"].lower().startswith(way.firmware)
    levels = 5 if hardware.cpu in ("max", "max,-pdpe1gb") else 4
    assert report.facts["paging-levels"] == str(levels)
    assert report.facts["cpus"] == f"{hardware.cpus}, 0 missing"


@pytest.mark.parametrize("firmware, disk", [
    ("bios", "nvme"), ("uefi", "nvme"), ("uefi", "virtio-blk-pci")])
def test_disk_with_4096_byte_sectors(boot, images, firmware, disk):
    def make(path):
        make_image(path, "test", "--sector-bytes", "4096")

    hardware = Hardware(disk=f"{disk},logical_block_size=4096,physical_block_size=4096")
    boot(firmware, [images.shared("4096.img", make)], hardware)


@pytest.mark.parametrize("disk", ["virtio-blk-pci", "nvme"])
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_other_disk_controllers(boot, images, firmware, disk):
    boot(firmware, [images.standard("test")], Hardware(disk=disk))
