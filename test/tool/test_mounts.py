"""lintel install and uninstall refuse what the running system uses. The devices are not there
(fake_devices.c), so that this runs on every machine, and as everybody."""
import os
import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parent.parent.parent / "build/lintel"
DEVICES = {"sda": (8, 0, ""), "sda1": (8, 1, "sda"), "sdb": (8, 16, ""), "sdb1": (8, 17, "sdb"),
           "loop0": (7, 0, ""), "loop0p1": (259, 0, "loop0")}


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    library = tmp_path_factory.mktemp("devices") / "fake_devices.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library,
                    Path(__file__).with_name("fake_devices.c"), "-ldl"], check=True)
    return library


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(bytes(1 << 20))
    return path


@pytest.fixture
def root(tmp_path, image):
    """The devices and what /sys says of them; loop0 shows the image."""
    root = tmp_path / "root"
    for name in ("dev", "sys/dev/block", "proc/self"):
        (root / name).mkdir(parents=True)
    for name, (major, minor, disk) in DEVICES.items():
        folder = root / "sys/devices" / disk / name
        folder.mkdir(parents=True)
        if disk:
            (folder / "partition").touch()
        (root / "dev" / name).write_text(f"{major}:{minor}\n")
        (root / f"sys/dev/block/{major}:{minor}").symlink_to(folder)
    (root / "sys/devices/loop0/loop").mkdir()
    (root / "sys/devices/loop0/loop/backing_file").write_text(f"{image}\n")
    return root


@pytest.fixture
def refuse(root, library):
    """refuse(mounts, arguments) -> what lintel says; `mounts` are pairs of device and folder."""
    def run(mounts, *arguments):
        lines = "".join(f"{device} {folder} vfat rw 0 0\n" for device, folder in mounts)
        (root / "proc/self/mounts").write_text("proc /proc proc rw 0 0\n" + lines)
        done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True,
                              env={**os.environ, "LD_PRELOAD": str(library),
                                   "FAKE_ROOT": str(root), "LINTEL_ROOT": str(root)})
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr
    return run


@pytest.mark.parametrize("command", ["install", "uninstall"])
@pytest.mark.parametrize("mounted", ["/dev/sda", "/dev/sda1"])
def test_mounted_disk(refuse, command, mounted):
    said = refuse([("/dev/sdb1", "/home"), (mounted, "/boot/efi")], command, "/dev/sda")
    assert f"/dev/sda: {mounted} is mounted on /boot/efi: unmount it first" in said


def test_partition(refuse):
    assert "/dev/sda1: is a partition: name its disk, /dev/sda" in refuse(
        [], "install", "/dev/sda1")


def test_disk_in_use_without_a_mount(refuse):
    said = refuse([("/dev/sdb1", "/home")], "install", "/dev/sda")
    assert "/dev/sda: is in use (swap space, LVM, RAID?)" in said


@pytest.mark.parametrize("mounted", ["/dev/loop0", "/dev/loop0p1"])
def test_image_that_a_loop_device_shows(refuse, image, mounted):
    before = image.read_bytes()
    said = refuse([(mounted, "/mnt")], "install", image)
    assert f"{image}: {mounted} is mounted on /mnt: unmount it first" in said
    assert image.read_bytes() == before


def test_image_that_nothing_shows(refuse, image, tmp_path):
    other = tmp_path / "other.img"
    other.write_bytes(image.read_bytes())
    assert "mounted" not in refuse([("/dev/loop0p1", "/mnt")], "install", other)
