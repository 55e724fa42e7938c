"""lintel kernel, and the hooks that call it, in trees that play running machines (live_tree.py)."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "boot")]
from builder import LINTEL, MIB, make_image  # noqa: E402
from linux_guest import SERIAL, first_initrd, guest_facts  # noqa: E402
from linux_guest import kernel as guest_kernel  # noqa: E402
from live_tree import (AS_ROOT, ENTRIES, ESP, ESP_SERIAL, EXT4, UUID, Tree, entries,  # noqa: E402
                       kernel_package, run)
from machine import ROOT, Machine  # noqa: E402

HOOKS = ROOT / "config/debian/hooks"
OLD, NEW = "6.1.0-50-amd64", "6.1.0-57-amd64"
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
    ('if [ "$XEN" = "" ]; then\n\techo "no" >&2\nfi # GRUB_CMDLINE_LINUX=a', ""),
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


@pytest.mark.parametrize("running, options", [
    (r"initrd=\initrd root=/dev/x ro rd.luks.uuid=1 console=ttyS0", "rd.luks.uuid=1 console=ttyS0"),
    ("BOOT_IMAGE=/x rw  root=/dev/x rootwait", "rw rootwait"), ("ro", "")])
def test_options_where_there_is_no_grub(tree, running, options):
    tree.path("etc/default/grub").unlink()
    tree.write("proc/cmdline", f"{running}\n")
    succeed(tree, "refresh")
    assert tree.read("etc/kernel/cmdline") == f"root=UUID={UUID} ro {options}".strip() + "\n"


@pytest.mark.parametrize("grub, line", [
    ("GRUB_CMDLINE_LINUX=$(touch owned)", 1), ("\nGRUB_CMDLINE_LINUX=`touch owned`", 2),
    ("GRUB_CMDLINE_LINUX=\"a ${B:-c}\"", 1), ("GRUB_CMDLINE_LINUX=$B", 1),
    ("GRUB_CMDLINE_LINUX+=a", 1), ("GRUB_CMDLINE_LINUX='a", 1), ('GRUB_CMDLINE_LINUX="a', 1),
    ("A=$(b\nGRUB_CMDLINE_LINUX=c", 2), ("if a; then\nGRUB_CMDLINE_LINUX=c\nfi", 1),
    ("[ -e /a ] && GRUB_CMDLINE_LINUX=c", 1), ("GRUB_CMDLINE_LINUX=c touch owned", 1),
    ("\n. /etc/other\nGRUB_CMDLINE_LINUX=c", 2), ("unset GRUB_CMDLINE_LINUX", 1), ("GRUB_CMDLINE_LINUX=a\x01b", 0),
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


def test_grubs_options_come_last_and_count(tree):
    tree.write("etc/default/grub", "GRUB_CMDLINE_LINUX='rw prompt=ro'\n")
    succeed(tree, "refresh")
    assert tree.read("etc/kernel/cmdline") == f"root=UUID={UUID} ro rw prompt=ro\n"


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


def test_the_last_good_entry_may_be_another_programs(tree):
    bless_is_enabled(tree)
    tree.write(f"{ENTRIES}/token-{OLD}.conf", f"version {OLD}\nlinux /boot/vmlinuz-{OLD}\n")
    succeed(tree, "add", NEW)
    assert sorted(entries(tree)) == [f"lintel-{NEW}+03-00.conf", f"token-{OLD}.conf"]


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


# ---- cut short -----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def ender(tmp_path_factory):
    library = tmp_path_factory.mktemp("ender") / "end_at_call.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, HERE / "end_at_call.c", "-ldl"],
                   check=True)
    return library


def new_options(tree):
    """Another text and, with a second entry that is good, another name."""
    bless_is_enabled(tree)
    succeed(tree, "refresh")
    tree.write("etc/kernel/cmdline", "root=/dev/vda1")


def another_boots_it(tree):
    succeed(tree, "refresh")
    others_entry(tree)


CHANGES = {"first": (lambda tree: None, ("refresh",)), "change": (new_options, ("add", NEW)),
           "remove": (lambda tree: succeed(tree, "refresh"), ("remove", NEW)),
           "another": (another_boots_it, ("add", NEW))}


def states_between(before, after):
    """Of each kernel the entry before, or what it says after, or that under its name after."""
    states = []
    for version in (OLD, NEW):
        old, new = ({name: text for name, text in entries.items() if version in name}
                    for entries in (before, after))
        states.append([old, new])
        if len(old) == len(new) == 1:
            states[-1].append(dict(zip(old, new.values())))
    return [{**one, **other} for one in states[0] for other in states[1]]


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_ended_at_any_call_leaves_the_old_or_the_new_entry(tmp_path, ender, change):
    prepare, arguments = CHANGES[change]

    def prepared(name):
        tree = Tree(tmp_path / name)
        tree.add_kernel(OLD)
        tree.add_kernel(NEW)
        prepare(tree)
        return tree

    whole = prepared("whole")
    before = entries(whole)
    succeed(whole, *arguments)
    after = entries(whole)
    assert before != after
    ended = 0
    for call in ("write", "fsync", "syncfs", "rename", "renameat2", "unlink", "mkdir"):
        for at in range(1, 100):
            tree = prepared("tree")
            done = kernel(tree, *arguments, LD_PRELOAD=str(ender), END_CALL=call, END_AT=str(at))
            assert entries(tree) in states_between(before, after), (call, at)
            if "somebody ends it" not in done.stderr:
                break
            ended += 1
            succeed(tree, *arguments)
            assert entries(tree) == after and not list(tree.path(ENTRIES).glob("*.new"))
            shutil.rmtree(tree.folder)
        shutil.rmtree(tree.folder)
    assert ended > 2


@pytest.fixture(params=["ext4", "vfat"])
def mounted(request, tmp_path):
    """(tree, the file of its file system) of a machine whose /boot is a file system that is mounted."""
    if request.param not in Path("/proc/filesystems").read_text():
        pytest.skip(f"this kernel has no {request.param}")
    tree, image = Tree(tmp_path / "root", mounts=(("vda1", "/boot"),)), tmp_path / "image"
    with open(image, "wb") as file:
        file.truncate(32 << 20)
    run(f"/sbin/mkfs.{request.param}", image)
    run("mount", "-o", "loop", image, tree.path("boot"))
    yield tree, image
    run("umount", tree.path("boot"))


@AS_ROOT
def test_reader_that_replays_no_journal_sees_the_entry(mounted):
    """As the power fails when the command has returned; debugfs and mtools read as GRUB does."""
    tree, image = mounted
    tree.add_kernel(NEW)
    succeed(tree, "refresh")
    cut = image.with_name("cut")
    shutil.copy(image, cut)
    name = f"/loader/entries/lintel-{NEW}.conf"
    if tree.path("boot/lost+found").exists():
        read = ["/sbin/debugfs", "-R", f"cat {name}", cut]
    else:
        read = ["mtype", "-i", cut, f"::{name}"]
    found = subprocess.run(read, capture_output=True, text=True, check=True).stdout
    assert found == tree.read(f"boot{name}")


# ---- hooks ---------------------------------------------------------------------------------------

POSTINST, POSTRM = "etc/kernel/postinst.d", "etc/kernel/postrm.d"
POST_UPDATE, PLUGIN = "etc/initramfs/post-update.d", "usr/lib/kernel/install.d/95-lintel.install"


def hook_environment(tree, **more):
    return tree.environment(PATH=f"{LINTEL.parent}:{os.environ['PATH']}", **more)


def run_hooks(tree, folder, version, file, parameters=None):
    """As a kernel package runs them: everything that it says is kept."""
    more = {} if parameters is None else {"DEB_MAINT_PARAMS": parameters}
    done = subprocess.run(["run-parts", "--report", "--exit-on-error", f"--arg={version}",
                           f"--arg={file}", HOOKS / folder],
                          capture_output=True, text=True, env=hook_environment(tree, **more))
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def installed(tree):
    """Lintel starts that machine; only the old kernel has an entry yet."""
    tree.write("var/lib/lintel/undo", "")
    succeed(tree, "add", OLD)
    return tree


@pytest.mark.parametrize("folder, parameters, acts", [
    (POSTINST, "'configure' '6.1.140-1'", True), (POSTINST, "configure 6.1.140-1", True),
    (POSTINST, "'configure' ''", True), (POSTINST, None, True), (POSTINST, "", True),
    (POSTINST, "'abort-upgrade' '6.1.140-1'", False), (POSTINST, "'triggered' 'x'", False),
    (POSTRM, "'remove'", True), (POSTRM, "remove", True), (POSTRM, None, True),
    (POSTRM, "'purge'", False), (POSTRM, "'upgrade' '6.1.148-1'", False),
    (POSTRM, "'disappear' 'x' '1'", False)])
def test_hooks_of_a_kernel_package(installed, folder, parameters, acts):
    adds = folder == POSTINST
    run_hooks(installed, folder, NEW if adds else OLD, f"/boot/vmlinuz-{NEW if adds else OLD}",
              parameters)
    assert len(entries(installed)) == (1 + acts if adds else 1 - acts)


@pytest.mark.parametrize("folder", [POSTINST, POSTRM, POST_UPDATE, PLUGIN])
def test_hooks_do_nothing_where_lintel_does_not_start_the_machine(installed, folder):
    installed.path("var/lib/lintel/undo").unlink()
    before = entries(installed)
    for version in (OLD, NEW):
        if folder == PLUGIN:
            subprocess.run([HOOKS / PLUGIN, "add", version, "/x", "/y"], check=True,
                           env=hook_environment(installed))
        else:
            run_hooks(installed, folder, version, f"/boot/vmlinuz-{version}")
    assert entries(installed) == before
    installed.write("var/lib/lintel/undo-uefi", "")
    assert "written" in run_hooks(installed, POSTINST, NEW, f"/boot/vmlinuz-{NEW}")


def test_hook_of_update_initramfs(installed):
    installed.path(f"boot/initrd.img-{OLD}").unlink()
    succeed(installed, "refresh")
    installed.write(f"boot/initrd.img-{OLD}", "new")
    run_hooks(installed, POST_UPDATE, OLD, f"/boot/initrd.img-{OLD}")
    assert values(entries(installed)[f"lintel-{OLD}.conf"])["initrd"] == f"/boot/initrd.img-{OLD}"
    before = entries(installed)
    run_hooks(installed, POST_UPDATE, "6.9.9-without-kernel", "/boot/initrd.img-6.9.9")
    assert entries(installed) == before


def test_hook_tells_a_kernel_package_what_is_wrong(installed):
    installed.write("etc/kernel/cmdline", "")
    done = subprocess.run([HOOKS / POSTINST / "zz-lintel", NEW, f"/boot/vmlinuz-{NEW}"],
                          capture_output=True, text=True, env=hook_environment(installed))
    assert done.returncode == 1 and "/etc/kernel/cmdline: is empty" in done.stderr


# ---- kernel-install ------------------------------------------------------------------------------

KERNEL_INSTALL = shutil.which("kernel-install")


def kernel_install(tree, layout, *arguments):
    """Its own plugin, then ours."""
    tree.write("etc/kernel/install.conf", f"layout={layout}\n")
    plugins = f"/usr/lib/kernel/install.d/90-loaderentry.install {HOOKS / PLUGIN}"
    more = {"KERNEL_INSTALL_PLUGINS": plugins, "BOOT_ROOT": str(tree.path("boot")),
            "KERNEL_INSTALL_CONF_ROOT": str(tree.path("etc/kernel"))}
    done = subprocess.run([KERNEL_INSTALL, *arguments], capture_output=True, text=True,
                          env=hook_environment(tree, **more))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not KERNEL_INSTALL, reason="the Debian package systemd has it")
def test_plugin_where_kernel_install_writes_nothing(installed):
    image = str(installed.path(f"boot/vmlinuz-{NEW}"))
    kernel_install(installed, "other", "add", NEW, image)
    assert list(entries(installed)) == [f"lintel-{OLD}.conf", f"lintel-{NEW}.conf"]
    kernel_install(installed, "other", "remove", NEW)
    assert len(entries(installed)) == 2, "the kernel stays in /boot"
    os.unlink(image)
    kernel_install(installed, "other", "remove", NEW)
    assert list(entries(installed)) == [f"lintel-{OLD}.conf"]
    installed.write(f"usr/lib/modules/{NEW}/vmlinuz", "kernel")
    subprocess.run([HOOKS / PLUGIN, "add", NEW, "/x", f"/usr/lib/modules/{NEW}/vmlinuz"], check=True,
                   env=hook_environment(installed))
    assert "modules" in entries(installed)[f"lintel-{NEW}.conf"]


@AS_ROOT
def test_plugin_where_only_kernel_install_reaches_the_kernel(mounted):
    """As Fedora has it: below /usr, which is another file system than /boot."""
    tree, _ = mounted
    tree.write("var/lib/lintel/undo", "")
    image = f"/usr/lib/modules/{NEW}/vmlinuz"
    tree.write(image, "kernel")
    tree.write(f"boot/token/{NEW}/linux", "kernel")
    tree.write(f"{ENTRIES}/token-{NEW}.conf", f"version {NEW}\nlinux /token/{NEW}/linux\n")
    before = entries(tree)
    for layout in ("bls", "uki"):
        subprocess.run([HOOKS / PLUGIN, "add", NEW, "/x", image], check=True,
                       env=hook_environment(tree, KERNEL_INSTALL_LAYOUT=layout))
    assert "boots 6.1.0-57-amd64 already" in succeed(tree, "add", NEW, image).stdout
    assert entries(tree) == before


@pytest.mark.parametrize("counter", ["", "+3", "+02-01"])
def test_kernel_of_a_unified_image_gets_no_entry(tmp_path, counter):
    """kernel-install's layout `uki`: the image needs none."""
    tree = Tree(tmp_path / "root", (("vda2", "/"), ("vda1", "/boot/efi")), (ESP, EXT4), uefi=True)
    tree.add_kernel(OLD)
    tree.add_kernel(NEW)
    succeed(tree, "refresh")
    tree.write(f"boot/efi/EFI/Linux/token-{NEW}{counter}.efi", "MZ")
    assert f"token-{NEW}{counter}.efi: boots {NEW} already" in succeed(tree, "add", NEW).stdout
    succeed(tree, "refresh")
    assert list(entries(tree, "boot/efi/loader/entries")) == [f"lintel-{OLD}.conf"]


