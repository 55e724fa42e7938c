"""A small guest that moves to Lintel by itself: Debian's kernel, busybox and the tool on ext4. GRUB
starts it from the gap of an MBR, systemd-boot from the EFI system partition of a GPT."""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "boot"), str(HERE.parent / "tool")]
from builder import BUILD, MIB, make_empty  # noqa: E402
from computer import Computer  # noqa: E402
from disks import put_grub  # noqa: E402
from grub import PREAMBLE  # noqa: E402
from linux_guest import DEVICE, DIRECTORY, FILE, GUESTS, cpio, kernel  # noqa: E402

UUID = "11111111-2222-4333-8444-555555555555"
VERSION = kernel("cloud-").name.removeprefix("vmlinuz-")
OPTIONS = "console=ttyS0 quiet panic=-1"
SYSTEMD_BOOT = GUESTS / "usr/lib/systemd/boot/efi/systemd-bootx64.efi"
READY = "guest: ready"
MODULES = ("drivers/virtio/virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci",
           "drivers/block/virtio_blk", "fs/nls/nls_cp437 nls_iso8859-1 nls_ascii",
           "fs/fat/fat vfat", "fs/efivarfs/efivarfs")
DISK_MIB = 96
FIRST = 2048  # LBA of the root file system (BIOS), of the EFI system partition (UEFI)
ESP_MIB = 20

# Loads what the cloud kernel has in modules, and goes over to the disk.
INITRAMFS = r"""#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
for module in $(cat /modules/order); do
    [ $module = efivarfs ] && [ ! -d /sys/firmware/efi ] || insmod /modules/$module.ko
done
root=$(findfs $(sed 's/.*root=\([^ ]*\).*/\1/' /proc/cmdline))
mount -t ext4 -o rw "$root" /disk || exec sh
for folder in dev proc sys; do mount --move /$folder /disk/$folder; done
exec switch_root /disk /sbin/init
"""
# /dev/console has no terminal's signals; cttyhack finds the one that has.
INIT = f"""#!/bin/sh
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
if [ -d /sys/firmware/efi ]; then
    mount -t efivarfs efivars /sys/firmware/efi/efivars
    mount -t vfat /dev/vda1 /boot/efi
fi
echo 90000 >/proc/sys/vm/dirty_writeback_centisecs # a test says when
echo "{READY}"
while :; do setsid cttyhack sh; done
"""


# ---- files ---------------------------------------------------------------------------------------

def busybox_names():
    return subprocess.run([GUESTS / "bin/busybox", "--list"], check=True, capture_output=True,
                          text=True).stdout.split()


def libraries(program):
    """What a program is linked to, by the paths under which it looks for them."""
    said = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return [word for line in said.splitlines() for word in line.split() if word.startswith("/")]


def initramfs():
    folder = GUESTS / f"lib/modules/{VERSION}/kernel"
    files = [(folder / first).parent / f"{name}.ko" for first, *others in
             (row.split() for row in MODULES) for name in (Path(first).name, *others)]
    order = " ".join(file.stem for file in files)
    return cpio(*((name, DIRECTORY, b"") for name in ("bin", "dev", "proc", "sys", "disk", "modules")),
                ("dev/console", DEVICE, b"", (5, 1)),
                ("bin/busybox", FILE, (GUESTS / "bin/busybox").read_bytes()),
                ("init", FILE, INITRAMFS.encode()), ("modules/order", FILE, order.encode()),
                *((f"modules/{file.name}", FILE, file.read_bytes()) for file in files))


