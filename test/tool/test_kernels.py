"""lintel kernel, and the hooks that call it, in trees that play running machines (live_tree.py)."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "boot")]
from builder import LINTEL  # noqa: E402
from live_tree import ESP, ESP_SERIAL, EXT4, UUID, Tree  # noqa: E402
from machine import ROOT  # noqa: E402

HOOKS = ROOT / "config/debian/hooks"
OLD, NEW = "6.1.0-50-amd64", "6.1.0-57-amd64"
ENTRIES = "boot/loader/entries"
OPTIONS = f"root=UUID={UUID} ro quiet"
UNIT = "etc/systemd/system/multi-user.target.wants/lintel-bless.service"


def kernel(tree, *arguments, **environment):
    return subprocess.run([LINTEL, "kernel", *arguments], capture_output=True, text=True,
                          env=tree.environment(**environment))


def succeed(tree, *arguments):
    done = kernel(tree, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def refuse(tree, *arguments):
    done = kernel(tree, *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def entries(tree, folder=ENTRIES):
    """{name: text} of what a loader would read."""
    return {path.name: path.read_text() for path in sorted(tree.path(folder).glob("*.conf"))}


def values(text):
    return dict(re.findall(r"^([a-z-]+) +(.*)$", text, re.MULTILINE))


@pytest.fixture
def tree(tmp_path):
    """A BIOS machine with two kernels that GRUB booted."""
    tree = Tree(tmp_path / "root")
    tree.write("etc/default/grub", 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n')
    tree.add_kernel(OLD)
    tree.add_kernel(NEW)
    return tree


def bless_is_enabled(tree):
    tree.path(UNIT).parent.mkdir(parents=True, exist_ok=True)
    tree.path(UNIT).symlink_to("/lib/systemd/system/lintel-bless.service")


# ---- what an entry says --------------------------------------------------------------------------

def test_refresh_gives_every_kernel_an_entry(tree):
    said = succeed(tree, "refresh").stdout
    assert f"/etc/kernel/cmdline: written: {OPTIONS}\n" in said
    assert tree.read("etc/kernel/cmdline") == f"{OPTIONS}\n"
    assert tree.read("boot/loader/entries.srel") == "type1\n"
    assert list(entries(tree)) == [f"lintel-{OLD}.conf", f"lintel-{NEW}.conf"]
    assert values(entries(tree)[f"lintel-{NEW}.conf"]) == {
        "title": "Debian GNU/Linux 12 (bookworm)", "version": NEW, "sort-key": "debian",
        "machine-id": "0123456789abcdef0123456789abcdef", "linux": f"/boot/vmlinuz-{NEW}",
        "initrd": f"/boot/initrd.img-{NEW}", "options": OPTIONS}


def test_refresh_again_writes_nothing(tree):
    succeed(tree, "refresh")
    before = {path: path.stat().st_mtime_ns for path in tree.path("boot/loader").rglob("*")}
    assert succeed(tree, "refresh").stdout == ""
    assert before == {path: path.stat().st_mtime_ns for path in tree.path("boot/loader").rglob("*")}


def test_refresh_follows_kernels_and_options(tree):
    succeed(tree, "refresh")
    tree.path(f"boot/vmlinuz-{OLD}").unlink()
    tree.write("etc/kernel/cmdline", "root=/dev/vda1\n  rw\n")
    tree.write(f"{ENTRIES}/lintel-{OLD}.conf.new", "half of it")
    succeed(tree, "refresh")
    assert list(entries(tree)) == [f"lintel-{NEW}.conf"]
    assert values(entries(tree)[f"lintel-{NEW}.conf"])["options"] == "root=/dev/vda1 rw"
    assert tree.read("etc/kernel/cmdline") == "root=/dev/vda1\n  rw\n"
    assert not list(tree.path(ENTRIES).glob("*.new"))


def test_what_dpkg_has_not_finished_is_no_kernel(tree):
    tree.add_kernel(f"{NEW}.dpkg-new")
    tree.path("boot/vmlinuz-link").symlink_to(f"vmlinuz-{NEW}")
    succeed(tree, "refresh")
    assert len(entries(tree)) == 2


def test_kernel_without_initrd(tree):
    tree.add_kernel("6.9.0", initrd=False)
    said = succeed(tree, "refresh").stderr
    assert "/boot/initrd.img-6.9.0: is not there" in said and "update-initramfs -c -k 6.9.0" in said
    assert "initrd" not in values(entries(tree)["lintel-6.9.0.conf"])
    tree.write("etc/kernel/cmdline", "root=/dev/vda1 ro")
    assert succeed(tree, "refresh").stderr == ""


def test_boot_as_a_partition_of_its_own(tmp_path):
    tree = Tree(tmp_path / "root", mounts=(("vda1", "/boot"),))
    tree.add_kernel(NEW)
    succeed(tree, "add", NEW)
    entry = values(entries(tree)[f"lintel-{NEW}.conf"])
    assert entry["linux"] == f"/vmlinuz-{NEW}" and entry["initrd"] == f"/initrd.img-{NEW}"


def test_uefi_reads_kernels_of_another_file_system(tmp_path):
    tree = Tree(tmp_path / "root", (("vda2", "/"), ("vda1", "/boot/efi")), (ESP, EXT4), uefi=True)
    tree.add_kernel(NEW)
    succeed(tree, "refresh")
    entry = values(entries(tree, "boot/efi/loader/entries")[f"lintel-{NEW}.conf"])
    assert entry["linux"] == f"UUID={UUID}:/boot/vmlinuz-{NEW}"
    assert entry["initrd"] == f"UUID={UUID}:/boot/initrd.img-{NEW}"
    assert tree.read("boot/efi/loader/entries.srel") == "type1\n"
    assert succeed(tree, "refresh").stdout == ""


def test_boot_on_the_esp(tmp_path):
    tree = Tree(tmp_path / "root", (("vda2", "/"), ("vda1", "/boot")), (ESP, EXT4), uefi=True)
    tree.write("proc/cmdline", "root=PARTUUID=0fc63daf-8483-4772-8e79-3d69d8477de4 ro")
    tree.add_kernel(NEW)
    succeed(tree, "refresh")
    entry = values(entries(tree)[f"lintel-{NEW}.conf"])
    assert entry["linux"] == f"/vmlinuz-{NEW}" and ESP_SERIAL not in str(entry)
    assert entry["options"].startswith("root=PARTUUID=0fc63daf")


def test_uefi_without_its_partition_is_refused(tmp_path):
    tree = Tree(tmp_path / "root", (("vda2", "/"),), (ESP, EXT4), uefi=True)
    tree.add_kernel(NEW)
    assert "mount /boot/efi" in refuse(tree, "add", NEW)


def test_file_system_that_lintel_does_not_read_is_refused(tmp_path):
    tree = Tree(tmp_path / "root", types=("xfs",))
    tree.add_kernel(NEW)
    assert re.search(r"lies on xfs, which Lintel does not read: put /boot on a plain partition",
                     refuse(tree, "add", NEW))


def test_image_that_lies_elsewhere(tree):
    """Where kernel-install is told of a kernel that nobody copied to /boot."""
    tree.write(f"usr/lib/modules/{NEW}/vmlinuz", "kernel")
    succeed(tree, "add", NEW, f"/usr/lib/modules/{NEW}/vmlinuz")
    assert values(entries(tree)[f"lintel-{NEW}.conf"])["linux"] == f"/usr/lib/modules/{NEW}/vmlinuz"
    assert "no-such" in refuse(tree, "add", NEW, "/no-such")


@pytest.mark.parametrize("version", ["", "a b", "../x", "6.1\noptions x", ".hidden", "é"])
def test_what_is_no_version_is_refused(tree, version):
    assert "is no kernel's version" in refuse(tree, "add", version)


def test_version_that_ends_as_a_counter_does(tree):
    tree.add_kernel("6.1.0+3")
    succeed(tree, "refresh")
    assert "lintel-6.1.0+3_.conf" in entries(tree)
    succeed(tree, "remove", "6.1.0+3")
    assert "lintel-6.1.0+3_.conf" not in entries(tree)


def test_names_from_outside_break_no_line(tree):
    tree.write("etc/os-release", "PRETTY_NAME='A\noptions evil'\nID='b\x01c'\n")
    succeed(tree, "refresh")
    entry = entries(tree)[f"lintel-{NEW}.conf"]
    assert re.search(r"^title +A options evil$", entry, re.MULTILINE)
    assert values(entry)["options"] == OPTIONS and "sort-key" not in values(entry)
    tree.write("etc/kernel/cmdline", "root=a\x1b[2J\n")
    assert "/etc/kernel/cmdline: has the control character 1Bh" in refuse(tree, "refresh")
    tree.write("etc/kernel/cmdline", "\n")
    assert "is empty" in refuse(tree, "refresh")


# ---- options, from GRUB's ------------------------------------------------------------------------

@pytest.mark.parametrize("grub, options", [
    ("", ""),
    ("GRUB_CMDLINE_LINUX=a\nGRUB_CMDLINE_LINUX_DEFAULT=b", "a b"),
    ("GRUB_CMDLINE_LINUX='a  \"b'\\''c' # d\n", "a \"b'c"),
    ('GRUB_CMDLINE_LINUX="a \\"b\\" \\$c \\\\ \\d"', 'a "b" $c \\ \\d'),
    ('GRUB_CMDLINE_LINUX="a"b\'c\'\\ d', "abc d"),
    ('GRUB_CMDLINE_LINUX="a\\\nb\nc"', "ab c"),
    ('GRUB_CMDLINE_LINUX=a\nGRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX b ${GRUB_CMDLINE_LINUX}"',
     "a b a"),
    ("#GRUB_CMDLINE_LINUX=a\n  GRUB_CMDLINE_LINUX=b ; export GRUB_CMDLINE_LINUX_DEFAULT=c", "b c"),
    ("GRUB_DISTRIBUTOR=`( . /etc/os-release; echo ${NAME:-'a`b'} ) 2>/dev/null || echo D`\n"
     "GRUB_CMDLINE_LINUX=a", "a"),
    ("OTHER='\nGRUB_CMDLINE_LINUX=evil\n' MORE=$(echo ')') GRUB_CMDLINE_LINUX=a", "a"),
    ("MY_GRUB_CMDLINE_LINUX=a\nGRUB_CMDLINE_LINUX_RECOVERY=b\n", ""),
])
def test_options_from_grub(tree, grub, options):
    tree.write("etc/default/grub", grub)
    succeed(tree, "refresh")
    assert tree.read("etc/kernel/cmdline") == f"root=UUID={UUID} ro {options}".strip() + "\n"


def test_options_from_files_behind_grubs(tree):
    tree.write("etc/default/grub.d/50-cloud.cfg", "GRUB_CMDLINE_LINUX=console=ttyS0\n")
    tree.write("etc/default/grub.d/60-dump.cfg",
               'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT crashkernel=512M"\n')
    tree.write("etc/default/grub.d/70-no", "GRUB_CMDLINE_LINUX=evil\n")
    succeed(tree, "refresh")
    assert tree.read("etc/kernel/cmdline") == (
        f"root=UUID={UUID} ro console=ttyS0 quiet crashkernel=512M\n")


@pytest.mark.parametrize("grub, line", [
    ("GRUB_CMDLINE_LINUX=$(touch owned)", 1), ("\nGRUB_CMDLINE_LINUX=`touch owned`", 2),
    ("GRUB_CMDLINE_LINUX=\"a ${B:-c}\"", 1), ("GRUB_CMDLINE_LINUX=$B", 1),
    ("GRUB_CMDLINE_LINUX+=a", 1), ("GRUB_CMDLINE_LINUX='a", 1), ('GRUB_CMDLINE_LINUX="a', 1),
    ("A=$(b\nGRUB_CMDLINE_LINUX=c", 2), ("if a; then\nGRUB_CMDLINE_LINUX=c\nfi", 2),
    ("[ -e /a ] && GRUB_CMDLINE_LINUX=c", 1), ("GRUB_CMDLINE_LINUX=c touch owned", 1),
    (". /etc/other\nGRUB_CMDLINE_LINUX=c", 2), ("GRUB_CMDLINE_LINUX=a\x01b", 0),
])
def test_options_that_only_a_shell_knows_are_refused(tree, grub, line):
    tree.write("etc/default/grub", grub)
    said = refuse(tree, "refresh")
    assert f"etc/default/grub:{line}: " in said or not line and "control character 01h" in said
    assert not tree.path("etc/kernel/cmdline").exists() and entries(tree) == {}


@pytest.mark.parametrize("running, fstab, root", [
    ("root=/dev/sda1 ro", "", f"UUID={UUID}"), ("", "", f"UUID={UUID}"),
    ("root=UUID=of-a-rescue-system", "", f"UUID={UUID}"),
    ("root=PARTUUID=1234abcd-01", "", "PARTUUID=1234abcd-01")])
def test_root_where_boot_lies_on_it(tree, running, fstab, root):
    tree.write("proc/cmdline", running)
    tree.write("etc/fstab", fstab)
    succeed(tree, "refresh")
    assert tree.read("etc/kernel/cmdline") == f"root={root} ro quiet\n"


@pytest.mark.parametrize("running, fstab, options", [
    ("root=UUID=a rootflags=subvol=b", "", "root=UUID=a rootflags=subvol=b ro"),
    ("root=/dev/dm-0", "UUID=c / btrfs x 0 1", "root=UUID=c ro"),
    ("root=/dev/sda2", "/dev/sda3 / ext4", "root=/dev/sda2 ro"), ("", "", None)])
def test_root_where_boot_does_not_lie_on_it(tmp_path, running, fstab, options):
    tree = Tree(tmp_path / "root", mounts=(("vda1", "/boot"),))
    tree.add_kernel(NEW)
    tree.write("proc/cmdline", running)
    tree.write("etc/fstab", f"# fstab\n{fstab}\n")
    if options is None:
        assert "neither /proc/cmdline nor /etc/fstab" in refuse(tree, "refresh")
    else:
        succeed(tree, "refresh")
        assert tree.read("etc/kernel/cmdline") == options + "\n"


def test_rw_of_grubs_options_counts(tree):
    tree.write("etc/default/grub", "GRUB_CMDLINE_LINUX='rw prompt=ro'\n")
    succeed(tree, "refresh")
    assert tree.read("etc/kernel/cmdline") == f"root=UUID={UUID} rw prompt=ro\n"


# ---- counting ------------------------------------------------------------------------------------

def test_new_kernel_is_tried_where_another_is_good(tree):
    bless_is_enabled(tree)
    succeed(tree, "refresh")
    tree.add_kernel("6.2.0")
    succeed(tree, "add", "6.2.0", "/boot/vmlinuz-6.2.0")
    assert sorted(entries(tree)) == [f"lintel-{OLD}.conf", f"lintel-{NEW}.conf",
                                     "lintel-6.2.0+03-00.conf"]
    assert succeed(tree, "add", "6.2.0").stdout == ""
    counted = tree.path(f"{ENTRIES}/lintel-6.2.0+03-00.conf")
    counted.rename(counted.with_name("lintel-6.2.0+00-03.conf"))
    assert succeed(tree, "refresh").stdout == ""
    succeed(tree, "add", "6.2.0")
    assert "lintel-6.2.0+03-00.conf" in entries(tree) and len(entries(tree)) == 3
    succeed(tree, "remove", "6.2.0")
    assert list(entries(tree)) == [f"lintel-{OLD}.conf", f"lintel-{NEW}.conf"]


def test_the_last_good_entry_is_not_tried(tree):
    bless_is_enabled(tree)
    succeed(tree, "add", OLD)
    assert list(entries(tree)) == [f"lintel-{OLD}.conf"]
    succeed(tree, "add", NEW)
    succeed(tree, "add", OLD)
    assert list(entries(tree)) == [f"lintel-{OLD}.conf", f"lintel-{NEW}+03-00.conf"]
    tree.path(f"boot/vmlinuz-{OLD}").unlink()
    succeed(tree, "add", NEW)
    assert f"lintel-{NEW}.conf" in entries(tree)


def test_nothing_is_counted_where_nobody_blesses(tree):
    succeed(tree, "add", OLD)
    succeed(tree, "add", NEW)
    assert list(entries(tree)) == [f"lintel-{OLD}.conf", f"lintel-{NEW}.conf"]


@pytest.mark.parametrize("tries, name", [("5\n", "+05-00"), ("03", "+03-00"), ("0", ""),
                                         ("many", "+03-00"), ("100", "+03-00")])
def test_tries_that_a_person_wants(tree, tries, name):
    tree.write("etc/kernel/tries", tries)
    said = succeed(tree, "add", NEW).stderr
    assert list(entries(tree)) == [f"lintel-{NEW}{name}.conf"]
    assert ("3 tries are taken" in said) == (tries in ("many", "100"))


# ---- beside others -------------------------------------------------------------------------------

def others_entry(tree, version=NEW, name=f"0123-{NEW}.conf", linux=f"/boot/0123/{NEW}/linux"):
    tree.write(linux, "kernel")
    tree.write(f"{ENTRIES}/{name}", f"title x\nversion {version}\nlinux {linux}\n")


@pytest.mark.parametrize("name", [f"0123-{NEW}.conf", f"0123-{NEW}+3.conf", f"lintel-{NEW}.conf"])
def test_kernel_that_another_entry_boots_gets_none(tree, name):
    others_entry(tree, name=name)
    said = succeed(tree, "refresh").stdout
    assert f"{name}: boots {NEW} already" in said
    assert sorted(entries(tree)) == sorted([name, f"lintel-{OLD}.conf"])


def test_own_entry_goes_when_another_boots_its_kernel(tree):
    succeed(tree, "refresh")
    others_entry(tree)
    succeed(tree, "add", NEW)
    assert sorted(entries(tree)) == [f"0123-{NEW}.conf", f"lintel-{OLD}.conf"]
    tree.path(f"boot/0123/{NEW}/linux").unlink()
    succeed(tree, "refresh")
    assert f"lintel-{NEW}.conf" in entries(tree)


@pytest.mark.parametrize("other", [{"version": OLD}, {"name": "rescue.conf"}])
def test_other_entries_stay_beside(tree, other):
    others_entry(tree, **other)
    succeed(tree, "refresh")
    assert len(entries(tree)) == 3


def test_what_a_person_wrote_stays(tree):
    mine = "title mine\nlinux /boot/gone\n"
    tree.write(f"{ENTRIES}/lintel-mine.conf", mine)
    tree.write(f"{ENTRIES}/lintel-{NEW}.conf", mine)
    assert f"lintel-{NEW}.conf: is in the way" in refuse(tree, "refresh")
    assert entries(tree)["lintel-mine.conf"] == entries(tree)[f"lintel-{NEW}.conf"] == mine
