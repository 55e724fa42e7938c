"""lintel install and uninstall, on disks as other people make them."""
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from disks import (BUILD, DISKS, GRUB_SAYS, MIB, altered, older_tool, plain_tree,  # noqa: E402
                   read_file)
from builder import make_image  # noqa: E402
from installs import (as_built, copy_disk, head_sum, kill_everywhere, lintel, refuse,  # noqa: E402
                      same, succeed)
from machine import Hardware, Machine  # noqa: E402
from report import parse_report  # noqa: E402

LOADER, DEFAULT_LOADER = "/EFI/lintel/lintelx64.efi", "/EFI/BOOT/BOOTX64.EFI"
RECORD, PREVIOUS = "/lintel/uninstall.bin", "/lintel/previous.bin"
SECTOR = 512


@pytest.fixture
def make(tmp_path):
    """make(disk) -> (path, a copy that stays as it is)."""

    def make_disk(disk, more=None):
        path, before = tmp_path / "disk.img", tmp_path / "before.img"
        disk.make(path, {**plain_tree(), **(more or {})})
        shutil.copy(path, before)
        return path, before

    return make_disk


def boots_lintel(path, firmware, disk):
    sectors = f",logical_block_size={disk.sector_bytes},physical_block_size={disk.sector_bytes}"
    with Machine(firmware, [path], Hardware(disk=disk.device + sectors)) as machine:
        machine.wait_passed()
        if not parse_report(machine.output).complete:
            raise machine.error("not all claims were checked")


def boots_grub(path):
    with Machine("bios", [path]) as machine:
        machine.wait_for(GRUB_SAYS)


def has_all_files(path, disk, tree):
    for name, content in tree.items():
        wanted = content if isinstance(content, bytes) else Path(content).read_bytes()
        assert read_file(path, disk, name) == wanted, name


def free_bytes(place):
    listed = subprocess.run(["mdir", "-i", place, "::"], capture_output=True, text=True, check=True,
                            env={"MTOOLS_SKIP_CHECK": "1", "PATH": "/usr/bin"})
    return int(re.search(r"([\d ]+) bytes free", listed.stdout)[1].replace(" ", ""))


def check_volume(path, disk, folder):
    """What fsck.fat says about the FAT volume."""
    volume = folder / "volume"
    with open(path, "rb") as image:
        image.seek(disk.first * disk.sector_bytes)
        volume.write_bytes(image.read())
    return subprocess.run(["fsck.fat", "-n", volume], capture_output=True, text=True)


# ---- the whole way ------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("disk", DISKS.values(), ids=DISKS.keys())
def test_install_boots_and_uninstall_restores_every_byte(make, tmp_path, disk):
    path, before = make(disk)
    said = succeed("install", path, *disk.options)
    assert "read back" in said
    has_all_files(path, disk, plain_tree())
    assert read_file(path, disk, LOADER) == (BUILD / "uefi/lintelx64.efi").read_bytes()
    assert read_file(path, disk, DEFAULT_LOADER) == (BUILD / "uefi/lintelx64.efi").read_bytes()
    checked = check_volume(path, disk, tmp_path)
    assert checked.returncode == 0, checked.stdout
    for firmware in disk.firmwares:
        boots_lintel(path, firmware, disk)
    succeed("uninstall", path)
    assert same(path, before)


def test_dry_run_tells_and_changes_nothing(make):
    path, before = make(DISKS["mbr-fat16"])
    said = succeed("install", path, "--dry-run")
    assert "the gap before the first partition" in said and DEFAULT_LOADER in said
    assert same(path, before)
    succeed("install", path)
    shutil.copy(path, before)
    assert "gets its contents back" in succeed("uninstall", path, "--dry-run")
    assert same(path, before)


def test_where_drafts_lie_means_nothing(make, tmp_path):
    path, before = make(DISKS["mbr-fat16"])
    (tmp_path / "a@@1\nb").mkdir()
    succeed("install", path, environment={"TMPDIR": str(tmp_path / "a@@1\nb")})
    assert not list((tmp_path / "a@@1\nb").iterdir())
    succeed("uninstall", path)
    assert same(path, before)


