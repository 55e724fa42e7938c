"""lintel install and uninstall without a FAT volume: in the gap of an MBR or the BIOS boot partition
of a GPT, behind the other loader's core; on images, and on trees of files that play machines."""
import re
import shutil
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from disks import (BUILD, GRUB_SAYS, MIB, altered, gpt, older_tool, plain_tree,  # noqa: E402
                   put_grub)
from builder import make_empty  # noqa: E402
from installs import (as_built, head_sum, kill_everywhere, lintel, refuse,  # noqa: E402
                      same, succeed)
from machine import Hardware, Machine  # noqa: E402
from report import parse_report  # noqa: E402

UUID = "11111111-2222-4333-8444-555555555555"
STAGE = (BUILD / "legacy/stage2.bin").read_bytes()
SLOT_BYTES, AREA_SECTORS = 256 * 1024, 5
STATE, PREVIOUS, TRIAL, UNDO = 0, 2, 3, 4  # sectors of the area: common/storage/area.h
STATE_TRIAL, STATE_RUNNING = 11, 12        # common/storage/state.h


@dataclass(frozen=True)
class Disk:
    """A disk with ext4 in partition `number`, from LBA `first` on."""

    name: str
    table: str            # a script for fdisk
    first: int
    number: int = 1
    gap: tuple = (1, 2048)  # where Lintel may go: the first LBA, and that behind the last
    mib: int = 24
    grub: int = 0         # LBA at which the rest of GRUB lies; 0: no GRUB
    sector_bytes: int = 512
    device: str = "ide-hd"

    def make(self, path, tree):
        make_empty(path, self.mib * MIB)
        script = path.with_name("table")
        script.write_text(self.table)
        subprocess.run(["fdisk", "--sector-size", str(self.sector_bytes), path], text=True,
                       input=f"I\n{script}\nw\n", check=True, stdout=subprocess.DEVNULL)
        self.format(path, tree)
        if self.grub:
            put_grub(path, self.grub)

    def format(self, path, tree):
        folder = path.with_name("tree")
        shutil.rmtree(folder, ignore_errors=True)
        for name, content in tree.items():
            (folder / name[1:]).parent.mkdir(parents=True, exist_ok=True)
            (folder / name[1:]).write_bytes(content if isinstance(content, bytes)
                                            else Path(content).read_bytes())
        subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-U", UUID, "-E",
                        f"offset={self.first * self.sector_bytes}", "-d", folder, path,
                        f"{self.mib - 4}M"], check=True)


def gpt_disk(first, boot):
    """A BIOS boot partition in the first MiB, then Linux."""
    return gpt(first, boot).replace("C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
                                    "0FC63DAF-8483-4772-8E79-3D69D8477DE4")


MBR = "label: dos\nstart=2048,type=83,bootable\n"
DISKS = {disk.name: disk for disk in (
    Disk("mbr-grub", MBR, 2048, grub=1),
    Disk("mbr-plain", MBR, 2048),
    Disk("mbr-logical", "label: dos\nstart=2048,type=5\nstart=4096,type=83\n", 4096, number=5),
    Disk("mbr-4096", "label: dos\nstart=256,type=83\n", 256, gap=(1, 256), mib=48,
         sector_bytes=4096, device="nvme"),
    Disk("gpt-grub", gpt_disk(34, 2048), 2048, number=2, gap=(34, 2048), grub=34),
    Disk("gpt-4096", gpt_disk(6, 256), 256, number=2, gap=(6, 256), mib=48, sector_bytes=4096,
         device="nvme"),
)}


def entries_tree():
    """As on a Debian with one file system: kernels and entries below /boot."""
    return {f"/boot{name}" if name.startswith("/loader") else name: content
            for name, content in plain_tree().items()}


@pytest.fixture
def make(tmp_path):
    """make(disk) -> (path, a copy that stays as it is)."""

    def make_disk(disk):
        path, before = tmp_path / "disk.img", tmp_path / "before.img"
        disk.make(path, entries_tree())
        shutil.copy(path, before)
        return path, before

    return make_disk


def boots(path, disk, marker=None):
    sectors = f",logical_block_size={disk.sector_bytes},physical_block_size={disk.sector_bytes}"
    with Machine("bios", [path], Hardware(disk=disk.device + sectors)) as machine:
        if marker:
            machine.wait_for(marker)
            return
        machine.wait_passed()
        if not parse_report(machine.output).complete:
            raise machine.error("not all claims were checked")