@AS_ROOT
@pytest.mark.skipif(not KERNEL_INSTALL, reason="the Debian package systemd has it")
@pytest.mark.parametrize("tries", ["", "03"])
def test_plugin_beside_kernel_installs_entry(mounted, tries):
    """Each kernel has one line in the menu."""
    tree, _ = mounted
    tree.add_kernel(NEW)
    tree.write("var/lib/lintel/undo", "")
    tree.write("etc/kernel/entry-token", "token\n")
    succeed(tree, "refresh")
    assert list(entries(tree)) == [f"lintel-{NEW}.conf"]
    if tries:
        tree.write("etc/kernel/tries", f"{tries}\n")
    kernel_install(tree, "bls", "add", NEW, tree.path(f"boot/vmlinuz-{NEW}"))
    assert list(entries(tree)) == [f"token-{NEW}{tries and '+'}{tries}.conf"]
    succeed(tree, "refresh")
    assert len(entries(tree)) == 1
    kernel_install(tree, "bls", "remove", NEW)
    assert [name.partition("+")[0].removesuffix(".conf") for name in entries(tree)] == [
        f"lintel-{NEW}"]


# ---- dpkg, in a chroot ---------------------------------------------------------------------------

# Each word in quotes, or as the words are.
PARAMETERS = {"quoted": "\"$(printf \"'%s' \" \"$@\")\"", "plain": '"$*"'}


