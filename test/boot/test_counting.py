"""Boot counting and falling back: what a try changes on the disk, seen from outside, and which entry
boots when one is spent or does not start."""
import re
import shutil
import subprocess
import uuid

import pytest
from builder import (BUILD, KERNEL, MIB, VOLUME, build_kernel, copy_tree, make_fat_disk, make_image,
                     mtools, put_file)
from entries import add_xbootldr, make_entries_image
from machine import CONFIG, Hardware
from media import make_ext4
from state import SECTOR, Pair, area_of
from test_trial import OTHER, PREVIOUS, keep
from variables import decode, in_memory, variables

FIRMWARES = ("bios", "uefi")
ENTRIES = "/loader/entries"
NEW = "debian-6.1.0-57-amd64"
OLD = "debian-6.1.0-50-amd64"
ENTRY = "title {0}\nkernel /boot/kernel.elf\noptions test\n"
KEEPS = Hardware(keeps=True)


def make_counted(path, names, loader="timeout 0\n", options=(), offset=VOLUME):
    """An image with these entries alone, by their files' names."""
    make_image(path, "test", *options, modules=())
    mtools("mdel", path, offset, f"::{ENTRIES}/*.conf")
    put_file(path, offset, "/loader/loader.conf", loader)
    for name in names:
        put_file(path, offset, f"{ENTRIES}/{name}.conf", ENTRY.format(name.partition("+")[0]))


def entry_files(path, offset=VOLUME):
    shown = subprocess.run(["mdir", "-b", "-i", f"{path}@@{offset}", f"::{ENTRIES}"], check=True,
                           capture_output=True, text=True).stdout
    return sorted(line.rpartition("/")[2].removesuffix(".conf") for line in shown.splitlines())


def check_volume(path, offset=VOLUME):
    """By fsck.fat, on a copy of the volume."""
    with open(path, "rb") as disk:
        disk.seek(offset)
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


# Says so, and restarts the machine (its chipset's reset control register, CF9h).
BROKEN_KERNEL = r"""
#include "lintel.h"

LINTEL_REQUEST(0);

static void out(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

__attribute__((noreturn)) void kernel_main(const struct lintel_boot_info *info)
{
    (void)info;
    for (const char *text = "broken: restarts\r\n"; *text; text++)
        out(0x3f8, (uint8_t)*text);
    for (;;)
        out(0xcf9, 6);
}
"""


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_broken_kernel_is_given_up(start, tmp_path, firmware):
    """A machine that nobody touches comes back by itself."""
    image = tmp_path / "broken.img"
    make_counted(image, ["second+03-00", "first"])
    put_file(image, VOLUME, "/boot/broken.elf", build_kernel(tmp_path, BROKEN_KERNEL))
    put_file(image, VOLUME, f"{ENTRIES}/second+03-00.conf", "kernel /boot/broken.elf\n")
    machine = start(firmware, [image], options=("-action", "reboot=reset"))
    machine.wait_passed()
    assert machine.output.count("broken: restarts") == 3
    assert "fact: entry = first" in machine.output


# ---- other places --------------------------------------------------------------------------------

def floppy(image):
    return [], Hardware(board="pc", keeps=True,
                        options=("-drive", f"if=floppy,format=raw,file={image}", "-boot", "a"))


@pytest.mark.parametrize("options, offset, drive", [
    (("--layout", "mbr", "--fat", "16"), VOLUME, lambda image: ([image], KEEPS)),
    (("--layout", "floppy"), 0, floppy)], ids=["FAT16", "FAT12"])
def test_counts_in_place(boot, tmp_path, options, offset, drive):
    """Two digits of one sector, by the BIOS's new calls and by its old ones."""
    image = tmp_path / "counted.img"
    make_counted(image, ["second+03-00", "first"], options=options, offset=offset)
    content = image.read_bytes()
    assert boot("bios", *drive(image)).facts["entry"] == "second"
    assert entry_files(image, offset) == ["first", "second+02-01"]
    changed = changes(content, image.read_bytes())
    assert sorted(old + new for _, old, new in changed) == [b"01", b"32"]
    check_volume(image, offset)


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_counts_on_another_volume(entry_of, tmp_path, firmware):
    """An extended boot loader partition."""
    image = tmp_path / "two.img"
    make_counted(image, ["first"])
    other = add_xbootldr(image)
    copy_tree(image, other, {f"{ENTRIES}/second+03-00.conf": ENTRY.format("second"),
                             "/boot/kernel.elf": KERNEL})
    assert entry_of(firmware, image) == "second"
    assert entry_files(image, other) == ["second+02-01"]


