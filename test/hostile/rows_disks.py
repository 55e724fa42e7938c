"""Disks that fail where the loader reads: reads of a good boot in turn, once and for ever."""
import re
import shutil
import tempfile
from pathlib import Path

from machine import Hardware, Machine
from row import BOOTS, BOOTS_OR_SAYS_WHY, Row, Setup

SECTOR = 512
PLACES = 24  # of the sectors that a good boot reads
DRIVES = {"bios": "ide-hd", "uefi": "virtio-blk-pci"}  # OVMF takes AHCI's errors for successes


def list_reads(firmware, images, path):
    """Writes which sectors a good boot begins its reads at, each once, in order."""
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder, "trace")
        with Machine(firmware, [images.standard("test")], Hardware(disk=DRIVES[firmware]),
                     options=("-trace", "blk_co_preadv", "-D", trace)) as machine:
            machine.wait_passed()
        offsets = re.findall(r"offset (\d+) bytes [1-9]", trace.read_text())
    Path(path).write_text("\n".join(dict.fromkeys(str(int(at) // SECTOR) for at in offsets)))


def failing(place, firmware, once):
    def prepare(images, folder):
        image, rules = folder / "disk.img", folder / "errors.conf"
        shutil.copyfile(images.standard("test"), image)
        reads = images.shared(f"reads-{firmware}", lambda path: list_reads(firmware, images, path))
        sectors = reads.read_text().split()
        rules.write_text(f'[inject-error]\nevent = "read_aio"\nerrno = "5"\n'
                         f'sector = "{sectors[place * len(sectors) // PLACES]}"\n'
                         f'once = "{"on" if once else "off"}"\n')
        return Setup((f"blkdebug:{rules}:{image}",), Hardware(disk=DRIVES[firmware]))
    return prepare


# OVMF reads Lintel's file itself, and does not try twice. The first place is sector 0, which the
# firmware reads: without it there is no Lintel.
ROWS = [Row(f"read-{place}-of-{PLACES}-fails-{'once' if once else 'always'}", firmware,
            failing(place, firmware, once),
            BOOTS if once and firmware == "bios" else BOOTS_OR_SAYS_WHY, place == PLACES - 4)
        for firmware in DRIVES for once in (True, False) for place in range(1, PLACES)]
