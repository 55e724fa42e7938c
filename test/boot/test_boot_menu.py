"""A real firmware starts what lintel install writes into its boot menu: once on trial, then the loader
before it."""
import shutil
import sys

from builder import ROOT, change_files, make_image
from cells import Screen
from machine import CONFIG, Hardware, Machine
from variables import GLOBAL as VENDOR
from variables import add_variables

sys.path.insert(0, str(ROOT / "test/tool"))
from disks import older_tool  # noqa: E402
from live_tree import ESP  # noqa: E402
from test_live_uefi import EFIVARS, FILE, GLOBAL, TRIAL, Debian  # noqa: E402


class Image(Debian):
    """Its disk is an image that boots; the ESP, partition 2 there, is mounted on /boot."""

    def __init__(self, folder, image):
        self.image = image
        super().__init__(folder, (("vda2", "/boot"),))
        for name in ("Boot0001", "BootOrder"):
            self.variable(name).unlink()

    def make_disk(self, types):
        self.path("dev").mkdir()
        shutil.copy(self.image, self.path("dev/vda"))
        self.add_device("vda", "254:0")
        sectors = self.image.stat().st_size // 512 - 2048 - 33
        self.add_device("vda/vda2", "254:2", 2048, sectors)

    def mount(self, partition, where, kind):
        super().mount(partition, where, ESP)

    def boots(self, count, tmp_path):
        """The loaders' own names for their files, of so many starts of a real machine."""
        disk, flash = tmp_path / "disk.img", tmp_path / "variables.fd"
        shutil.copy(self.image, disk)
        folder = self.path("boot/EFI/lintel")
        change_files(disk, {f"/EFI/lintel/{path.name}": path.read_bytes()
                            for path in folder.iterdir()})
        shutil.copy(CONFIG["firmware"]["uefi_variables"], flash)
        kept = {path.name[:-len(GLOBAL) - 1]: path.read_bytes()[4:]
                for path in self.path(EFIVARS).glob(f"Boot*-{GLOBAL}")}
        add_variables(flash, kept, VENDOR)
        for _ in range(count):
            with Machine("uefi", [disk], Hardware(variables=flash)) as machine:
                screen = Screen(machine)
                screen.wait_for_text("Enter: boot")
                yield next(fact.split()[1] for fact in screen.read_facts()
                           if fact.startswith("loader "))


def test_a_real_firmware_tries_it_once(tmp_path):
    image = tmp_path / "image"
    make_image(image, "test")
    change_files(image, {"/loader/loader.conf": "timeout menu-force\n",
                         "/EFI/lintel/lintelx64.efi": None})
    older = older_tool(tmp_path / "older")
    debian = Image(tmp_path / "root", image)
    debian.succeed("install", tool=older)
    default = "\\EFI\\BOOT\\BOOTX64.EFI"
    assert list(debian.boots(2, tmp_path)) == [FILE, default]
    debian.begin(FILE)
    debian.variable("BootNext").unlink()
    debian.succeed("bless")
    debian.succeed("install")
    assert list(debian.boots(2, tmp_path)) == [TRIAL, FILE]