def test_counts_on_a_disk_without_partitions(boot, tmp_path):
    image = tmp_path / "plain.img"
    make_fat_disk(image, {"/EFI/BOOT/BOOTX64.EFI": BUILD / "uefi/lintelx64.efi",
                          f"{ENTRIES}/second+3.conf": ENTRY.format("second"),
                          "/boot/kernel.elf": KERNEL})
    assert boot("uefi", [image], KEEPS).facts["entry"] == "second"
    assert entry_files(image, 0) == ["second+2-1"]


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_counting_no(entry_of, tmp_path, firmware):
    image = tmp_path / "uncounted.img"
    make_counted(image, ["second+03-00", "first"], "timeout 0\ncounting no\n")
    content = image.read_bytes()
    assert entry_of(firmware, image) == "second"
    assert not changes(content, image.read_bytes())


# Lintel's own: common/storage/state_variable.c.
TRIES = uuid.UUID("ad093ddf-d8a5-4c32-85c3-943bfe2a0f1f")


def read_only(image, **hardware):
    return Hardware(options=("-drive", f"if=none,id=fixed,format=raw,readonly=on,file={image}",
                             "-device", "virtio-blk-pci,drive=fixed,bootindex=0"), **hardware)


@pytest.fixture
def flash(tmp_path):
    path = tmp_path / "variables.fd"
    shutil.copyfile(CONFIG["firmware"]["uefi_variables"], path)
    return path


def test_read_only_drive_on_bios(start, tmp_path):
    """It is said, and the entry boots all the same."""
    image = tmp_path / "counted.img"
    make_counted(image, ["second+03-00", "first"])
    machine = start("bios", [], read_only(image))
    machine.wait_for("this try of entry second is not counted: BIOS drive 80h")
    machine.wait_passed()
    assert "fact: entry = second" in machine.output


def test_read_only_drive_on_uefi(boot, tmp_path, flash):
    """The firmware's variables count then."""
    image = tmp_path / "counted.img"
    make_counted(image, ["second+2", "first"])
    drive = read_only(image, variables=flash)
    for left, done in ((1, 1), (0, 2)):
        assert boot("uefi", [], drive).facts["entry"] == "second"
        assert variables(flash.read_bytes(), TRIES)["LintelTries"][4:] == bytes([left, done])
    assert boot("uefi", [], drive).facts["entry"] == "first"


def make_short(image):
    """A counter that can't keep its width."""
    make_counted(image, ["second+2", "first"])


def make_on_ext4(image):
    make_counted(image, ["second+02-00", "first"], options=("--layout", "mbr", "--fat", "16"))
    make_ext4(image)


