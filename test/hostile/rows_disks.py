"""Disks that fail where the loader may read: each of these sectors once, and for ever."""
import shutil

from machine import Hardware
from row import BOOTS, BOOTS_OR_SAYS_WHY, Row, Setup

SECTOR = 512
PLACES = 24  # of the sectors in use
DRIVES = {"bios": "ide-hd", "uefi": "virtio-blk-pci"}  # OVMF takes AHCI's errors for successes


def sectors_in_use(image):
    content = image.read_bytes()
    return [at // SECTOR for at in range(0, len(content), SECTOR)
            if any(content[at:at + SECTOR])]


def failing(place, firmware, once):
    def prepare(images, folder):
        image, rules = folder / "disk.img", folder / "errors.conf"
        shutil.copyfile(images.standard("test"), image)
        used = sectors_in_use(image)
        sector = used[place * len(used) // PLACES]
        rules.write_text(f'[inject-error]\nevent = "read_aio"\nerrno = "5"\n'
                         f'sector = "{sector}"\nonce = "{"on" if once else "off"}"\n')
        return Setup((f"blkdebug:{rules}:{image}",), Hardware(disk=DRIVES[firmware]))
    return prepare


# OVMF reads Lintel's file itself, and does not try twice. The first place is sector 0, which the
# firmware reads: without it there is no Lintel.
ROWS = [Row(f"sector-{place}-of-{PLACES}-fails-{'once' if once else 'always'}", firmware,
            failing(place, firmware, once),
            BOOTS if once and firmware == "bios" else BOOTS_OR_SAYS_WHY, place == PLACES // 2)
        for firmware in DRIVES for once in (True, False) for place in range(1, PLACES)]
