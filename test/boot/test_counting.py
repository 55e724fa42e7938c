"""Boot counting and falling back: what a try changes on the disk, seen from outside, and which entry
boots when one is spent or does not start."""
import subprocess

import pytest
from builder import MIB, VOLUME, make_image, mtools, put_file
from machine import Hardware

FIRMWARES = ("bios", "uefi")
ENTRIES = "/loader/entries"
NEW = "debian-6.1.0-57-amd64"
OLD = "debian-6.1.0-50-amd64"
ENTRY = "title {0}\nkernel /boot/kernel.elf\noptions test\n"
KEEPS = Hardware(keeps=True)


def make_counted(path, names, loader="timeout 0\n"):
    """An image with these entries alone, by their files' names."""
    make_image(path, "test")
    mtools("mdel", path, VOLUME, f"::{ENTRIES}/*.conf")
    put_file(path, VOLUME, "/loader/loader.conf", loader)
    for name in names:
        put_file(path, VOLUME, f"{ENTRIES}/{name}.conf", ENTRY.format(name))


def entry_files(path):
    shown = subprocess.run(["mdir", "-b", "-i", f"{path}@@{VOLUME}", f"::{ENTRIES}"], check=True,
                           capture_output=True, text=True).stdout
    return sorted(line.rpartition("/")[2].removesuffix(".conf") for line in shown.splitlines())


def check_volume(path):
    """By fsck.fat, on a copy of the volume."""
    with open(path, "rb") as disk:
        disk.seek(VOLUME)
        content = disk.read()
    volume = path.with_suffix(".volume")
    volume.write_bytes(content)
    check = subprocess.run(["fsck.fat", "-n", volume], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout


def changes(before, after):
    """(place, byte before, byte after)"""
    assert len(before) == len(after)
    return [(at, before[at:at + 1], after[at:at + 1])
            for block in range(0, len(before), MIB) if before[block:block + MIB] != after[block:block + MIB]
            for at in range(block, min(block + MIB, len(before))) if before[at] != after[at]]


@pytest.fixture
def entry_of(boot):
    """Boots, and tells which entry it was."""
    return lambda firmware, image, hardware=KEEPS: boot(firmware, [image], hardware).facts["entry"]


# ---- counting down -------------------------------------------------------------------------------

# The counter before, and after each boot, where it is written into the name; the older entry boots
# in the last one.
COUNTERS = {
    "two-digits": ["+03-00", "+02-01", "+01-02", "+00-03"],
    "one-digit": ["+2-0", "+1-1", "+0-2"],
}


@pytest.mark.parametrize("firmware", FIRMWARES)
@pytest.mark.parametrize("counters", COUNTERS)
def test_counts_down(entry_of, tmp_path, firmware, counters):
    image = tmp_path / "counted.img"
    before, *steps = COUNTERS[counters]
    make_counted(image, [NEW + before, OLD])
    for counter in steps:
        content = image.read_bytes()
        assert entry_of(firmware, image) == NEW
        assert entry_files(image) == [OLD, NEW + counter]
        if firmware == "bios":
            changed = changes(content, image.read_bytes())
            assert sorted(old + new for _, old, new in changed) == \
                sorted((a + b).encode() for a, b in zip(before, counter) if a != b)
            assert len({place // 512 for place, _, _ in changed}) == 1
        check_volume(image)
        before = counter
    content = image.read_bytes()
    assert entry_of(firmware, image) == OLD
    assert not changes(content, image.read_bytes())