@pytest.mark.parametrize("make", [make_short, make_on_ext4], ids=["short", "ext4"])
def test_counts_in_the_state(boot, tmp_path, make):
    """On BIOS, where the name can't be changed: in the two sectors that keep the state."""
    image = tmp_path / "kept.img"
    make(image)
    pair = area_of(image) // SECTOR
    for left, done in ((1, 1), (0, 2)):
        content = image.read_bytes()
        assert boot("bios", [image], KEEPS).facts["entry"] == "second"
        tries = Pair.read(image, area_of(image)).values()["LintelTries"]
        assert tries[4:] == bytes([left, done])
        assert {at // SECTOR for at, _, _ in changes(content, image.read_bytes())} <= {pair, pair + 1}
    assert boot("bios", [image], KEEPS).facts["entry"] == "first"


def test_systemd_finds_the_name(start, tmp_path):
    """In LoaderBootCountPath, while a program of that entry runs."""
    image = tmp_path / "program.img"
    make_counted(image, [], "timeout menu-force\n")
    put_file(image, VOLUME, "/program.efi", BUILD / "test-kernels/program.efi")
    put_file(image, VOLUME, f"{ENTRIES}/program+3.conf", "efi /program.efi\n")
    machine = start("uefi", [image], Hardware(memory="128M", keeps=True))
    machine.wait_for("3 tries left, 0 made")
    machine.type("1")
    machine.wait_for(r"program: options.* end[\s\S]*2 tries left, 1 made")
    told = in_memory(machine, 128 * MIB)
    assert decode(told["LoaderBootCountPath"]) == [r"\loader\entries\program+2-1.conf"]
    assert entry_files(image) == ["program+2-1"]


# ---- what boots instead --------------------------------------------------------------------------

# What only the other firmware starts is refused.
FAILURES = {
    "missing": (lambda firmware: "kernel /absent.elf", "there is no absent.elf"),
    "damaged": (lambda firmware: "kernel /cut.elf", "/cut.elf: "),
    "refused": (lambda firmware: f"kernel /{'program.efi' if firmware == 'bios' else 'sector.bin'}",
                "starts such"),
}
GOOD = "kernel /kernel.elf\noptions test"


@pytest.fixture
def failing_image(tmp_path):
    """failing_image(entries, loader) -> an image with these entries, title -> lines, in that order"""
    def make(entries, loader, files=()):
        image = tmp_path / "failing.img"
        make_entries_image(image, entries,
                           {"/kernel.elf": KERNEL, "/cut.elf": KERNEL.read_bytes()[:5000],
                            "/program.efi": BUILD / "test-kernels/program.efi",
                            "/sector.bin": BUILD / "test-kernels/sector.bin", **dict(files)},
                           loader=loader)
        return image
    return make


@pytest.mark.parametrize("firmware", FIRMWARES)
@pytest.mark.parametrize("failure", FAILURES)
def test_falls_back(start, failing_image, firmware, failure):
    kernel, reason = FAILURES[failure]
    machine = start(firmware, [failing_image({"bad": kernel(firmware), "good": GOOD},
                                             "timeout 0\nfallback yes\n")])
    machine.wait_for(f"entry e0: .*{reason}")
    machine.wait_for("fallback: entry e1")
    machine.wait_passed()
    assert "fact: entry = e1" in machine.output


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_all_fail(start, failing_image, firmware):
    """Each once; then the menu asks, with every reason. A person's choice does not fall back."""
    entries = {failure: kernel(firmware) for failure, (kernel, _) in FAILURES.items()}
    machine = start(firmware, [failing_image(entries, "timeout 0\nfallback yes\n")])
    machine.wait_for(r"Error entry e0: .*absent\.elf.*; entry e1: .*cut\.elf.*; entry e2: .*starts such")
    machine.wait_for("show the same menu")
    machine.type("1")
    machine.wait_for(r"Error entry e0: /absent.elf: there is no absent.elf in directory / ")
    assert len(re.findall("fallback: entry", machine.output)) == 2


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_all_fail_but_the_loader_before(start, failing_image, firmware):
    """Behind all that somebody wrote, and whatever else fails."""
    entries = {failure: kernel(firmware) for failure, (kernel, _) in FAILURES.items()}
    image = failing_image(entries, "timeout 0\nfallback yes\n",
                          {"/EFI/debian/shimx64.efi": BUILD / "test-kernels/program.efi"})
    keep(image, PREVIOUS, OTHER)
    machine = start(firmware, [image])
    before, told = {"bios": ("previous", "sector: dl=80 "),
                    "uefi": ("debian", r"program: options=\[none\]")}[firmware]
    machine.wait_for(rf"entry e2: .*starts such.*\s+fallback: entry auto-{before}")
    machine.wait_for(told)
    assert len(re.findall("fallback: entry", machine.output)) == 3


@pytest.mark.parametrize("firmware", FIRMWARES)
def test_no_tries_left_at_all(start, tmp_path, firmware):
    """The menu shows the newest, and asks."""
    image = tmp_path / "spent.img"
    make_counted(image, ["second+00-03", "first+00-03"], "timeout 0\nfallback yes\n")
    machine = start(firmware, [image])
    machine.wait_for("no default is set, and no entry has tries left")
    machine.wait_for(r"1 +second +.no tries left.")
    machine.wait_for("show the same menu")
    machine.type("1")
    machine.wait_passed()
    assert "fact: entry = second" in machine.output