@pytest.fixture
def chroot(tmp_path):
    """A machine that `dpkg --root` can enter: its programs are this machine's, all else its own."""
    tree = Tree(tmp_path / "root")
    for name in ("bin", "lib", "lib64", "sbin"):
        tree.path(name).symlink_to(f"usr/{name}")
    for name in ("usr", "tmp", "var/lib/dpkg/info", "var/lib/dpkg/updates"):
        tree.path(name).mkdir(parents=True)
    tree.write("var/lib/dpkg/status", "")
    tree.write("var/lib/lintel/undo", "")
    tree.write("dev/null", "")
    shutil.copytree(HOOKS / "etc", tree.path("etc"), dirs_exist_ok=True)
    tree.path("own").mkdir()
    shutil.copy(LINTEL, tree.path("own"))
    run("mount", "--bind", "/usr", tree.path("usr"))
    yield tree
    run("umount", tree.path("usr"))


def dpkg(tree, *arguments):
    done = subprocess.run(["dpkg", f"--root={tree.folder}", "--force-not-root", *arguments],
                          capture_output=True, text=True,
                          env={"PATH": f"/own:{os.environ['PATH']}:/usr/sbin:/sbin"})
    assert done.returncode == 0, done.stdout + done.stderr


@AS_ROOT
@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS.keys())
def test_kernel_packages_come_and_go(chroot, tmp_path, parameters):
    bless_is_enabled(chroot)
    dpkg(chroot, "-i", kernel_package(tmp_path, OLD, "1", parameters))
    assert list(entries(chroot)) == [f"lintel-{OLD}.conf"]
    dpkg(chroot, "-i", kernel_package(tmp_path, NEW, "1", parameters))
    assert list(entries(chroot)) == [f"lintel-{OLD}.conf", f"lintel-{NEW}+03-00.conf"]
    counted = chroot.path(f"{ENTRIES}/lintel-{NEW}+03-00.conf")
    counted.rename(counted.with_name(f"lintel-{NEW}.conf"))
    dpkg(chroot, "-i", kernel_package(tmp_path, NEW, "2", parameters))
    assert list(entries(chroot)) == [f"lintel-{OLD}.conf", f"lintel-{NEW}+03-00.conf"], \
        "another kernel of the same name is tried, too"
    dpkg(chroot, "-r", f"linux-image-{OLD}")
    assert list(entries(chroot)) == [f"lintel-{NEW}+03-00.conf"]
    dpkg(chroot, "-i", kernel_package(tmp_path, OLD, "1", parameters))
    dpkg(chroot, "-P", f"linux-image-{OLD}")
    assert list(entries(chroot)) == [f"lintel-{NEW}+03-00.conf"]


