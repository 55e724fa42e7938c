"""Makes disks that boot GRUB and then, by one recipe of config/grub.cfg, Lintel on another disk."""
import subprocess
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from builder import CONFIG, MIB, make_empty, make_fat_disk

LIBRARY = Path("/usr/lib/grub")
MODULES = {"i386-pc": ["biosdisk"], "x86_64-efi": ["minicmd"]}
COMMON_MODULES = ("boot chain fat memdisk multiboot2 normal part_gpt part_msdos regexp search "
                  "search_fs_file serial tar terminal test").split()
# What GRUB itself complains about shall be seen in a test's output.
PREAMBLE = "serial --speed=115200\nterminal_output serial console\nset timeout=0\n"


def make_grub_bios(path, recipe, configuration=None, *modules):
    """boot.img with core.img behind it: an unpartitioned disk."""
    boot = (LIBRARY / "i386-pc/boot.img").read_bytes()
    core = core_image("i386-pc", configuration or chosen(recipe), *modules)
    make_empty(path, MIB)
    with open(path, "r+b") as disk:
        disk.write(boot + core)


def make_grub_efi(path, recipe, configuration=None):
    """A FAT disk that holds nothing but GRUB."""
    core = core_image("x86_64-efi", configuration or chosen(recipe))
    make_fat_disk(path, {"/EFI/BOOT/BOOTX64.EFI": core})


def chosen(recipe):
    return PREAMBLE + f"set default={recipe}\n" + (CONFIG / "grub.cfg").read_text()


def core_image(platform, configuration, *modules):
    """GRUB reads grub.cfg from a tar file inside the image: an embedded configuration proper has
    no menu entries."""
    with tempfile.TemporaryDirectory() as folder:
        memory_disk, image = Path(folder, "memdisk.tar"), Path(folder, "core.img")
        memory_disk.write_bytes(tar_of("boot/grub/grub.cfg", configuration.encode()))
        subprocess.run(["grub-mkimage", "-O", platform, "-o", image, "-p", "(memdisk)/boot/grub",
                        "-m", memory_disk, *COMMON_MODULES, *MODULES[platform], *modules],
                       check=True)
        return image.read_bytes()


def tar_of(name, data):
    archive = BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        tar.addfile(member, BytesIO(data))
    return archive.getvalue()
