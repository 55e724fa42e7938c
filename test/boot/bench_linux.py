"""`make bench`, Linux: Debian's cloud kernel and an initrd of 64 MiB, from the loader's first
instruction to the kernel's, by Lintel, GRUB and systemd-boot. The kernel's entries only stamp the
moment (test/bench/linux.asm); the rest of the file is as it is."""
import struct

from builder import BUILD, make_fat_disk, make_image
from grub import core_image, make_grub_bios
from linux_guest import GUESTS, kernel

SYSTEMD_BOOT = GUESTS / "usr/lib/systemd/boot/efi/systemd-bootx64.efi"
DISK_MIB = 160
GRUB_CONFIG = """search --no-floppy --set=root --file /vmlinuz
linux /vmlinuz quiet
initrd /initrd
boot
"""
ENTRY = "title Linux\nlinux /vmlinuz\ninitrd /initrd\noptions quiet\n"
EFI_ENTRY, HANDOVER = 0x400, 0x600  # linux.asm; the 64-bit handover entry lies 200h behind


def stamping_kernel(bench):
    """Debian's kernel with the stand-in at each of its entries."""
    image = bytearray(kernel("cloud-").read_bytes())
    setup = (image[0x1f1] + 1) * 512
    code = bench.program("linux").read_bytes()
    image[setup:setup + len(code)] = code
    pe, = struct.unpack_from("<I", image, 0x3c)
    struct.pack_into("<I", image, pe + 24 + 16, setup + EFI_ENTRY)  # AddressOfEntryPoint
    struct.pack_into("<I", image, 0x264, HANDOVER)
    path = bench.folder / "vmlinuz"
    path.write_bytes(image)
    return path


def lintel_disks(bench, files):
    path = bench.folder / "linux-lintel.img"
    if not path.exists():
        make_image(path, "quiet", "--size", f"{DISK_MIB}M",
                   "--initrd", f"{files['/initrd']}=initrd",
                   "--file", f"{BUILD / 'uefi/lintelx64.efi'}=/EFI/subject.efi",
                   kernel=f"{files['/vmlinuz']}=vmlinuz", modules=())
    return [path]


def grub_disks(bench, files, firmware):
    data = bench.folder / f"linux-grub-{firmware}.img"
    if firmware == "uefi":
        core = core_image("x86_64-efi", GRUB_CONFIG, "linux")
        make_fat_disk(data, {**files, "/EFI/subject.efi": core}, DISK_MIB)
        return [data]
    disk = bench.folder / "linux-grub.img"
    make_grub_bios(disk, "", GRUB_CONFIG, "linux")
    make_fat_disk(data, files, DISK_MIB)
    return [disk, data]


def systemd_boot_disks(bench, files):
    path = bench.folder / "linux-systemd-boot.img"
    make_fat_disk(path, {**files, "/EFI/subject.efi": SYSTEMD_BOOT,
                         "/loader/loader.conf": "timeout 0\n",
                         "/loader/entries/linux.conf": ENTRY}, DISK_MIB)
    return [path]


def add_linux_rows(bench, row):
    files = {"/vmlinuz": stamping_kernel(bench), "/initrd": bench.module}
    peers = {"bios": {"GRUB": grub_disks(bench, files, "bios")},
             "uefi": {"GRUB": grub_disks(bench, files, "uefi"),
                      "systemd-boot": systemd_boot_disks(bench, files)}}
    for firmware, name in (("bios", "BIOS"), ("uefi", "UEFI")):
        times = {subject: bench.time(firmware, [bench.first[firmware], *disks])
                 for subject, disks in peers[firmware].items()}
        for subject, time in times.items():
            row(f"{name}: {subject}, Linux, 64 MiB initrd", time, "ms")
        lintel = bench.time(firmware, [bench.first[firmware], *lintel_disks(bench, files)])
        row(f"{name}: Lintel, Linux, 64 MiB initrd", lintel, "ms", min(times.values()))