# ---- what lies on the disk -----------------------------------------------------------------------

class Area:
    """What an installation has put on a disk: found as the loader finds it, from the record."""

    def __init__(self, path, disk):
        self.image, self.disk, size = path.read_bytes(), disk, disk.sector_bytes
        at = [lba for lba in range(*disk.gap)
              if self.image.startswith(b"LNTAREA1", lba * size)]
        self.area = at[-1] - UNDO if at else None
        if at:
            self.slots = [self.area - (2 - i) * SLOT_BYTES // size for i in range(2)]

    def sector(self, place):
        at = (self.area + place) * self.disk.sector_bytes
        return self.image[at:at + 512]

    def stage_of(self, sector):
        """The whole, sound second stage that a first sector leads to, as built."""
        lba, sectors = struct.unpack_from("<QH", sector, 0x1A8)
        assert lba in self.slots
        size = self.disk.sector_bytes
        stage = self.image[lba * size:(lba + sectors) * size]
        stage = stage[:struct.unpack_from("<I", stage, 8)[0]]
        assert stage[4:8] == b"LNT2"
        assert sum(struct.unpack(f"<{len(stage) // 4}I", stage)) % 2**32 == 0
        assert struct.pack("<I", head_sum(stage)) == sector[0x1B2:0x1B6]
        assert struct.unpack_from("<QQQ", stage, 0x28) == (
            lba * size, self.disk.first * size, self.area * size)
        return as_built(stage)

    def state(self):
        """The records of the newer state, by id."""
        best = (0, {})
        for place in (STATE, STATE + 1):
            raw = self.sector(place)
            crc, sequence = struct.unpack_from("<II", raw, 8)
            if raw[:8] == b"LNTSTATE" and zlib.crc32(raw[:8] + bytes(4) + raw[12:]) == crc:
                best = max(best, (sequence, dict(records(raw))), key=lambda state: state[0])
        return best[1]


def records(raw):
    at = 0x10
    while at < 512 and raw[at]:
        yield raw[at], raw[at + 2:at + 2 + raw[at + 1]]
        at += 2 + raw[at + 1]


def put_state(path, disk, sequence, **values):
    """A state as the loader writes it."""
    area = Area(path, disk)
    raw = b"".join(bytes([key, len(value)]) + value for key, value in
                   ((int(name[1:]), value) for name, value in values.items()))
    raw = (b"LNTSTATE" + bytes(4) + struct.pack("<I", sequence) + raw).ljust(512, b"\0")
    raw = raw[:8] + struct.pack("<I", zlib.crc32(raw)) + raw[12:]
    write(path, (area.area + STATE + sequence % 2) * disk.sector_bytes, raw)


def write(path, offset, content):
    with open(path, "r+b") as image:
        image.seek(offset)
        image.write(content)


def old_is_whole(image, before, disk):
    """What was there lies where it lay: all sectors but the first that were not zero."""
    size = disk.sector_bytes
    for at in range(size, disk.first * size, size):
        then = before[at:at + size]
        assert not any(then) or image[at:at + size] == then, at // size
    assert image[disk.first * size:] == before[disk.first * size:]


# ---- the whole way -------------------------------------------------------------------------------

@pytest.mark.slow
@pytest.mark.parametrize("disk", DISKS.values(), ids=DISKS.keys())
def test_install_boots_and_uninstall_restores_every_byte(make, disk):
    path, before = make(disk)
    assert "read back" in succeed("install", path)
    area = Area(path, disk)
    assert area.stage_of(area.image) == as_built(STAGE)
    old_is_whole(area.image, before.read_bytes(), disk)
    boots(path, disk)
    succeed("uninstall", path)
    assert same(path, before)


@pytest.mark.parametrize("disk", DISKS.values(), ids=DISKS.keys())
def test_first_sector_is_kept(make, disk):
    path, before = make(disk)
    succeed("install", path)
    area, old = Area(path, disk), before.read_bytes()[:512]
    assert area.sector(PREVIOUS) == (old if disk.grub else bytes(512))
    assert area.image[440:disk.sector_bytes] == before.read_bytes()[440:disk.sector_bytes]
    assert area.sector(TRIAL) == bytes(512) and area.state() == {}
    assert area.slots[0] >= disk.gap[0] and area.area + AREA_SECTORS <= disk.gap[1]


def test_dry_run_tells_and_changes_nothing(make):
    path, before = make(DISKS["mbr-grub"])
    said = succeed("install", path, "--dry-run")
    assert "in the gap before the first partition" in said and "(GRUB) stays whole" in said
    assert same(path, before)
    succeed("install", path)
    shutil.copy(path, before)
    assert "gets its code back: GRUB" in succeed("uninstall", path, "--dry-run")
    assert same(path, before)


def test_second_time_has_nothing_to_do(make):
    path, _ = make(DISKS["mbr-grub"])
    succeed("install", path)
    once = path.read_bytes()
    assert "installed already" in succeed("install", path)
    assert path.read_bytes() == once


# ---- updates -------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["mbr-grub", "gpt-4096"])
def test_update_goes_into_the_other_slot_on_trial(make, tmp_path, name):
    disk = DISKS[name]
    path, before = make(disk)
    succeed("install", path, tool=older_tool(tmp_path / "older"))
    first = path.read_bytes()[:512]
    assert "on trial" in succeed("install", path)
    area = Area(path, disk)
    assert area.image[:512] == first and area.stage_of(first) == as_built(altered(STAGE, True))
    assert area.stage_of(area.sector(TRIAL)) == as_built(STAGE)
    assert area.state() == {STATE_TRIAL: b"\1"}
    once = path.read_bytes()
    assert "installed already, on trial" in succeed("install", path)
    assert path.read_bytes() == once
    succeed("uninstall", path)
    assert same(path, before)


def test_update_is_taken_back_by_the_version_before(make, tmp_path):
    disk, older = DISKS["mbr-grub"], older_tool(tmp_path / "older")
    path, _ = make(disk)
    succeed("install", path, tool=older)
    succeed("install", path)
    assert "the one on trial is taken back" in succeed("install", path, tool=older)
    assert Area(path, disk).state() == {}


def test_update_that_failed_is_tried_again(make, tmp_path):
    disk = DISKS["mbr-grub"]
    path, _ = make(disk)
    succeed("install", path, tool=older_tool(tmp_path / "older"))
    succeed("install", path)
    slot = Area(path, disk).slots[0] * disk.sector_bytes
    put_state(path, disk, 9, _11=b"\2", _12=struct.pack("<Q", slot) + b"0.0")
    assert "on trial" in succeed("install", path)
    assert Area(path, disk).state() == {STATE_TRIAL: b"\1"}


# ---- killed at each write ------------------------------------------------------------------------

KILLED = ["mbr-grub", "mbr-plain", "gpt-grub", "gpt-4096"]


@pytest.mark.parametrize("name", KILLED)
def test_killed_install_leaves_old_or_new(make, killer, name):
    disk = DISKS[name]
    path, before = make(disk)
    old, states = before.read_bytes(), []
    for copy in kill_everywhere(path, ["install"], killer, disk):
        area = Area(copy, disk)
        states.append(area.image[:512] == old[:512])
        assert states[-1] or area.stage_of(area.image) == as_built(STAGE)
        old_is_whole(area.image, old, disk)
        other = shutil.copy(copy, copy.with_name("other.img"))
        assert lintel("uninstall", other).returncode == 0 or same(other, before)
        assert same(other, before)
        succeed("install", copy)
        assert Area(copy, disk).stage_of(copy.read_bytes()) == as_built(STAGE)
        succeed("uninstall", copy)
        assert same(copy, before)
    assert states == sorted(states, reverse=True) and len(set(states)) == 2


@pytest.mark.parametrize("name", ["mbr-grub", "gpt-4096"])
def test_killed_update_leads_to_whole_loaders_only(make, killer, tmp_path, name):
    """The one before it by the first sector; the new one on trial, or no trial."""
    disk = DISKS[name]
    path, before = make(disk)
    succeed("install", path, tool=older_tool(tmp_path / "older"))
    trials = []
    for copy in kill_everywhere(path, ["install"], killer, disk):
        area = Area(copy, disk)
        assert area.stage_of(area.image) == as_built(altered(STAGE, True))
        trials.append(STATE_TRIAL in area.state())
        assert not trials[-1] or area.stage_of(area.sector(TRIAL)) == as_built(STAGE)
        succeed("install", copy)
        assert Area(copy, disk).state() == {STATE_TRIAL: b"\1"}
        succeed("uninstall", copy)
        assert same(copy, before)
    assert trials == sorted(trials) and trials[-1] and not trials[0]


@pytest.mark.parametrize("name", ["mbr-grub", "gpt-4096"])
def test_killed_update_of_a_trial_never_leads_to_half_a_loader(make, killer, tmp_path, name):
    """A third version comes while the second is still to be tried: its slot is written to."""
    disk, older = DISKS[name], older_tool(tmp_path / "older")
    path, _ = make(disk)
    succeed("install", path)
    succeed("install", path, tool=older)
    stage = as_built(STAGE)
    for copy in kill_everywhere(path, ["install"], killer, disk, tool=newer_tool(tmp_path)):
        area = Area(copy, disk)
        assert area.stage_of(area.image) == stage
        if STATE_TRIAL in area.state():
            area.stage_of(area.sector(TRIAL))


def newer_tool(folder):
    """A third version: another letter than older_tool() changes."""
    tool, place = (BUILD / "lintel").read_bytes(), STAGE.index(b"partition table")
    stage = bytearray(STAGE)
    stage[place] ^= 0x20
    change = -0x20 << 8 * (place % 4)
    stage[12:16] = ((int.from_bytes(stage[12:16], "little") - change) % 2**32).to_bytes(4, "little")
    path = folder / "newer"
    path.write_bytes(tool.replace(STAGE, bytes(stage)))
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", ["mbr-grub", "gpt-4096"])
def test_killed_uninstall_leaves_new_or_old_and_can_be_repeated(make, killer, name):
    disk = DISKS[name]
    path, before = make(disk)
    succeed("install", path)
    old, states = before.read_bytes(), []
    for copy in kill_everywhere(path, ["uninstall"], killer, disk):
        area = Area(copy, disk)
        states.append(area.image[:512] == old[:512])
        assert states[-1] or area.stage_of(area.image) == as_built(STAGE)
        old_is_whole(area.image, old, disk)
        again = shutil.copy(copy, copy.with_name("again.img"))
        succeed("install", again)
        succeed("uninstall", again)
        assert same(again, before)
        assert lintel("uninstall", copy).returncode == 0 or same(copy, before)
        assert same(copy, before)
    assert states == sorted(states) and len(set(states)) == 2


@pytest.mark.slow
def test_half_installed_disks_boot(make, killer):
    """The states around the switch, for real."""
    disk = DISKS["mbr-grub"]
    path, before = make(disk)
    for copy in kill_everywhere(path, ["install"], killer, disk):
        is_old = copy.read_bytes()[:512] == before.read_bytes()[:512]
        shutil.copy(copy, path.with_name("last.img" if is_old else "first.img"))
        if not is_old:
            break
    boots(path.with_name("last.img"), disk, GRUB_SAYS)
    boots(path.with_name("first.img"), disk)


# ---- beside others -------------------------------------------------------------------------------

def test_loader_that_came_later_stays(make):
    disk = DISKS["mbr-grub"]
    path, before = make(disk)
    succeed("install", path)
    write(path, 0, before.read_bytes()[:440])
    assert "does not lead to Lintel (GRUB): it stays" in succeed("uninstall", path)
    assert same(path, before)


def test_installing_again_behind_another_loader_goes_back_to_that_one(make):
    disk = DISKS["mbr-grub"]
    path, before = make(disk)
    succeed("install", path)
    code = b"another loader's code".ljust(440, b"\x90")
    write(path, 0, code)
    assert "(another loader) stays whole" in succeed("install", path)
    area = Area(path, disk)
    assert area.stage_of(area.image) == as_built(STAGE)
    assert area.sector(PREVIOUS)[:440] == code
    succeed("uninstall", path)
    assert path.read_bytes()[:440] == code
    assert path.read_bytes()[440:] == before.read_bytes()[440:]


def test_partitions_changed_later_stay(make):
    path, before = make(DISKS["mbr-grub"])
    succeed("install", path)
    for file in (path, before):
        subprocess.run(["sfdisk", "--quiet", "--part-type", file, "1", "c"], check=True)
    succeed("uninstall", path)
    assert same(path, before)


def test_zeros_in_grubs_core_are_not_free(make):
    """Its list of sectors says how far it reaches."""
    disk = DISKS["mbr-grub"]
    path, _ = make(disk)
    write(path, 512 + 0x1F4, struct.pack("<QH", 2, 1500))  # LBA 2 to 1501
    assert "it has no 1029 sectors of zeros in a row" in refuse("install", path)
    write(path, 512 + 0x1F4, struct.pack("<QH", 2, 1000))
    succeed("install", path)
    assert Area(path, disk).slots[0] >= 1002


def test_core_of_a_loader_that_came_later_is_not_cleared(make):
    disk = DISKS["mbr-grub"]
    path, before = make(disk)
    succeed("install", path)
    write(path, 0, before.read_bytes()[:440])
    write(path, 512 + 0x1F4, struct.pack("<QH", 2, 1500))
    write(path, 1400 * 512, b"core")
    succeed("uninstall", path)
    assert path.read_bytes()[1400 * 512:].startswith(b"core")
    assert not any(path.read_bytes()[1502 * 512:MIB])


MEANWHILE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset)
{
    ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, "pwrite");
    static char code[440] = "another loader";
    static int done;

    if (!done++)
        real(file, code, sizeof code, 0);
    return real(file, bytes, count, offset);
}
"""


def test_another_installer_meanwhile(make, tmp_path):
    """It takes the first sector between the plan and the last write."""
    disk = DISKS["mbr-grub"]
    path, before = make(disk)
    (tmp_path / "meanwhile.c").write_text(MEANWHILE)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", tmp_path / "meanwhile.so",
                    tmp_path / "meanwhile.c", "-ldl"], check=True)
    said = refuse("install", path, environment={"LD_PRELOAD": str(tmp_path / "meanwhile.so")})
    assert "another program (another loader?) has written the first sector meanwhile: it stays" in said
    assert path.read_bytes()[:440] == b"another loader".ljust(440, b"\0")
    old_is_whole(path.read_bytes(), before.read_bytes(), disk)


# ---- refused -------------------------------------------------------------------------------------

NO_PLACE = {
    "62 sectors": (Disk("d", "label: dos\nstart=63,type=83\n", 63), None,
                   "the gap before the first partition has 62 sectors, but Lintel's two slots and "
                   "its area need 1029: let the first partition begin at 1 MiB"),
    "1028 sectors": (Disk("d", "label: dos\nstart=1029,type=83\n", 1029), None,
                    "has 1028 sectors, but Lintel's two slots and its area need 1029"),
    "BIOS boot partition too small": (
        Disk("d", gpt_disk(1100, 2048).replace("start=1100, size=948", "start=1100, size=900"), 2048,
             number=2), None,
        "the BIOS boot partition has 900 sectors, but Lintel's two slots and its area need 1029: make "
        "the partition larger"),
    "4Kn": (Disk("d", "label: dos\nstart=100,type=83\n", 100, mib=48, sector_bytes=4096), None,
            "has 99 sectors, but Lintel's two slots and its area need 133"),
    "no BIOS boot partition": (
        Disk("d", "label: gpt\nfirst-lba: 34\nstart=2048,type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n", 2048), None,
        "its GPT has no BIOS boot partition for Lintel (type 21686148-6449-6E6F-744E-656564454649, at "
        "least 1029 sectors): make one (sgdisk --set-alignment=1 --new=0:34:2047 --typecode=0:EF02"),
    "something in the gap": (DISKS["mbr-plain"], (900 * 512, b"licence" * 22000),
                             "something else lies in the gap before the first partition (no loader in "
                             "the first sector): it has no 1029 sectors of zeros in a row"),
    "overlap": (DISKS["mbr-plain"], (446 + 16 + 4, struct.pack("<B3sII", 0x83, b"\0\0\0", 4096, 9)),
                "overlap"),
}


@pytest.mark.parametrize("disk, damage, message", NO_PLACE.values(), ids=NO_PLACE.keys())
def test_no_place_is_refused(make, tmp_path, disk, damage, message):
    path, before = make(disk)
    if damage:
        write(path, *damage)
        shutil.copy(path, before)
    assert message in refuse("install", path)
    assert same(path, before)


def test_advised_bios_boot_partition_is_taken(make):
    disk = NO_PLACE["no BIOS boot partition"][0]
    path, _ = make(disk)
    command = re.search(r"\((sgdisk .*?)\)", refuse("install", path))[1]
    subprocess.run(command.split(), check=True, capture_output=True)
    assert "BIOS boot partition (partition 2)" in succeed("install", path)


def test_damaged_previous_sector_is_refused(make):
    disk = DISKS["mbr-grub"]
    path, before = make(disk)
    succeed("install", path)
    write(path, (Area(path, disk).area + PREVIOUS) * 512 + 7, b"x")
    shutil.copy(path, before)
    assert "which keeps the first sector as it was, is damaged" in refuse("uninstall", path)
    assert same(path, before)


def test_partition_that_grew_over_it_is_kept(make):
    """Uninstalling leaves its sectors alone, where it is known that they are its own no more."""
    disk = DISKS["gpt-grub"]
    path, before = make(disk)
    succeed("install", path)
    subprocess.run(["sgdisk", "-d1", "-n1:1090:2047", "-t1:ef02", path], check=True,
                   capture_output=True)
    said = succeed("uninstall", path)
    assert "are in use by a partition now: they stay" in said
    assert path.read_bytes()[:440] == before.read_bytes()[:440]


# ---- in the running system -----------------------------------------------------------------------

KERNEL_FILE = b"MZ".ljust(512, b"\0") + b"HdrS"


@pytest.fixture
def root(tmp_path, make):
    """A tree that plays a machine, which runs from /dev/vda; (root, disk as it was)."""
    root = tmp_path / "root"
    path, before = make(DISKS["mbr-grub"])
    for name in ("dev", "proc/self", "sys/dev/block", "sys/devices/vda/vda1", "sys/devices/vda/queue",
                 "boot", "etc/default", "var/lib"):
        (root / name).mkdir(parents=True)
    path.rename(root / "dev/vda")
    vda = root / "sys/devices/vda"
    (vda / "queue/logical_block_size").write_text("512\n")
    for name, value in (("partition", 1), ("start", 2048), ("size", 20 * 2048)):
        (vda / "vda1" / name).write_text(f"{value}\n")
    (root / "sys/dev/block/254:0").symlink_to(vda)
    (root / "sys/dev/block/254:1").symlink_to(vda / "vda1")
    (root / "proc/self/mountinfo").write_text("21 1 254:1 / / rw - ext4 /dev/vda1 rw\n")
    (root / "proc/cmdline").write_text(f"BOOT_IMAGE=/boot/vmlinuz-6.1.0-50 root=UUID={UUID} ro\n")
    (root / "boot/vmlinuz-6.1.0-50").write_bytes(KERNEL_FILE)
    (root / "boot/initrd.img-6.1.0-50").write_bytes(b"initrd")
    return root, before


def live(root, *arguments, status=0, **others):
    done = lintel(*arguments, environment={"LINTEL_ROOT": str(root)}, **others)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_running_system_moves_and_goes_back(root):
    root, before = root
    said = live(root, "install")
    assert "in the gap" in said and "read back" in said and "/var/lib/lintel/undo" in said
    area = Area(root / "dev/vda", DISKS["mbr-grub"])
    assert area.stage_of(area.image) == as_built(STAGE)
    assert (root / "boot/loader/loader.conf").read_text() == "timeout 3\nfallback yes\n"
    assert (root / "boot/loader/entries/lintel-6.1.0-50.conf").exists()
    assert "installed already" in live(root, "install")
    live(root, "uninstall")
    assert same(root / "dev/vda", before)
    assert not (root / "var/lib/lintel/undo").exists()
    assert not (root / "boot/loader").exists()


def test_named_disk_of_the_running_system(root):
    root, _ = root
    assert "read back" in live(root, "install", root / "dev/vda")
    assert (root / "var/lib/lintel/undo").exists()


def test_dry_run_in_the_running_system_changes_nothing(root):
    root, before = root
    assert "and in /var/lib/lintel/undo" in live(root, "install", "--dry-run")
    assert same(root / "dev/vda", before) and not list((root / "var/lib").iterdir())
    assert not (root / "boot/loader").exists()


def test_loader_conf_of_others_stays(root):
    root, _ = root
    (root / "boot/loader").mkdir()
    (root / "boot/loader/loader.conf").write_text("timeout 9\n")
    live(root, "install")
    live(root, "uninstall")
    assert (root / "boot/loader/loader.conf").read_text() == "timeout 9\n"


@pytest.mark.parametrize("lost", ["record", "previous"])
def test_what_the_disk_lost_the_copy_has(root, lost):
    root, before = root
    live(root, "install")
    area = Area(root / "dev/vda", DISKS["mbr-grub"])
    write(root / "dev/vda", (area.area + (UNDO if lost == "record" else PREVIOUS)) * 512, b"x" * 9)
    live(root, "uninstall")
    assert same(root / "dev/vda", before)


def test_copy_of_another_disk_clears_nothing(root):
    """The system has moved to a disk where something else lies at that place."""
    root, before = root
    live(root, "install")
    area = Area(root / "dev/vda", DISKS["mbr-grub"])
    write(before, area.area * 512 - 700, b"licence")
    shutil.copy(before, root / "dev/vda")
    assert "nothing of Lintel lies there any more" in live(root, "uninstall")
    assert same(root / "dev/vda", before)
    assert not (root / "var/lib/lintel/undo").exists() and not (root / "boot/loader").exists()


def test_running_system_without_lintel_explains(root):
    root, before = root
    assert "Lintel is not installed" in live(root, "uninstall", status=1)
    assert same(root / "dev/vda", before)


def test_place_is_for_disks_not_in_use(root):
    root, _ = root
    assert "--partition: is for disks that are not in use" in live(root, "install", "--partition", "1",
                                                                    status=1)


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_disk_that_cannot_be_written_to(root, command):
    root, before = root
    (root / "sys/devices/vda/ro").write_text("1\n")
    assert "/dev/vda: can't be written to" in live(root, command, status=1)
    assert same(root / "dev/vda", before) and not (root / "boot/loader").exists()


def test_nothing_is_written_where_there_is_no_place(root):
    root, _ = root
    write(root / "dev/vda", 1000 * 512, b"licence")
    write(root / "dev/vda", 1900 * 512, b"licence")
    assert "something else lies" in live(root, "install", status=1)
    assert not list((root / "var/lib").iterdir()) and not (root / "boot/loader").exists()


# ---- an update on trial --------------------------------------------------------------------------

@pytest.fixture
def trial(root, tmp_path):
    """trial(started, slot) -> (root, disk's path): an older Lintel runs, this one is on trial; the
    state as the loader of that slot left it."""
    root, _ = root
    path, disk = root / "dev/vda", DISKS["mbr-grub"]

    def make_trial(started, slot):
        live(root, "install", tool=older_tool(tmp_path / "older"))
        live(root, "install")
        running = struct.pack("<Q", Area(path, disk).slots[slot] * 512) + b"0.0"
        put_state(path, disk, 9, _11=bytes([started]), _12=running)
        return root, path

    return make_trial


OLDER = as_built(altered(STAGE, True))
TRIALS = {  # who runs; what bless says and leaves: the loader that starts lead to, is it on trial
    "good": (2, 1, "good", "has proved itself", STAGE, False),
    "failed": (2, 0, "good", "was tried, and did not start this machine", None, False),
    "not tried yet": (1, 0, "good", "", None, True),
    "taken back": (1, 0, "bad", "is taken back", None, False),
    "bad": (2, 1, "bad", "is taken back", None, False),
}


@pytest.mark.parametrize("started, slot, verdict, says, leads_to, stays", TRIALS.values(),
                         ids=TRIALS.keys())
def test_bless_ends_a_trial(trial, started, slot, verdict, says, leads_to, stays):
    root, path = trial(started, slot)
    said = lintel("bless", verdict, environment={"LINTEL_ROOT": str(root)})
    area = Area(path, DISKS["mbr-grub"])
    assert says in said.stdout, said.stdout + said.stderr
    assert area.stage_of(area.image) == (as_built(leads_to) if leads_to else OLDER)
    assert (STATE_TRIAL in area.state()) == stays
    assert any(area.sector(TRIAL)) == stays


@pytest.mark.parametrize("verdict", ["good", "bad"])
def test_killed_bless_leads_to_whole_loaders_only(trial, killer, verdict):
    root, path = trial(2, 1)
    before = path.read_bytes()
    for count in range(1, 20):
        path.write_bytes(before)
        done = lintel("bless", verdict, environment={
            "LINTEL_ROOT": str(root), "LD_PRELOAD": str(killer), "KILL_FILE": str(path),
            "KILL_AT": str(count), "KILL_SECTOR": "512"})
        area = Area(path, DISKS["mbr-grub"])
        kept = verdict == "good"
        assert area.stage_of(area.image) in ([OLDER, as_built(STAGE)] if kept else [OLDER])
        if done.returncode != -9:
            break
    assert area.stage_of(area.image) == (as_built(STAGE) if kept else OLDER)
