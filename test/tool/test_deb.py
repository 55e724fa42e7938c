"""The Debian package: what is in it, and what installing and removing it does to a machine."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "boot")]
from builder import LINTEL  # noqa: E402
from linux_guest import GUESTS  # noqa: E402
from live_tree import AS_ROOT, Tree, entries, kernel_package, run  # noqa: E402
from machine import ROOT  # noqa: E402

DEBIAN = ROOT / "config/debian"
UNDO = ("var/lib/lintel/undo", "var/lib/lintel/undo-uefi")


def build(folder, **environment):
    umask = environment.pop("umask", 0o022)
    done = subprocess.run([DEBIAN / "build_deb.sh", folder], check=True, text=True, umask=umask,
                          stdout=subprocess.PIPE,
                          env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600", **environment})
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return build(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked") / "root"
    run("dpkg-deb", "-R", package, folder)
    return folder


# ---- what is in it -------------------------------------------------------------------------------

def test_built_twice_it_has_the_same_bytes(package, tmp_path):
    again = build(tmp_path, umask=0o077, TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
    assert again.name == package.name and again.read_bytes() == package.read_bytes()


def test_version_is_the_tools(package, unpacked):
    done = subprocess.run([unpacked / "usr/bin/lintel", "--version"], capture_output=True, text=True)
    assert re.fullmatch(done.stdout.replace(" ", "_").strip() + r"-\d+_amd64.deb", package.name)


def test_everything_is_roots_and_readable(package):
    listed = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True,
                            env={**os.environ, "TZ": "UTC"}).stdout
    for line in listed.splitlines():
        assert re.match(r"(drwxr-xr-x|-rwxr-xr-x|-rw-r--r--) root/root ", line), line
        assert " 2026-01-01 00:00 " in line
    for hook in (DEBIAN / "hooks").rglob("*"):
        if hook.is_file():
            assert re.search(f"^-rwxr.* ./{hook.relative_to(DEBIAN / 'hooks')}$", listed, re.MULTILINE)


def test_sums_and_settings_are_listed(unpacked):
    files = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*")
             if path.is_file() and path.parent.name != "DEBIAN"}
    settings = {name.lstrip("/") for name in (unpacked / "DEBIAN/conffiles").read_text().split()}
    sums = {name: digest for digest, name in
            (line.split() for line in (unpacked / "DEBIAN/md5sums").read_text().splitlines())}
    assert {"usr/bin/lintel", "lib/systemd/system/lintel-bless.service"} < files
    assert settings == {name for name in files if name.startswith("etc/")}
    assert set(sums) == files - settings
    assert all(hashlib.md5((unpacked / name).read_bytes()).hexdigest() == digest
               for name, digest in sums.items())


def test_it_needs_only_the_c_library(unpacked):
    read = subprocess.run(["readelf", "-d", unpacked / "usr/bin/lintel"], capture_output=True,
                          text=True).stdout
    assert re.findall(r"NEEDED.*\[(.*)\]", read) == ["libc.so.6"]
    control = (unpacked / "DEBIAN/control").read_text()
    assert re.search(r"^Depends: libc6 \(>= 2\.\d+\)$", control, re.MULTILINE)
    assert "mtools" in re.search(r"^Recommends: (.*)$", control, re.MULTILINE)[1]


@pytest.mark.skipif(not shutil.which("lintian"), reason="lintian is not installed")
def test_lintian_finds_no_error(package):
    done = subprocess.run(["lintian", "--fail-on", "error", package], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


# ---- its scripts ---------------------------------------------------------------------------------

@pytest.fixture
def tree(tmp_path):
    """With programs that keep what they are asked for in the file `called`."""
    tree = Tree(tmp_path / "root", mounts=(), types=())
    for name in ("lintel", "deb-systemd-helper"):
        tree.write(f"bin/{name}", f'#!/bin/sh\necho "{name} $*" >>"$LINTEL_ROOT/called"\n'
                   'exit "${STATUS-0}"\n')
        tree.path(f"bin/{name}").chmod(0o755)
    tree.write("called", "")
    return tree


def script(tree, name, *arguments, **environment):
    path = f"{tree.path('bin')}:{os.environ['PATH']}"
    return subprocess.run([DEBIAN / "scripts" / name, *arguments], capture_output=True, text=True,
                          env=tree.environment(PATH=path, **environment))


@pytest.mark.parametrize("record", UNDO)
@pytest.mark.parametrize("old", ["", "0.1.0-1"])
def test_installation_goes_on_with_the_new_loader(tree, record, old):
    assert script(tree, "postinst", "configure", old).returncode == 0
    assert "lintel install" not in tree.read("called")
    tree.write(record, "")
    assert script(tree, "postinst", "configure", old).returncode == 0
    assert "lintel install\n" in tree.read("called")


def test_update_that_fails_does_not_stop_dpkg(tree):
    tree.write(UNDO[0], "")
    done = script(tree, "postinst", "configure", "0.1.0-1", STATUS="1")
    assert done.returncode == 0 and "the old one stays" in done.stderr


@pytest.mark.parametrize("action", ["abort-upgrade", "abort-remove", "abort-deconfigure", "triggered"])
def test_other_calls_of_postinst_do_nothing(tree, action):
    tree.write(UNDO[0], "")
    assert script(tree, "postinst", action, "0.1.0-1").returncode == 0
    assert tree.read("called") == ""


@pytest.mark.parametrize("record", UNDO)
def test_removal_is_refused_while_lintel_starts_the_machine(tree, record):
    assert script(tree, "prerm", "remove").returncode == 0
    tree.write(record, "")
    done = script(tree, "prerm", "remove")
    assert done.returncode == 1 and "    lintel uninstall\n" in done.stderr
    assert "remove /var/lib/lintel/undo*" in done.stderr
    for action in ("upgrade", "failed-upgrade", "deconfigure"):
        assert script(tree, "prerm", action, "0.1.0-2").returncode == 0


# ---- dpkg, in a chroot ---------------------------------------------------------------------------

@pytest.fixture
def chroot(tmp_path):
    """A BIOS machine that `dpkg --root` can enter: busybox, the C library and no more."""
    tree = Tree(tmp_path / "root")
    for name in ("bin", "usr/bin", "usr/sbin", "sbin", "var/lib/dpkg/info", "var/lib/dpkg/updates"):
        tree.path(name).mkdir(parents=True, exist_ok=True)
    for program in (GUESTS / "bin/busybox", shutil.which("run-parts")):
        shutil.copy(program, tree.path("bin"))
    for name in ("sh", "rmdir", "rm"):
        tree.path(f"bin/{name}").symlink_to("busybox")
    libraries = subprocess.run(["ldd", LINTEL], capture_output=True, text=True, check=True).stdout
    for library in re.findall(r"(/\S+) \(", libraries):
        tree.path(library).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, tree.path(library))
    tree.write("var/lib/dpkg/status", "Package: libc6\nStatus: install ok installed\nVersion: 2.36\n"
               "Architecture: amd64\nMaintainer: x\nDescription: x\n\n")
    tree.write("dev/null", "")
    return tree


def dpkg(tree, *arguments, status=0):
    done = subprocess.run(["dpkg", f"--root={tree.folder}", "--force-not-root,bad-path", *arguments],
                          capture_output=True, text=True)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def state_of(tree):
    listed = subprocess.run(["dpkg-query", f"--root={tree.folder}", "-W", "-f", "${db:Status-Abbrev}",
                             "lintel"], capture_output=True, text=True)
    return listed.stdout.strip()


@AS_ROOT
def test_installing_it_starts_no_machine_otherwise(chroot, package, tmp_path):
    chroot.add_kernel("6.1.0-50-amd64")
    disk, boot = chroot.path("dev/vda").read_bytes(), sorted(chroot.path("boot").rglob("*"))
    dpkg(chroot, "-i", package)
    dpkg(chroot, "-i", kernel_package(tmp_path, "6.1.0-57-amd64", "1", '"$*"'))
    chroot.path("boot/vmlinuz-6.1.0-57-amd64").unlink()
    assert chroot.path("dev/vda").read_bytes() == disk
    assert sorted(chroot.path("boot").rglob("*")) == boot
    dpkg(chroot, "-P", "lintel")
    assert state_of(chroot) == "" and not chroot.path("etc/kernel/postinst.d/zz-lintel").exists()


@AS_ROOT
@pytest.mark.parametrize("action", ["-r", "-P"])
def test_package_stays_while_lintel_starts_the_machine(chroot, package, tmp_path, action):
    chroot.write(UNDO[0], "")
    dpkg(chroot, "-i", package)
    dpkg(chroot, "-i", kernel_package(tmp_path, "6.1.0-57-amd64", "1", '"$*"'))
    assert list(entries(chroot)) == ["lintel-6.1.0-57-amd64.conf"], "by the hooks of the package"
    said = dpkg(chroot, action, "lintel", status=1)
    assert "lintel uninstall" in said and state_of(chroot) in ("ri", "pi")
    dpkg(chroot, "-i", package)
    assert state_of(chroot) == "ii"
    chroot.path(UNDO[0]).unlink()
    dpkg(chroot, action, "lintel")
    assert not chroot.path("var/lib/lintel").exists()


def in_chroot(tree, *arguments):
    done = subprocess.run(["/usr/sbin/chroot", tree.folder, *arguments], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@AS_ROOT
def test_machine_moves_by_one_package_and_one_command_and_goes_back(chroot, package, tmp_path):
    disk = chroot.path("dev/vda").read_bytes()
    chroot.add_kernel("6.1.0-50-amd64")
    dpkg(chroot, "-i", package)
    in_chroot(chroot, "lintel", "install")
    assert list(entries(chroot)) == ["lintel-6.1.0-50-amd64.conf"]
    installed = chroot.path("dev/vda").read_bytes()
    assert installed != disk
    said = dpkg(chroot, "-i", package)
    assert "installed already" in said and chroot.path("dev/vda").read_bytes() == installed
    dpkg(chroot, "-i", kernel_package(tmp_path, "6.1.0-57-amd64", "1", '"$*"'))
    assert len(entries(chroot)) == 2
    assert "lintel uninstall" in dpkg(chroot, "-r", "lintel", status=1)
    in_chroot(chroot, "lintel", "uninstall")
    assert chroot.path("dev/vda").read_bytes() == disk and entries(chroot) == {}
    dpkg(chroot, "-r", "lintel")