# ---- a machine boots them ------------------------------------------------------------------------

def ext4_volume(tree, path, first, sectors):
    """What lies in the tree's /boot becomes a root file system with it."""
    root = tree.folder.with_name("volume")
    root.mkdir()
    shutil.move(tree.path("boot"), root / "boot")
    run("/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-U", UUID, "-E", f"offset={first * 512}", "-d",
        root, path, f"{sectors // 2}k")


def disk_with_kernel(tree, disk):
    """BIOS: an MBR, Lintel in its gap, ext4 in place of FAT."""
    make_image(disk, "", "--layout", "mbr", "--size", "96M", modules=())
    first, sectors = 2048, (96 * MIB >> 9) - 2048
    with open(disk, "r+b") as image:
        image.seek(446 + 8)
        assert int.from_bytes(image.read(4), "little") == first
        image.seek(first * 512)
        image.write(bytes(sectors * 512))
    ext4_volume(tree, disk, first, sectors)
    return [disk]


def disk_beside_esp(tree, disk):
    """UEFI: the EFI system partition has Lintel and the entries only."""
    entry = next(tree.path("boot/efi/loader/entries").glob("*.conf"))
    conf = tree.folder.with_name("loader.conf")
    conf.write_text("default lintel-6*\ntimeout 0\n")
    make_image(disk, "", "--entry", entry, "--loader-conf", conf, modules=())
    shutil.rmtree(tree.path("boot/efi"))
    other = disk.with_name("other.img")
    with open(other, "wb") as file:
        file.truncate(64 * MIB)
    run("/sbin/sfdisk", "-q", other, text="label: dos\nstart=2048,type=83\n")
    ext4_volume(tree, other, 2048, (64 * MIB >> 9) - 2048)
    return [disk, other]


@pytest.mark.slow
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_written_entry_boots_debians_kernel(tmp_path, firmware):
    uefi, bzimage = firmware == "uefi", guest_kernel("cloud-")
    machine = ((("vda2", "/"), ("vda1", "/boot/efi")), (ESP, EXT4)) if uefi else ()
    tree = Tree(tmp_path / "root", *machine, uefi=uefi)
    version = bzimage.name.removeprefix("vmlinuz-")
    shutil.copy(bzimage, tree.path("boot"))
    shutil.copy(first_initrd(tmp_path), tree.path(f"boot/initrd.img-{version}"))
    tree.write("etc/default/grub", f"GRUB_CMDLINE_LINUX='{SERIAL} one=\"two three\"'\n")
    succeed(tree, "refresh")
    disks = (disk_beside_esp if uefi else disk_with_kernel)(tree, tmp_path / "disk.img")
    with Machine(firmware, disks) as guest:
        guest.wait_for("guest: end")
        facts = guest_facts(guest.output)
    assert facts["cmdline"] == f'root=UUID={UUID} ro {SERIAL} one="two three"'
    assert facts["efi"] == ("yes" if uefi else "no")