def root_tree(folder, tools):
    """The root file system's files. `tools`: name below /usr/bin -> a program of this host."""
    for name in ("bin sbin dev proc sys tmp run root boot/efi boot/grub etc/default usr/bin var/lib "
                 "etc/systemd/system/basic.target.wants").split():
        (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(GUESTS / "bin/busybox", folder / "bin/busybox")
    for name in busybox_names():
        if name != "busybox":
            (folder / "bin" / name).symlink_to("busybox")
    for name, program in tools.items():
        shutil.copy(program, folder / "usr/bin" / name)
    for library in libraries(BUILD / "lintel"):
        path = folder / library[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, path)
    shutil.copy(kernel("cloud-"), folder / f"boot/vmlinuz-{VERSION}")
    (folder / f"boot/initrd.img-{VERSION}").write_bytes(initramfs())
    for name, text in (("sbin/init", INIT), ("etc/machine-id", "0123456789abcdef" * 2 + "\n"),
                       ("etc/os-release", 'ID=debian\nPRETTY_NAME="A guest"\n'),
                       ("etc/default/grub", f'GRUB_CMDLINE_LINUX="{OPTIONS}"\n'),
                       ("etc/systemd/system/basic.target.wants/lintel-bless.service", "")):
        (folder / name).write_text(text)
    (folder / "sbin/init").chmod(0o755)
    return folder


# ---- disks ---------------------------------------------------------------------------------------

def partition(path, script):
    subprocess.run(["sfdisk", "--quiet", path], input=script, text=True, check=True)


def format_root(path, first, tree):
    mib = DISK_MIB - first * 512 // MIB - 1
    subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-U", UUID, "-E",
                    f"offset={first * 512}", "-d", tree, path, f"{mib}M"], check=True)


def make_bios_disk(path, tree):
    make_empty(path, DISK_MIB * MIB)
    partition(path, f"label: dos\nstart={FIRST}, type=83, bootable\n")
    format_root(path, FIRST, tree)
    put_grub(path, 1, PREAMBLE + f"""
menuentry "the guest, by GRUB" {{
    linux (hd0,msdos1)/boot/vmlinuz-{VERSION} root=UUID={UUID} {OPTIONS}
    initrd (hd0,msdos1)/boot/initrd.img-{VERSION}
}}
""", "linux", "ext2")


def make_uefi_disk(path, tree):
    """systemd-boot's entry has its kernel beside it: it reads FAT only."""
    make_empty(path, DISK_MIB * MIB)
    root = FIRST + ESP_MIB * MIB // 512
    partition(path, f"label: gpt\nstart={FIRST}, size={ESP_MIB * MIB // 512}, type=U\n"
                    f"start={root}, type=L\n")
    format_root(path, root, tree)
    subprocess.run(["mkfs.fat", "-F", "16", "--invariant", "--offset", str(FIRST), path,
                    str(ESP_MIB * 1024)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with tempfile.TemporaryDirectory() as folder:
        esp = Path(folder)
        for name in ("EFI/systemd", "EFI/BOOT", "loader/entries"):
            (esp / name).mkdir(parents=True)
        shutil.copy(SYSTEMD_BOOT, esp / "EFI/systemd")
        shutil.copy(SYSTEMD_BOOT, esp / "EFI/BOOT/BOOTX64.EFI")
        for name in (f"vmlinuz-{VERSION}", f"initrd.img-{VERSION}"):
            shutil.copy(tree / "boot" / name, esp)
        (esp / "loader/loader.conf").write_text("timeout 1\n")
        (esp / "loader/entries/guest.conf").write_text(
            f"title the guest, by systemd-boot\nlinux /vmlinuz-{VERSION}\n"
            f"initrd /initrd.img-{VERSION}\noptions root=UUID={UUID} {OPTIONS}\n")
        subprocess.run(["mcopy", "-s", "-m", "-i", f"{path}@@{FIRST * 512}",
                        *sorted(esp.iterdir()), "::/"], check=True)


MAKE = {"bios": make_bios_disk, "uefi": make_uefi_disk}


def make_guest(firmware, folder, tools, kind=Computer):
    """A computer with such a disk, whose power is off."""
    disk = folder / "disk.img"
    with tempfile.TemporaryDirectory() as tree:
        MAKE[firmware](disk, root_tree(Path(tree), tools))
    return kind(firmware, [disk], folder, f"{READY}\n")
