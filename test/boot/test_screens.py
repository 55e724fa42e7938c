"""What a person sees. Screenshots stay in build/screenshots."""
import pytest
from machine import ROOT, Hardware
from ways import WAYS

FOLDER = ROOT / "build/screenshots"
DISPLAYS = {"std": (), "none": ("-vga", "none"), "virtio": ("-vga", "none", "-device",
                                                            "virtio-gpu-pci")}


def colours(machine):
    width, height, data = machine.monitor.pixels()
    return width, height, {data[at:at + 3] for at in range(0, len(data), 3)}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_screen_is_not_blank(start, images, way):
    machine = start(way.firmware, images.disks(way, ""))
    machine.wait_for(r"^claims: [^$]*^lintel> ")
    FOLDER.mkdir(parents=True, exist_ok=True)
    machine.monitor.screenshot(FOLDER / f"{way.name}.png")
    width, height, seen = colours(machine)
    assert width >= 640 and height >= 400 and len(seen) >= 3


@pytest.mark.parametrize("display", ["none", "virtio"])
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_boots_without_linear_framebuffer(boot, images, firmware, display):
    """No display at all; and virtio-gpu, which OVMF offers for block transfers only."""
    boot(firmware, [images.standard("test")], Hardware(options=DISPLAYS[display]))
