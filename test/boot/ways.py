"""The ways into Lintel: which firmware, which disks in boot order. Images are made once, shared."""
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from builder import make_image
from grub import make_grub_bios, make_grub_efi

# What lintel is told so that the volume can be started by itself.
VOLUME_BOOTS = ("--layout", "mbr", "--fat-vbr")


@dataclass(frozen=True)
class Way:
    """How the machine gets from its firmware to Lintel."""

    name: str
    firmware: str          # "bios" or "uefi"
    recipe: str = ""       # the entry of config/grub.cfg; "": no GRUB
    volume: bool = False   # Lintel's boot sector lies in a FAT volume of an MBR disk
    title: str = ""


WAYS = {way.name: way for way in (
    Way("bios", "bios", title="SeaBIOS"),
    Way("uefi", "uefi", title="OVMF"),
    Way("grub-disk", "bios", "disk", title="GRUB, disk"),
    Way("grub-volume", "bios", "volume", volume=True, title="GRUB, volume"),
    Way("grub-multiboot2", "bios", "multiboot2", title="GRUB, multiboot2"),
    Way("grub-efi", "uefi", "efi", title="GRUB, EFI"),
)}


def make_grub(way, path):
    """The disk that GRUB boots from, whose recipe leads to Lintel on the next one."""
    if way.firmware == "uefi":
        make_grub_efi(path, way.recipe)
    else:
        make_grub_bios(path, way.recipe)


class Images:
    """A folder of images that several processes may fill at once: whoever is first, wins."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def shared(self, name, make):
        """The file `name`, which `make(path)` writes where it does not exist yet."""
        path = self.folder / name
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=self.folder) as workshop:
                draft = Path(workshop, name)
                make(draft)
                os.replace(draft, path)
        return path

    def grub(self, way):
        return self.shared(f"{way.name}.grub.img", lambda path: make_grub(way, path))

    def standard(self, command_line, volume=False):
        """The ordinary image with a command line for the kernel."""
        name = f"standard-{command_line or 'plain'}{'-volume' * volume}.img".replace(" ", "_")
        options = VOLUME_BOOTS if volume else ()
        return self.shared(name, lambda path: make_image(path, command_line, *options))

    def disks(self, way, command_line="test"):
        """The disks of this way in, with the ordinary image as the last."""
        image = self.standard(command_line, way.volume)
        return [self.grub(way), image] if way.recipe else [image]
