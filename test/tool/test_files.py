"""What every command of lintel says to a file that is none: at once, and with one message."""
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "boot"))
from builder import KERNEL, LINTEL  # noqa: E402

READERS = {
    "image --kernel": ("image", "-o", "x.img", "-k", "{}"),
    "image --module": ("image", "-o", "x.img", "-k", KERNEL, "-m", "{}"),
    "image --initrd": ("image", "-o", "x.img", "-k", KERNEL, "--initrd", "{}"),
    "image --file": ("image", "-o", "x.img", "-k", KERNEL, "--file", "{}=/x"),
    "image --entry": ("image", "-o", "x.img", "-k", KERNEL, "--entry", "{}"),
    "image --loader-conf": ("image", "-o", "x.img", "-k", KERNEL, "--loader-conf", "{}"),
    "image --second-stage": ("image", "-o", "x.img", "-k", KERNEL, "--second-stage", "{}"),
    "image --application": ("image", "-o", "x.img", "-k", KERNEL, "--application", "{}"),
    "check": ("check", "{}"),
    "check --module": ("check", KERNEL, "-m", "{}"),
    "check --map": ("check", KERNEL, "--map", "{}"),
    "report": ("report", "{}", "-o", "x.html"),
    "install": ("install", "{}"),
    "uninstall": ("uninstall", "{}"),
}
WRITERS = {
    "image": ("image", "-o", "{}", "-k", KERNEL),
    "check --svg": ("check", KERNEL, "--svg", "{}"),
    "report": ("report", "boot.log", "-o", "{}"),
}
KINDS = {"pipe.conf": "a pipe", "folder.conf": "a folder", "socket.conf": "a socket",
         "device.conf": "a device"}
LOG = "fact: firmware = BIOS\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """What is no file, under names that say so."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.conf")
    os.mkdir("folder.conf")
    os.symlink("/dev/zero", "device.conf")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket.conf")
    (tmp_path / "boot.log").write_text(LOG)
    return tmp_path


def lintel(arguments, path):
    """A time-out of its own: what waits here waits for ever."""
    words = [str(word).format(path) for word in arguments]
    return subprocess.run([LINTEL, *words], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("arguments", READERS.values(), ids=READERS.keys())
@pytest.mark.parametrize("path", KINDS)
def test_what_is_no_file_is_refused_at_once(folder, arguments, path):
    before = sorted(folder.iterdir())
    done = lintel(arguments, path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(rf"(?:{path}|/dev/zero): is (not a regular file|neither a disk nor an image file), "
                     rf"but {KINDS[path]}$", done.stderr, re.MULTILINE), done.stderr
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("arguments", READERS.values(), ids=READERS.keys())
def test_symlink_loop_is_refused(folder, arguments):
    os.symlink("loop.conf", "loop.conf")
    done = lintel(arguments, "loop.conf")
    assert done.returncode == 1 and "Too many levels of symbolic links" in done.stderr


@pytest.mark.parametrize("command", ["image --loader-conf", "check --map", "report"])
def test_text_without_end_is_refused(folder, command):
    with open("huge", "wb") as huge:
        huge.truncate(1 << 40)
    done = lintel(READERS[command], "huge")
    assert done.returncode == 1
    assert "huge: has 1048576 MiB, but such a text has at most 64 MiB" in done.stderr


@pytest.mark.parametrize("path", ["/dev/null", "pipe.conf", "socket.conf", "/dev/full"])
@pytest.mark.parametrize("arguments", WRITERS.values(), ids=WRITERS.keys())
def test_output_that_is_no_file_stays(folder, arguments, path):
    before = sorted(folder.iterdir())
    done = lintel(arguments, path)
    assert done.returncode == 1 and f"{path}: is no file" in done.stderr
    assert ("dd writes the image" in done.stderr) == (arguments[0] == "image")
    assert sorted(folder.iterdir()) == before


def test_what_files_say_steers_no_terminal(folder):
    """Names of files, and what stands in them, on standard output, standard error and in drawings."""
    name = os.fsencode(folder) + b"/k\x1b[31m\xff\x9b.elf"
    shutil.copy(KERNEL, name)
    done = subprocess.run([LINTEL, "check", name, "-m", name, "--svg", "plan.svg"],
                          capture_output=True, timeout=120)
    assert done.returncode == 0 and b"Kernel:  k?[31m??.elf is" in done.stdout, done
    refused = subprocess.run([LINTEL, "check", name, "--map", name], capture_output=True,
                             timeout=120)
    assert refused.returncode == 1
    for text in (done.stdout, refused.stderr, (folder / "plan.svg").read_bytes()):
        assert b"\x1b" not in text and text.decode()


@pytest.mark.parametrize("arguments", [("--help",), ("check", KERNEL)])
def test_output_that_is_lost_is_told(arguments):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([LINTEL, *arguments], stdout=full, stderr=subprocess.PIPE, text=True,
                              timeout=120)
    assert done.returncode == 1 and "standard output: No space left" in done.stderr


@pytest.mark.parametrize("link", [os.link, os.symlink, None])
def test_output_that_is_read_stays(folder, link):
    kernel = folder / "kernel.elf"
    shutil.copy(KERNEL, kernel)
    if link:
        link(kernel, "other")
        link("boot.log", "other.log")
    other, log = ("other", "other.log") if link else (kernel, "boot.log")
    for arguments in (("image", "-o", other, "-k", kernel), ("check", kernel, "--svg", other),
                      ("report", "boot.log", "-o", log)):
        done = lintel(arguments, "")
        assert done.returncode == 1 and "is one of the files that are read" in done.stderr
    assert kernel.read_bytes() == KERNEL.read_bytes() and Path("boot.log").read_text() == LOG


@pytest.mark.parametrize("arguments", WRITERS.values(), ids=WRITERS.keys())
def test_output_on_a_full_disk_keeps_what_was_there(folder, arguments):
    """As many bytes as a process may write to a file stand for the room of a disk."""
    (folder / "old").write_text("old")
    before = sorted(folder.iterdir())
    words = [str(word).format("old") for word in arguments]
    done = subprocess.run(["prlimit", "--fsize=1000", "env", "--ignore-signal=XFSZ", LINTEL,
                           *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "File too large" in done.stderr, done.stderr
    assert (folder / "old").read_text() == "old" and sorted(folder.iterdir()) == before


def test_log_that_tells_of_more_than_there_can_be(folder):
    """Every range is drawn beside every other."""
    rows = ["fact: firmware = BIOS"]
    rows += [f"memory: {i << 13:016x} - {i << 13 | 4096:016x} usable" for i in range(100_000)]
    rows += [f"C{i} ok title" for i in range(100_000)] + ["lintel> pt"]
    rows += [f"{i << 13:016x}-{i << 13 | 4095:016x} {i:x} rw--g write-back" for i in range(100_000)]
    (folder / "boot.log").write_text("\n".join(rows))
    done = lintel(("report", "boot.log", "-o", "boot.html"), "")
    assert done.returncode == 0, done.stderr
