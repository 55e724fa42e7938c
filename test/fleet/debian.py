"""A full Debian for `make fleet`: its root file system by debootstrap, and disks as Debian's installer
leaves them, with GRUB put there by a start of their own."""
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "boot"), str(HERE.parent / "tool")]
from builder import BUILD, MIB, make_empty  # noqa: E402
from computer import Computer  # noqa: E402
from live_tree import kernel_package  # noqa: E402
from machine import MachineError  # noqa: E402
from variables import GLOBAL, LOADER, variables  # noqa: E402

FLEET = BUILD / "fleet"
TREE = FLEET / "root"
RELEASE = "bookworm"
KERNEL = "linux-image-cloud-amd64"  # depends on the newest one of those for virtual machines
PACKAGES = ("systemd-sysv", "udev", "dbus", "kmod", "zstd", "e2fsprogs", "dosfstools",
            "initramfs-tools", "grub2-common", "grub-pc-bin", "grub-efi-amd64-bin", "efibootmgr",
            "systemd-boot", KERNEL)
BROKEN = "6.1.0-999-broken"
DISK_MIB = 1400
FIRST = 2048  # LBA of the first partition
ESP_MIB = 64
SECTOR = 512
READY = "debian: ready"
PANIC_SECONDS = 3
RESETS = 6  # that a boot may take
PATIENCE = 1800  # seconds: update-initramfs says nothing for minutes
# A root's shell on the serial line that says so; GRUB and Linux talk there, too.
FILES = {
    "etc/hostname": "fleet\n",
    "etc/default/grub": "GRUB_DEFAULT=0\nGRUB_TIMEOUT=1\nGRUB_DISTRIBUTOR=Debian\n"
                        'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n'
                        f'GRUB_CMDLINE_LINUX="console=ttyS0 panic={PANIC_SECONDS}"\n'
                        'GRUB_TERMINAL="console serial"\n',
    # An emulated processor takes many minutes for all drivers.
    "etc/initramfs-tools/conf.d/fleet": "MODULES=dep\nCOMPRESS=gzip\n",
    "etc/systemd/system/serial-getty@ttyS0.service.d/root.conf":
        "[Service]\nExecStart=\n"
        "ExecStart=-/sbin/agetty --autologin root --keep-baud 115200 %I dumb\n",
    "root/.profile": "export PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_PAGER= SYSTEMD_COLORS=0\n"
                     f"echo '{READY}'\n",
}


class FleetError(Exception):
    """This machine lacks something; the message says what to do."""


def output_of(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


# ---- the root file system ------------------------------------------------------------------------

def mirror():
    """Where this machine's own packages come from."""
    sites = output_of("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages",
                      f"Codename: {RELEASE}", "Component: main").split()
    if not sites:
        raise FleetError(f"apt knows no mirror of Debian's {RELEASE}: see /etc/apt/sources.list")
    return sites[0]


def make_tree():
    """build/fleet/root; the next run finds it there."""
    if TREE.exists():
        return
    new = TREE.with_suffix(".new")
    shutil.rmtree(new, ignore_errors=True)
    FLEET.mkdir(exist_ok=True)
    with open(FLEET / "debootstrap.log", "w") as log:
        done = subprocess.run(["debootstrap", "--variant=minbase",
                               f"--include={','.join(PACKAGES)}", RELEASE, new, mirror()],
                              stdout=log, stderr=subprocess.STDOUT)
    if done.returncode:
        raise FleetError(f"debootstrap failed: see {log.name}")
    new.rename(TREE)


def first_kernel():
    """The version that the root file system came with."""
    return min((TREE / "boot").glob("vmlinuz-*")).name.removeprefix("vmlinuz-")


def fetch_upgrade():
    """(version, package) of the newest kernel that apt knows."""
    shown = output_of("apt-cache", "show", "--no-all-versions", KERNEL)
    name = next(line for line in shown.splitlines() if line.startswith("Depends: ")).split()[1]
    version = name.removeprefix("linux-image-")
    if version == first_kernel():
        raise FleetError(f"there is no newer kernel than {version} now: try again when Debian's "
                         "security archive has one, or `apt-get update`")
    if not list(FLEET.glob(f"{name}_*.deb")):
        subprocess.run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", name],
                       cwd=FLEET, check=True)
    return version, next(FLEET.glob(f"{name}_*.deb"))


def write_files(fstab):
    for name, text in {**FILES, "etc/fstab": fstab}.items():
        (TREE / name).parent.mkdir(parents=True, exist_ok=True)
        (TREE / name).write_text(text)
    shadow = TREE / "etc/shadow"
    shadow.write_text(re.sub("^root:[^:]*:", "root::", shadow.read_text(), flags=re.MULTILINE))


def add_packages(packages):
    """name -> file; they lie in root's folder as NAME.deb."""
    for name, file in packages.items():
        shutil.copyfile(file, TREE / f"root/{name}.deb")


