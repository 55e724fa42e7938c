"""Linux and what else speaks its boot protocol: Debian's kernels with an initramfs of ours, whose
init says what it sees."""
import re
from pathlib import Path

from builder import BUILD, make_image

GUESTS = BUILD / "guests"
MEMTEST = GUESTS / "boot/memtest86+x64.bin"
MEMTEST_32 = GUESTS / "boot/memtest86+ia32.bin"
MEMDISK = GUESTS / "usr/lib/syslinux/memdisk"
IPXE = Path("/usr/lib/ipxe/ipxe.lkrn")
INSTALLER = GUESTS / "usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64"
SERIAL = "console=ttyS0"

# busybox is static; `poweroff` ends QEMU.
INIT = rb"""#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
say() { echo "guest: $1 = $2"; }
say cmdline "$(/bin/busybox cat /proc/cmdline)"
say second "$(/bin/busybox cat /second)"
say extras "$(cd /.extra && /bin/busybox find . -type f | /bin/busybox sort |
    while read -r file; do /bin/busybox stat -c '%n %a' $file; /bin/busybox cat $file; echo; done |
    /bin/busybox tr '\n' ' ')"
say memory "$(/bin/busybox awk '/MemTotal/ { print $2 }' /proc/meminfo)"
say loader "$(/bin/busybox cat /proc/sys/kernel/bootloader_type)"
say screen "$(/bin/busybox cat /proc/fb)"
# ext_ramdisk_image: the upper half of the initrds' address
say gib_4 "$(/bin/busybox hexdump -s 192 -n 4 -e '1/4 "%d"' /sys/kernel/boot_params/data)"
/bin/busybox test -d /sys/firmware/efi && say efi yes || say efi no
/bin/busybox insmod /edd.ko 2>/dev/null
for disk in /sys/firmware/edd/int13_*; do
    cd $disk && say ${disk##*_} "$(echo $(/bin/busybox cat \
        version extensions legacy_max_head sectors mbr_signature))"
done
say end end
/bin/busybox poweroff -f
"""
DIRECTORY, FILE, DEVICE = 0o040755, 0o100755, 0o020600


def kernel(flavour=""):
    """Debian's kernel: "cloud-" or the ordinary one."""
    files = [file for file in (GUESTS / "boot").glob("vmlinuz-*")
             if ("cloud-" in file.name) == bool(flavour)]
    assert len(files) == 1, f"one vmlinuz-*{flavour}amd64 in build/guests/boot: make guests"
    return files[0]


def cpio_entry(number, name, mode, content, device=(0, 0)):
    name = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return pad(head) + pad(content)


def pad(data, alignment=4):
    return data + bytes(-len(data) % alignment)


def cpio(*entries):
    """A newc archive (Linux, Documentation/driver-api/early-userspace/buffer-format.rst)."""
    return b"".join(cpio_entry(number, *entry) for number, entry
                    in enumerate((*entries, ("TRAILER!!!", 0, b"")), 1))


def first_initrd(folder):
    """busybox and init. One byte more than a multiple of 4: Linux loses the next archive unless
    the loader pads this one."""
    path = folder / "first.img"
    busybox = (GUESTS / "bin/busybox").read_bytes()
    folders = [(name, DIRECTORY, b"") for name in ("bin", "dev", "proc", "sys")]
    path.write_bytes(cpio(*folders, ("dev/console", DEVICE, b"", (5, 1)),
                          ("bin/busybox", FILE, busybox), ("init", FILE, INIT)) + b"\0")
    assert path.stat().st_size % 4 == 1
    return path


def second_initrd(folder):
    path = folder / "second.img"
    path.write_bytes(cpio(("second", FILE, b"from the second initrd")))
    return path


def edd_initrd(folder, bzimage):
    """The kernel's driver that shows what a BIOS said of its disks."""
    version = bzimage.name.removeprefix("vmlinuz-")
    driver = GUESTS / f"lib/modules/{version}/kernel/drivers/firmware/edd.ko"
    path = folder / "edd.img"
    path.write_bytes(cpio(("edd.ko", FILE, driver.read_bytes())))
    return path


def linux_image(path, bzimage, command_line, *initrds):
    """An image that boots the kernel at once."""
    options = [word for initrd in initrds for word in ("--initrd", f"{initrd}={initrd.name}")]
    make_image(path, command_line, *options, "--size", "128M", kernel=f"{bzimage}=kernel",
               modules=())


def user_space_image(folder, bzimage, options, *more):
    """To user space, with two initrds or more."""
    path = folder / "linux.img"
    linux_image(path, bzimage, f"{SERIAL} {options}", first_initrd(folder), second_initrd(folder),
                *more)
    return path


def guest_facts(output):
    return dict(re.findall(r"guest: (\w+) = (.*?)\r?$", output, re.MULTILINE))
