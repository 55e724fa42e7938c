"""A boot volume that fails or is damaged, on a disk where another volume has entries as well: those
are shown, with the reason, and nothing boots by itself."""
import os
import random
import struct
import subprocess

from builder import KERNEL, MIB, VOLUME, make_image, mtools
from entries import format_volume, sfdisk, write
from row import Row, Setup

SECTOR = 512


def make_two_volumes(image):
    """Lintel's own volume, and behind it one whose entry boots at once; returns its offset."""
    make_image(image, "test", "--layout", "mbr", "--size", "128M")
    first = os.path.getsize(image)
    os.truncate(image, first + 40 * MIB)
    sfdisk(image, f"2: start={first // SECTOR}, size={40 * 2048}, type=c\n", "--append")
    format_volume(image, first // SECTOR, 40, "OTHER")
    for name in ("loader", "loader/entries"):
        mtools("mmd", image, first, f"::{name}")
    for name, text in (("loader.conf", "timeout 0\n"),
                       ("entries/other.conf", "title other\nkernel /kernel.elf\noptions other\n")):
        file = write(image.parent, "text", text)
        mtools("mcopy", image, first, str(file), f"::/loader/{name}")
    mtools("mcopy", image, first, str(KERNEL), "::/kernel.elf")
    return first


def parts(image):
    """What of Lintel's own volume a boot needs: name -> (sector, offset in it, bytes)."""
    content = image.read_bytes()
    reserved, fats = struct.unpack_from("<H", content, VOLUME + 14)[0], content[VOLUME + 16]
    fat_sectors = struct.unpack_from("<L", content, VOLUME + 36)[0]
    start = VOLUME // SECTOR
    fat, root = start + reserved, start + reserved + fats * fat_sectors
    loader = content.index(b"LOADER     ", root * SECTOR)
    link = struct.unpack_from("<H", content, loader + 26)[0] * 4
    return {"table": (0, 0x1be, 16), "table-type": (0, 0x1be + 4, 1),
            "table-start": (0, 0x1be + 8, 1),
            "boot-sector": (start, 0, SECTOR), "fat": (fat, 0, SECTOR), "root": (root, 0, SECTOR),
            "loader-attribute": (loader // SECTOR, loader % SECTOR + 11, 1),
            "loader": (content.index(b"ENTRIES    ") // SECTOR, 0, SECTOR),
            "loader-chain": (fat + link // SECTOR, link % SECTOR, 4)}


def failing(part):
    def prepare(_images, folder):
        image, rules = folder / "disk.img", folder / "errors.conf"
        make_two_volumes(image)
        rules.write_text(f'[inject-error]\nevent = "read_aio"\nerrno = "5"\n'
                         f'sector = "{parts(image)[part][0]}"\nonce = "off"\n')
        return Setup((f"blkdebug:{rules}:{image}",))
    return prepare


def overwrite(image, offset, content):
    with open(image, "r+b") as disk:
        disk.seek(offset)
        disk.write(content)


def zeroed(part):
    return damaged(part, lambda count: bytes(count))


def damaged(part, fill):
    def prepare(_images, folder):
        image = folder / "disk.img"
        make_two_volumes(image)
        sector, offset, count = parts(image)[part]
        overwrite(image, sector * SECTOR + offset, fill(count))
        return Setup((image,))
    return prepare


def without_other(damage):
    """The other volume belongs to the first, and what lies there may be what the default means."""
    def prepare(_images, folder):
        image = folder / "disk.img"
        at = make_two_volumes(image)
        subprocess.run(["sfdisk", "--quiet", "--part-type", image, "2", "ea"], check=True)
        sectors = struct.unpack_from("<H", image.read_bytes(), at + 22)[0] * 2
        root = at + SECTOR * (struct.unpack_from("<H", image.read_bytes(), at + 14)[0] + sectors)
        overwrite(image, at if damage == "boot-sector" else root, bytes(SECTOR))
        return Setup((image,))
    return prepare


def noise(count):
    return random.Random(4).randbytes(count)


OTHER_SAID = "a volume with entries cannot be used: "
UNLISTED_SAID = r"the volume that Lintel came from \([^)]*\) cannot be used: "
SAID = "the volume that Lintel came from cannot be used: "

# UEFI needs all that fails here itself.
ROWS = [Row(f"own-volume-{part}-fails", "bios", failing(part), SAID, part == "fat")
        for part in ("boot-sector", "fat", "root", "loader")] + [
    Row("own-volume-boot-sector-zeroed", "bios", zeroed("boot-sector"), SAID)] + [
    Row("own-volume-loader-chain-zeroed", firmware, zeroed("loader-chain"), SAID,
        firmware == "uefi")
    for firmware in ("bios", "uefi")] + [
    Row("own-volume-root-zeroed", "bios", zeroed("root"), SAID, True),
    Row("own-volume-root-noise", "bios", damaged("root", noise), SAID),
    Row("own-volume-loader-is-label", "bios", damaged("loader-attribute", lambda _: b"\x08"), SAID),
    Row("own-volume-not-in-table", "bios", zeroed("table"), UNLISTED_SAID, True),
    Row("own-volume-type-zeroed", "bios", zeroed("table-type"), UNLISTED_SAID),
    Row("own-volume-moved", "bios", damaged("table-start", lambda _: b"\x01"), UNLISTED_SAID)] + [
    Row("own-volume-loader-is-file", firmware, damaged("loader-attribute", lambda _: b"\x20"), SAID)
    for firmware in ("bios", "uefi")] + [
    Row(f"xbootldr-{part}-zeroed", firmware, without_other(part), OTHER_SAID)
    for firmware in ("bios", "uefi") for part in ("boot-sector", "root")]
