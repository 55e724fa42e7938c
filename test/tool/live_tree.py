"""A tree of files that plays a running machine: LINTEL_ROOT names it to `lintel`."""
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

UUID = "11111111-2222-4333-8444-555555555555"
ESP_SERIAL = "1234-ABCD"
SECTORS = {"vda1": (2048, 16384), "vda2": (18432, 32768)}
ESP, EXT4 = "vfat", "ext4"
ENTRIES = "boot/loader/entries"
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounts and chroot want root")
# As the scripts of Debian's linux-image packages call the hooks.
SCRIPT = """#!/bin/sh -e
[ {name} = postrm ] || [ "$1" = configure ] || exit 0
DEB_MAINT_PARAMS={parameters} run-parts --report --exit-on-error --arg={version} \\
    --arg=/boot/vmlinuz-{version} /etc/kernel/{name}.d
"""


class Tree:
    """`mounts`: what is mounted where, (partition, folder); `types`: what lies on each."""

    def __init__(self, folder, mounts=(("vda1", "/"),), types=("ext4",), uefi=False):
        self.folder = Path(folder)
        self.write("proc/self/mountinfo", "")
        self.write("proc/cmdline", f"BOOT_IMAGE=/boot/vmlinuz root=UUID={UUID} ro quiet\n")
        self.write("etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n')
        self.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n")
        self.path("boot").mkdir(exist_ok=True)
        if types:
            self.make_disk(types)
        for partition, where in mounts:
            self.mount(partition, where, types[int(partition[3:]) - 1])
        if uefi:
            self.path("sys/firmware/efi").mkdir(parents=True)

    def path(self, name):
        return self.folder / name.lstrip("/")

    def write(self, name, text):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def read(self, name):
        return self.path(name).read_text()

    def make_disk(self, types):
        self.path("dev").mkdir()
        run("cp", "--sparse=always", disk_of(types), self.path("dev/vda"))
        self.add_device("vda", "254:0")
        for (name, (first, sectors)), _ in zip(SECTORS.items(), types):
            self.add_device(f"vda/{name}", f"254:{name[3:]}", first, sectors)

    def add_device(self, name, numbers, first=0, sectors=0):
        folder = f"sys/devices/{name}"
        self.write(f"{folder}/queue/logical_block_size", "512\n")
        if sectors:
            for key, value in (("partition", name[-1]), ("start", first), ("size", sectors)):
                self.write(f"{folder}/{key}", f"{value}\n")
        link = self.path(f"sys/dev/block/{numbers}")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"../../devices/{name}")

    def mount(self, partition, where, kind):
        with open(self.path("proc/self/mountinfo"), "a") as mounts:
            mounts.write(f"21 1 254:{partition[3:]} / {where} rw shared:1 - {kind} /dev/root rw\n")
        self.path(where).mkdir(parents=True, exist_ok=True)

    def environment(self, **more):
        return {**os.environ, "LINTEL_ROOT": str(self.folder), **more}

    def add_kernel(self, version, initrd=True):
        self.write(f"boot/vmlinuz-{version}", f"kernel {version}")
        if initrd:
            self.write(f"boot/initrd.img-{version}", f"initrd {version}")


@lru_cache
def disk_of(types):
    """A file with that on its partitions, and nothing in it."""
    disk = Path(folder_of_disks().name, "-".join(types))
    with open(disk, "wb") as file:
        file.truncate(32 << 20)
    table = "label: gpt\n" if ESP in types else "label: dos\n"
    for (first, sectors), kind in zip(SECTORS.values(), types):
        table += f"start={first}, size={sectors}, type={'U' if kind == ESP else 'L'}\n"
    run("/sbin/sfdisk", "-q", disk, text=table)
    for (first, sectors), kind in zip(SECTORS.values(), types):
        if kind == EXT4:
            run("/sbin/mke2fs", "-q", "-t", "ext4", "-U", UUID, "-E", f"offset={first * 512}", disk,
                f"{sectors // 2}k")
        if kind == ESP:
            run("/sbin/mkfs.fat", "--offset", first, "-i", ESP_SERIAL.replace("-", ""), disk,
                sectors // 2)
    return disk


@lru_cache
def folder_of_disks():
    return TemporaryDirectory()


def run(*arguments, text=None):
    subprocess.run(list(map(str, arguments)), input=text, text=True, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def entries(tree, folder=ENTRIES):
    """{name: text} of what a loader would read."""
    return {path.name: path.read_text() for path in sorted(tree.path(folder).glob("*.conf"))}


def kernel_package(folder, version, release, parameters, image=None):
    """A package with a kernel (by default a file that none can boot), and nothing else that matters
    here."""
    root = folder / "package"
    kernel = root / f"boot/vmlinuz-{version}"
    kernel.parent.mkdir(parents=True, exist_ok=True)
    kernel.write_bytes(image or f"kernel {version} {release}".encode())
    for name, text in (
            ("DEBIAN/control", f"Package: linux-image-{version}\nVersion: {release}\n"
             "Architecture: all\nMaintainer: x <x@example.org>\nDescription: a kernel\n"),
            ("DEBIAN/postinst", SCRIPT.format(name="postinst", version=version, parameters=parameters)),
            ("DEBIAN/postrm", SCRIPT.format(name="postrm", version=version, parameters=parameters))):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    package = folder / f"{version}_{release}.deb"
    run("dpkg-deb", "--root-owner-group", "--build", root, package)
    shutil.rmtree(root)
    return package
