"""Puts Lintel's first sector and second stage where the BIOS, an MBR or GRUB will find them.

The first sector (legacy/boot.asm) holds two numbers for us to fill: where on the disk the second
stage lies, and how many sectors it has.
"""
import struct
from pathlib import Path

BUILD = Path(__file__).resolve().parent.parent / "build/legacy"
MBR_CODE_BYTES = 440  # what follows is the disk's: signature and partition table
STAGE_PLACE = 0x1A8   # u64 LBA on the disk, u16 sectors
FAT32_PARAMETERS = slice(3, 0x5A)
FAT32_BACKUP = 6      # sector of a FAT32 volume that repeats its first
RESERVED_BEFORE_STAGE = 8  # boot sector, FSInfo, their copies


def install_mbr(image, second_stage, lba, sector_bytes, room):
    """Code into the first sector, around its partition table; the second stage to `lba`."""
    stage = padded(Path(second_stage).read_bytes(), sector_bytes)
    assert len(stage) <= room, f"{second_stage}: {len(stage)} bytes, there is room for {room}"
    code = placed("boot-mbr.bin", lba, len(stage) // sector_bytes)
    write_at(image, 0, code[:MBR_CODE_BYTES])
    write_at(image, lba * sector_bytes, stage)


def install_vbr(image, second_stage, first, reserved):
    """The same for a FAT32 volume at sector `first` with so many reserved sectors, and its disk."""
    lba = first + RESERVED_BEFORE_STAGE
    install_mbr(image, second_stage, lba, 512, (reserved - RESERVED_BEFORE_STAGE) * 512)
    stage_sectors = -(-Path(second_stage).stat().st_size // 512)
    sector = bytearray(placed("boot-vbr32.bin", lba, stage_sectors))
    image.seek(first * 512)
    sector[FAT32_PARAMETERS] = image.read(512)[FAT32_PARAMETERS]
    write_at(image, first * 512, sector)
    write_at(image, (first + FAT32_BACKUP) * 512, sector)


def placed(name, lba, sectors):
    """A first sector that knows where the second stage is."""
    sector = bytearray((BUILD / name).read_bytes())
    assert len(sector) == 512, f"{name}: {len(sector)} bytes, a sector has 512"
    struct.pack_into("<QH", sector, STAGE_PLACE, lba, sectors)
    return bytes(sector)


def padded(data, multiple):
    return data + bytes(-len(data) % multiple)


def write_at(image, offset, data):
    image.seek(offset)
    image.write(data)
