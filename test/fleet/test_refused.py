"""What a running machine refuses with one message, before it has written anything. What trees of files
can play is in test/tool; here Linux itself says no, or knows better."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
from guest import BUILD, make_guest  # noqa: E402

# What is done before, what is refused, what is done after, and the message.
REFUSED = (
    ("", "install /dev/vda1", "", "/dev/vda1: is a partition: name its disk, /dev/vda"),
    ("", "install /dev/null", "", "/dev/null: is neither a disk nor an image file"),
    ("", "install /dev/vdb", "", "/dev/vdb: No such file or directory"),
    ("blockdev --setro /dev/vda", "install", "blockdev --setrw /dev/vda",
     "/dev/vda: can't be written to (its switch, or `blockdev --setrw /dev/vda`)"),
    ("mount -o remount,ro /", "install", "mount -o remount,rw /",
     "/var/lib/lintel: Read-only file system"),
    ("mount -t tmpfs x /boot", "install", "umount /boot", "/boot lies on tmpfs, memory"),
    ("", "uninstall", "", "Lintel is not installed"),
)


@pytest.mark.slow
def test_refused(tmp_path):
    with make_guest("bios", tmp_path, {"lintel": BUILD / "lintel"}) as guest:
        guest.power_on()
        guest.shell()
        gap = "dd if=/dev/vda bs=1M count=1 iflag=direct 2>/dev/null | sha256sum"
        before = guest.succeed(gap)
        for prepare, command, undo, message in REFUSED:
            guest.succeed(f"sync; {prepare or 'true'}")
            said = [line for line in guest.refuse(f"lintel {command}").splitlines()
                    if line.startswith("lintel: ")]
            guest.succeed(undo or "true")
            assert len(said) == 1 and message in said[0], said
        assert guest.succeed(gap) == before
        guest.succeed("test ! -e /boot/loader && test ! -e /var/lib/lintel")