def broken_kernel():
    """The package of one that finds no root file system: its initial RAM disk is missing, and with
    it all drivers."""
    image = TREE / f"boot/vmlinuz-{first_kernel()}"
    return kernel_package(FLEET, BROKEN, "1", '"$*"', image.read_bytes())


# ---- disks ---------------------------------------------------------------------------------------

UUID = {"bios": "0b105000-1111-4222-8333-444444444444",
        "uefi": "0ef10000-1111-4222-8333-444444444444"}


def make_disk(firmware):
    """A disk that nothing boots yet."""
    path = FLEET / f"{firmware}.img"
    path.unlink(missing_ok=True)
    make_empty(path, DISK_MIB * MIB)
    root, table, fstab = FIRST, f"label: dos\nstart={FIRST}, type=L, bootable\n", ""
    if firmware == "uefi":
        root += ESP_MIB * MIB // SECTOR
        table = f"label: gpt\nstart={FIRST}, size={ESP_MIB}MiB, type=U\nstart={root}, type=L\n"
        fstab = "LABEL=ESP /boot/efi vfat umask=0077 0 1\n"
    subprocess.run(["sfdisk", "--quiet", path], input=table, text=True, check=True)
    write_files(f"UUID={UUID[firmware]} / ext4 errors=remount-ro 0 1\n{fstab}")
    (TREE / "boot/efi").mkdir(exist_ok=True)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-U", UUID[firmware], "-d", TREE, "-E",
                    f"offset={root * SECTOR}", path, f"{DISK_MIB - root * SECTOR // MIB - 1}M"],
                   check=True)
    if firmware == "uefi":
        subprocess.run(["mkfs.fat", "-F", "32", "-s", "1", "-n", "ESP", "--offset", str(FIRST),
                        path, str(ESP_MIB * 1024)], check=True, capture_output=True)
    return path


def sums_of_esp(path):
    """{"/EFI/...": SHA-256} of all files."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mcopy", "-s", "-n", "-i", f"{path}@@{FIRST * SECTOR}", "::/", folder],
                       check=True)
        return {f"/{file.relative_to(folder)}": hashlib.sha256(file.read_bytes()).hexdigest()
                for file in Path(folder).rglob("*") if file.is_file()}


# ---- the machine ---------------------------------------------------------------------------------

class Debian(Computer):
    """Such a disk in a computer."""

    def __init__(self, firmware):
        super().__init__(firmware, [make_disk(firmware)], FLEET, f"{READY}\n", memory="1G")
        self.options = ()  # a reset ends QEMU: see boot_up()
        self.log = open(FLEET / f"{firmware}.log", "w", buffering=1)

    def power_on(self):
        super().power_on()
        self.machine.say = lambda line: print(line, file=self.log)

    def wait_for(self, pattern, silence=PATIENCE):
        return super().wait_for(pattern, silence)

    def install_grub(self):
        """By a start without any boot loader."""
        usual, version = self.options, first_kernel()
        self.options += ("-kernel", TREE / f"boot/vmlinuz-{version}",
                         "-initrd", TREE / f"boot/initrd.img-{version}",
                         "-append", f"root=UUID={UUID[self.firmware]} rw console=ttyS0 quiet")
        self.power_on()
        self.shell()
        self.succeed("grub-install /dev/vda")
        self.succeed("update-grub")
        self.power_off()
        self.options = usual

    def restart(self, command="reboot -f"):
        self.power_off(command)
        self.power_on()

    def boot_up(self):
        """Until systemd has nothing left to do; what was said on the way. Each reset starts a new
        QEMU: one of 7.2 that goes on takes seconds for each page of memory that Linux initialises
        where another kernel's code was."""
        said = ""
        for _ in range(RESETS):
            try:
                said += self.shell()
                self.run("systemctl is-system-running --wait")
                return said
            except MachineError:
                if not self.machine.closed:
                    raise
            said += self.output
            self.cut_power()
            self.power_on()
        raise self.machine.error(f"{RESETS} resets, and no end")

    @property
    def kernel(self):
        return self.succeed("uname -r").strip()

    @property
    def booted_by_grub(self):
        return "BOOT_IMAGE=" in self.succeed("cat /proc/cmdline")

    def entries(self):
        folder = "/boot/efi/loader/entries" if self.firmware == "uefi" else "/boot/loader/entries"
        return self.succeed(f"ls {folder}").split()

    def what_starts_it(self):
        """{what: its bytes or their sum}: all that a boot loader has outside the root file system, as
        it is on the medium."""
        self.succeed("sync")
        disk = self.disks[0]
        with open(disk, "rb") as file:
            gap = file.read(FIRST * SECTOR)
        sums = {"sector 0 to the gap's end": hashlib.sha256(gap).hexdigest()}
        if self.firmware == "uefi":
            flash = self.variables.read_bytes()
            boot = variables(flash, GLOBAL).items()
            sums |= sums_of_esp(disk) | variables(flash, LOADER)
            sums |= {name: data for name, data in boot if name.startswith("Boot")}
        return sums
