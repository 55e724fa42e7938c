"""Calls lintel install and uninstall, and ends them at each write."""
import os
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from disks import BUILD  # noqa: E402

TOOL = BUILD / "lintel"


def lintel(*arguments, tool=TOOL, environment=None):
    return subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True,
                          env={**os.environ, **(environment or {})})


def succeed(*arguments, **others):
    done = lintel(*arguments, **others)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def refuse(*arguments, **others):
    done = lintel(*arguments, **others)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def same(one, other):
    return subprocess.run(["cmp", one, other]).returncode == 0


def head_sum(stage):
    """As legacy/boot.asm sums the second stage's first 512 bytes."""
    total = 0
    for (word,) in struct.iter_unpack("<I", stage[:512]):
        total = total + word & 0xFFFFFFFF
        total = (total << 1 | total >> 31) & 0xFFFFFFFF
    return total


def as_built(stage):
    """A second stage without what it knows of its installation, and so without its checksum."""
    return stage[:12] + bytes(4) + stage[16:24] + b"\xff" * 40 + stage[64:]


def copy_disk(path, to):
    """Holes stay holes: most of a disk is empty."""
    subprocess.run(["cp", "--sparse=always", path, to], check=True)
    return to


def kill_everywhere(path, command, killer, disk, tool=TOOL):
    """Runs a command on copies of a disk, killed at one write after the other; yields them."""
    for count in range(1, 1000):
        copy = path.with_name(f"killed-{count}.img")
        copy_disk(path, copy)
        done = lintel(*command, copy, tool=tool,
                      environment={"LD_PRELOAD": str(killer), "KILL_FILE": str(copy),
                                   "KILL_AT": str(count), "KILL_SECTOR": str(disk.sector_bytes)})
        yield copy
        copy.unlink()
        if done.returncode == 0:
            return
        assert done.returncode == -9, done.stderr