def test_progress_is_shown_after_a_second(make, tmp_path):
    path, _ = make(DISKS["mbr-fat16"])
    slow = tmp_path / "mmd"
    slow.write_text(f"#!/bin/sh\nmkdir {tmp_path}/once && sleep 1.5\n"
                    f"exec {shutil.which('mmd')} \"$@\"\n")
    slow.chmod(0o755)
    done = lintel("install", path, environment={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 0 and re.search(r"^lintel: .*disk\.img: \d+ s$", done.stderr, re.M)


def test_partition_tables_stay(make):
    for name in ("gpt", "mbr-logical"):
        path, before = make(DISKS[name])
        succeed("install", path)
        tables = [subprocess.run(["sfdisk", "--dump", file], capture_output=True, text=True,
                                 check=True).stdout.replace(str(file), "")
                  for file in (path, before)]
        assert tables[0] == tables[1]


# ---- again --------------------------------------------------------------------------------------

def test_second_time_has_nothing_to_do(make):
    path, _ = make(DISKS["mbr-fat16"])
    succeed("install", path)
    once = path.read_bytes()
    assert "installed already" in succeed("install", path)
    assert path.read_bytes() == once


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gpt", "mbr-grub", "gpt-4096"])
def test_update_keeps_what_was_saved_first(make, tmp_path, name):
    disk = DISKS[name]
    path, before = make(disk)
    succeed("install", path, tool=older_tool(tmp_path / "older"))
    older = altered((BUILD / "uefi/lintelx64.efi").read_bytes(), False)
    assert read_file(path, disk, DEFAULT_LOADER) == older
    assert "Updating" in succeed("install", path)
    assert read_file(path, disk, DEFAULT_LOADER) == (BUILD / "uefi/lintelx64.efi").read_bytes()
    boots_lintel(path, "bios", disk)
    succeed("uninstall", path)
    assert same(path, before)


def test_image_with_lintel_on_it_already(make):
    """As `make image` makes them: no record, and both UEFI files are ours."""
    disk = DISKS["gpt"]
    older = altered((BUILD / "uefi/lintelx64.efi").read_bytes(), False)
    path, before = make(disk, {LOADER: older, DEFAULT_LOADER: older})
    succeed("install", path)
    assert read_file(path, disk, DEFAULT_LOADER) == (BUILD / "uefi/lintelx64.efi").read_bytes()
    succeed("uninstall", path)
    assert same(path, before)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["gpt", "mbr"])
def test_image_that_boots_lintel_already(tmp_path, layout):
    """Its second stage is in use, and not ours: it stays, and boots again after uninstall."""
    path, before = tmp_path / "disk.img", tmp_path / "before.img"
    make_image(path, "test", "--layout", layout, "--size", "80M")
    shutil.copy(path, before)
    succeed("install", path)
    assert path.read_bytes()[:512] != before.read_bytes()[:512]
    boots_lintel(path, "bios", DISKS["mbr-fat16"])
    succeed("uninstall", path)
    assert same(path, before)


# ---- beside others ------------------------------------------------------------------------------

def test_another_default_loader_stays(make):
    disk = DISKS["gpt"]
    path, before = make(disk, {DEFAULT_LOADER: b"another loader"})
    said = succeed("install", path)
    assert "is another loader and stays" in said
    assert ("efibootmgr --create --disk DISK --part 2 --label Lintel --loader "
            "'\\EFI\\lintel\\lintelx64.efi'") in said
    assert read_file(path, disk, DEFAULT_LOADER) == b"another loader"
    assert read_file(path, disk, LOADER)
    succeed("uninstall", path)
    assert same(path, before)


@pytest.mark.parametrize("name", ["mbr-grub", "mbr-fat16"])
def test_loader_that_was_there_is_kept_as_a_file(make, tmp_path, name):
    """Where an MBR's code is replaced that was one: also when an older Lintel is updated."""
    disk = DISKS[name]
    path, before = make(disk)
    kept = before.read_bytes()[:512] if disk.grub else None
    said = succeed("install", path, *disk.options, tool=older_tool(tmp_path / "older"))
    assert read_file(path, disk, PREVIOUS) == kept
    assert ("becomes a menu entry" in said) == bool(disk.grub)
    succeed("install", path, *disk.options)
    assert read_file(path, disk, PREVIOUS) == kept
    succeed("uninstall", path)
    assert same(path, before)


def test_files_that_came_later_survive_uninstall(make, tmp_path):
    disk = DISKS["gpt"]
    path, before = make(disk)
    succeed("install", path)
    later = tmp_path / "later"
    later.write_bytes(os.urandom(100_000))
    place = f"{path}@@{disk.first * 512}"
    subprocess.run(["mcopy", "-i", place, later, "::/EFI/lintel/later"], check=True)
    assert "have changed since" in succeed("uninstall", path)
    has_all_files(path, disk, {**plain_tree(), "/EFI/lintel/later": later})
    for name in (LOADER, DEFAULT_LOADER, RECORD):
        assert read_file(path, disk, name) is None
    checked = check_volume(path, disk, tmp_path)
    assert checked.returncode == 0, checked.stdout
    assert path.read_bytes()[:MIB] == before.read_bytes()[:MIB]


def test_loader_that_came_later_stays(make):
    disk = DISKS["mbr-fat16"]
    path, _ = make(disk)
    succeed("install", path)
    with open(path, "r+b") as image:
        image.write(b"another loader's code".ljust(440, b"\x90"))
    assert "it stays" in succeed("uninstall", path)
    assert path.read_bytes().startswith(b"another loader's code\x90")


def test_partitions_changed_later_stay(make):
    path, before = make(DISKS["mbr-fat16"])
    succeed("install", path)
    for file in (path, before):
        subprocess.run(["sfdisk", "--quiet", "--part-type", file, "1", "c"], check=True)
    succeed("uninstall", path)
    assert same(path, before)


@pytest.mark.slow
@pytest.mark.parametrize("everywhere", [False, True])
def test_remains_of_deleted_files_come_back(make, tmp_path, everywhere):
    """All of them; where no cluster holds zeros, all but those that the record itself lay on."""
    disk = DISKS["mbr-fat16"]
    path, before = make(disk)
    deleted = tmp_path / "deleted"
    place = f"{path}@@{disk.first * 512}"
    deleted.write_bytes(b"\xdb" * (free_bytes(place) if everywhere else 800_000))
    subprocess.run(["mcopy", "-i", place, deleted, "::/deleted"], check=True)
    subprocess.run(["mdel", "-i", place, "::/deleted"], check=True)
    shutil.copy(path, before)
    succeed("install", path)
    record = len(read_file(path, disk, RECORD))
    boots_lintel(path, "bios", disk)
    succeed("uninstall", path)
    if not everywhere:
        assert same(path, before)
        return
    differ = [now for now, then in zip(path.read_bytes(), before.read_bytes()) if now != then]
    assert record // 2 < len(differ) <= record and not any(differ)


# ---- killed at each write -----------------------------------------------------------------------

def bios_state(path, disk, old):
    """What the first sector leads to: "old", or the whole second stage that it finds, as built."""
    image = path.read_bytes()
    if image[:440] == old[:440]:
        end = MIB if disk.first else disk.reserved * SECTOR  # no other loader lies behind
        assert all(image.startswith(piece[0], SECTOR + piece.start())
                   for piece in re.finditer(rb"[^\0]+", old[SECTOR:end]))
        return "old"
    lba, sectors = struct.unpack_from("<QH", image, 0x1A8)
    stage = image[lba * disk.sector_bytes:(lba + sectors) * disk.sector_bytes]
    stage = stage[:struct.unpack_from("<I", stage, 8)[0]]
    assert stage[4:8] == b"LNT2" and sum(struct.unpack(f"<{len(stage) // 4}I", stage)) % 2**32 == 0
    assert struct.pack("<I", head_sum(stage)) == image[0x1B2:0x1B6]
    return as_built(stage)


def restores_all(copy, before, disk, folder):
    """No cluster of the volume is lost, and uninstall leaves nothing."""
    checked = check_volume(copy, disk, folder)
    assert checked.returncode == 0, checked.stdout
    succeed("uninstall", copy)
    assert same(copy, before)


def restores_at_once(copy, before):
    """Without the interrupted command being finished first; where that had not begun, nothing is
    there to restore."""
    other = copy_disk(copy, copy.with_name("other.img"))
    done = lintel("uninstall", other)
    assert done.returncode == 0 or "is not installed" in done.stderr
    assert same(other, before)


KILLED = ["mbr-grub", "gpt", "gpt-4096", "floppy"]


@pytest.mark.slow
@pytest.mark.parametrize("name", KILLED)
def test_killed_install_leaves_old_or_new(make, killer, tmp_path, name):
    disk = DISKS[name]
    path, before = make(disk)
    old, new = before.read_bytes(), (BUILD / "uefi/lintelx64.efi").read_bytes()
    states = []
    for copy in kill_everywhere(path, ["install", *disk.options], killer, disk):
        states.append(bios_state(copy, disk, old) == "old")
        has_all_files(copy, disk, plain_tree())
        assert read_file(copy, disk, DEFAULT_LOADER) in (None, new)
        restores_at_once(copy, before)
        succeed("install", copy, *disk.options)
        restores_all(copy, before, disk, tmp_path)
    assert states == sorted(states, reverse=True) and len(set(states)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mbr-grub", "gpt"])
def test_killed_update_leaves_old_or_new(make, killer, tmp_path, name):
    disk = DISKS[name]
    path, before = make(disk)
    old_tool = older_tool(tmp_path / "older")
    succeed("install", path, tool=old_tool)
    stage, loader = ((BUILD / part).read_bytes() for part in
                     ("legacy/stage2.bin", "uefi/lintelx64.efi"))
    older_stage, older_loader = as_built(altered(stage, True)), altered(loader, False)
    for copy in kill_everywhere(path, ["install"], killer, disk):
        assert bios_state(copy, disk, before.read_bytes()) in (older_stage, as_built(stage))
        assert read_file(copy, disk, DEFAULT_LOADER) in (older_loader, loader)
        has_all_files(copy, disk, plain_tree())
        restores_at_once(copy, before)
        succeed("install", copy)
        assert read_file(copy, disk, DEFAULT_LOADER) == loader
        restores_all(copy, before, disk, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mbr-grub", "gpt"])
def test_killed_uninstall_leaves_old_or_new_and_can_be_repeated(make, killer, tmp_path, name):
    disk = DISKS[name]
    path, before = make(disk)
    succeed("install", path)
    stage = as_built((BUILD / "legacy/stage2.bin").read_bytes())
    for copy in kill_everywhere(path, ["uninstall"], killer, disk):
        assert bios_state(copy, disk, before.read_bytes()) in ("old", stage)
        has_all_files(copy, disk, plain_tree())
        restores_at_once(copy, before)
        succeed("install", copy)
        restores_all(copy, before, disk, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mbr-grub"])
def test_killed_again_and_again(make, killer, tmp_path, name):
    """Each time one write later, by one command and the other in turn."""
    disk = DISKS[name]
    path, before = make(disk)
    for count in range(1, 30):
        done = lintel("uninstall" if count % 3 == 0 else "install", path,
                      environment={"LD_PRELOAD": str(killer), "KILL_FILE": str(path),
                                   "KILL_AT": str(count), "KILL_SECTOR": str(disk.sector_bytes)})
        assert done.returncode != 1 or "is not installed" in done.stderr
        has_all_files(path, disk, plain_tree())
    succeed("install", path)
    restores_all(path, before, disk, tmp_path)


@pytest.mark.slow
def test_half_installed_disks_boot(make, killer):
    """The states around the switch, for real."""
    disk = DISKS["mbr-grub"]
    path, before = make(disk)
    old = before.read_bytes()
    states = []
    for copy in kill_everywhere(path, ["install"], killer, disk):
        states.append(bios_state(copy, disk, old) == "old")
        copy_disk(copy, path.with_name("last.img" if states[-1] else "first.img"))
        if not states[-1]:
            break
    boots_grub(path.with_name("last.img"))
    boots_lintel(path.with_name("first.img"), "bios", disk)


# ---- refused ------------------------------------------------------------------------------------

def damage(path, *places):
    with open(path, "r+b") as image:
        for offset, content in places:
            image.seek(offset, os.SEEK_SET if offset >= 0 else os.SEEK_END)
            image.write(content)


def row(kind, first, sectors):
    return struct.pack("<B3sB3sII", 0, b"\0\0\0", kind, b"\0\0\0", first, sectors)


TABLE = 446
REFUSED = {
    "both GPTs damaged": ("gpt", [(512 + 20, b"xx"), (-512 + 20, b"xx")], "both copies"),
    "no protective MBR": ("gpt", [(TABLE, bytes(64))], "no protective MBR"),
    "overlap": ("mbr-fat16", [(TABLE + 16, row(0x83, 4096, 100))], "overlap"),
    "extended overlap": ("mbr-fat16", [(TABLE + 16, row(0x05, 4096, 100))],
                         "overlaps the extended"),
    "two extended": ("mbr-logical", [(TABLE + 16, row(0x0f, 3000, 9000))], "overlaps the extended"),
    "logical outside": ("mbr-logical", [(TABLE + 12, struct.pack("<I", 2100))], "leaves the ext"),
    "hybrid": ("gpt", [(TABLE, row(0xee, 1, 2047) + row(0xef, 2000, 2048))], "its hybrid MBR"),
    "leaves the disk": ("mbr-fat16", [(TABLE + 16, row(0x83, 40000, 99999))], "is not sound"),
    "loop": ("mbr-logical", [(2048 * 512 + TABLE + 16, row(0x05, 2, 9)),
                             (2050 * 512 + TABLE + 16, row(0x05, 2, 9)),
                             (2050 * 512 + 510, b"\x55\xaa")], "loops"),
    "something in the gap": ("mbr-fat16", [(512 * lba, b"licence") for lba in range(1, 2048, 64)],
                             "something else lies"),
    "a CD": ("mbr-fat16", [(32768, b"\1CD001")], "is a CD image"),
    "nothing": ("mbr-fat16", [(0, bytes(512))], "does not understand this disk"),
    "no sectors": ("mbr-fat16", [(MIB + 11, b"\0\0")], "partition 1: damaged FAT boot sector"),
    "FAT too large": ("mbr-fat16", [(MIB + 19, b"\xff\xff")], "larger than the volume"),
    "one table": ("mbr-fat16", [(MIB + 16, b"\1")], "what lies at byte 107"),
    "three tables": ("mbr-fat16", [(MIB + 16, b"\3")], "is no volume label: repair the file system"),
    "large clusters": ("mbr-fat16", [(MIB + 13, b"\x80")], "cluster 6 is followed by"),
    "many root entries": ("mbr-fat16", [(MIB + 17, b"\xff\xff")], "in different ways"),
    "contradiction": ("mbr-fat16", [(MIB + 48 * 512 + 12, b"\x09\0")], "first copy of its table"),
    "FSInfo in the table": ("gpt", [(MIB + 48, b"\x28")], "says that sector 40 is FSInfo"),
    "few clusters": ("gpt", [(MIB + 13, b"\x80")], "too few for FAT32"),
    "short table": ("mbr-fat16", [(MIB + 22, b"\1")], "room for 254 clusters only"),
    "copy differs": ("gpt", [(MIB + 26, b"\7")], "the copy of it in sector 6 contradict"),
    "another version": ("gpt", [(MIB + 42, b"\1")], "FAT32 of version 0.1"),
}


@pytest.mark.parametrize("name, places, message", REFUSED.values(), ids=REFUSED.keys())
def test_disk_that_is_not_understood_is_refused(make, name, places, message):
    path, before = make(DISKS[name])
    damage(path, *places)
    shutil.copy(path, before)
    assert message in refuse("install", path)
    assert same(path, before)


def test_too_small_places_are_refused_with_advice(make):
    path, before = make(DISKS["volume-fat16"])
    assert "let the first partition begin at 1 MiB" in refuse("install", path)
    path, before = make(DISKS["mbr-fat16"])
    assert "mkfs.fat -R" in refuse("install", path, "--partition", 1)
    assert "has no partition 7" in refuse("install", path, "--partition", 7)
    assert same(path, before)


def test_gpt_without_bios_boot_partition_is_refused_with_advice(make):
    path, before = make(DISKS["gpt"])
    subprocess.run(["sfdisk", "--quiet", "--delete", path, "1"], check=True)
    shutil.copy(path, before)
    message = refuse("install", path)
    command = re.search(r"\((sgdisk .*?)\)", message)[1]
    assert same(path, before)
    subprocess.run(command.split(), check=True, capture_output=True)
    succeed("install", path)


def test_full_volume_is_refused(make, tmp_path):
    disk = DISKS["floppy"]
    path, before = make(disk)
    filler = tmp_path / "filler"
    filler.write_bytes(bytes(free_bytes(path) - 20_000))
    subprocess.run(["mcopy", "-i", path, filler, "::/filler"], check=True)
    shutil.copy(path, before)
    assert re.search(r"on the volume: .*full.*: make room", refuse("install", path), re.DOTALL)
    assert same(path, before)


@pytest.mark.parametrize("name, is_what", [
    ("/EFI", "is a file"), (RECORD, "does not begin with"), (RECORD + "/x", "is a directory"),
    (LOADER + "/x", "is a folder"), (DEFAULT_LOADER + "/x", "is a folder")])
def test_someone_elses_files_stay(make, name, is_what):
    path, before = make(DISKS["mbr-fat16"], {name: b"someone else's"})
    message = refuse("install", path)
    assert is_what in message and "rename it" in message
    assert same(path, before)


def test_uninstall_without_install_explains(make):
    path, before = make(DISKS["mbr-fat16"])
    assert "Lintel is not installed" in refuse("uninstall", path)
    assert same(path, before)


@pytest.mark.parametrize("name", ["gpt", "mbr-fat16"])
def test_damaged_record_is_refused(make, name):
    disk = DISKS[name]
    path, before = make(disk)
    succeed("install", path)
    image = bytearray(path.read_bytes())
    image[image.index(b"LNTUNDO1") + 100] ^= 1
    path.write_bytes(image)
    shutil.copy(path, before)
    assert "CRC-32" in refuse("uninstall", path)
    assert "CRC-32" in refuse("install", path)
    assert same(path, before)


def test_damaged_second_stage_is_refused(make, tmp_path):
    path, before = make(DISKS["mbr-fat16"])
    tool = older_tool(tmp_path / "damaged", seal=False)
    assert "is damaged" in refuse("install", path, tool=tool)
    assert same(path, before)


def test_disk_of_a_running_machine_is_refused(make):
    path, before = make(DISKS["mbr-fat16"])
    with Machine("bios", [path], options=["-S"]) as machine:
        machine.monitor.execute("query-status")
        assert "a virtual machine?" in refuse("install", path)
    assert same(path, before)


def test_file_that_is_not_writable_is_refused(tmp_path):
    assert "No such file" in refuse("install", tmp_path / "nothing.img")
    assert "neither a disk nor an image" in refuse("install", tmp_path)
    path = tmp_path / "locked.img"
    path.write_bytes(bytes(MIB))
    held = subprocess.Popen(["flock", path, "cat"], stdin=subprocess.PIPE)
    try:
        subprocess.run(["sh", "-c", f"while flock -n {path} true; do sleep 0.1; done"], check=True)
        assert "has locked it" in refuse("install", path)
    finally:
        held.communicate()
