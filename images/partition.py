"""Partition tables: GPT by sgdisk, or by hand for 4096-byte sectors (sgdisk knows only 512), MBR.

Every GUID and signature is derived from a name, so that the same recipe gives the same bytes.
"""
import struct
import subprocess
import uuid
import zlib
from dataclasses import dataclass

MIB = 1 << 20
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "images.lintel")
BIOS_BOOT = uuid.UUID("21686148-6449-6e6f-744e-656564454649")
EFI_SYSTEM = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
TABLE_BYTES = 128 * 128
FAT32_LBA = 0x0C


@dataclass(frozen=True)
class Partition:
    """A run of sectors; `last` is inclusive, as GPT counts."""

    name: str
    kind: uuid.UUID
    first: int
    last: int


def derived_guid(name):
    """The GUID that always belongs to this name."""
    return uuid.uuid5(NAMESPACE, name)


def derived_serial(name):
    """32 bits that always belong to this name: FAT volume serials, MBR signatures."""
    return zlib.crc32(name.encode()) or 1


def plan_partitions(disk_bytes, sector_bytes):
    """The BIOS boot partition fills the first MiB behind the table, the ESP the rest."""
    table_sectors = TABLE_BYTES // sector_bytes
    esp_first = MIB // sector_bytes
    last_usable = disk_bytes // sector_bytes - table_sectors - 2
    return (Partition("BIOS boot", BIOS_BOOT, 2 + table_sectors, esp_first - 1),
            Partition("EFI system", EFI_SYSTEM, esp_first, last_usable))


def write_gpt(path, disk_name, disk_bytes, sector_bytes):
    """Partitions the file at `path` and returns (BIOS boot, ESP)."""
    partitions = plan_partitions(disk_bytes, sector_bytes)
    if sector_bytes == 512:
        run_sgdisk(path, disk_name, partitions)
    else:
        write_gpt_by_hand(path, disk_name, disk_bytes, sector_bytes, partitions)
    return partitions


def run_sgdisk(path, disk_name, partitions):
    command = ["sgdisk", "--set-alignment=1", f"--disk-guid={derived_guid(disk_name)}"]
    for number, part in enumerate(partitions, 1):
        command += [f"--new={number}:{part.first}:{part.last}",
                    f"--typecode={number}:{part.kind}",
                    f"--change-name={number}:{part.name}",
                    f"--partition-guid={number}:{derived_guid(disk_name + part.name)}"]
    subprocess.run(command + [path], check=True, stdout=subprocess.DEVNULL)


def write_gpt_by_hand(path, disk_name, disk_bytes, sector_bytes, partitions):
    """Protective MBR, both headers and both arrays (UEFI 2.10, 5.2.3 and 5.3)."""
    last = disk_bytes // sector_bytes - 1
    table_sectors = TABLE_BYTES // sector_bytes
    table = b"".join(gpt_entry(disk_name, part) for part in partitions).ljust(TABLE_BYTES, b"\0")
    with open(path, "r+b") as image:
        def put(lba, data):
            image.seek(lba * sector_bytes)
            image.write(data)

        put(0, mbr_sector(b"", 0, [(0, 0xEE, 1, min(last, 0xFFFFFFFF))]))
        put(2, table)
        put(last - table_sectors, table)
        put(1, gpt_header(disk_name, table, 1, last, 2, table_sectors))
        put(last, gpt_header(disk_name, table, last, 1, last - table_sectors, table_sectors))


def gpt_entry(disk_name, part):
    return (part.kind.bytes_le + derived_guid(disk_name + part.name).bytes_le
            + struct.pack("<QQQ", part.first, part.last, 0)
            + part.name.encode("utf-16-le").ljust(72, b"\0"))


def gpt_header(disk_name, table, here, other, table_lba, table_sectors):
    last = max(here, other)

    def pack(header_crc):
        return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, header_crc, 0, here,
                           other, 2 + table_sectors, last - table_sectors - 1,
                           derived_guid(disk_name).bytes_le, table_lba, 128, 128,
                           zlib.crc32(table))

    return pack(zlib.crc32(pack(0)))


def mbr_sector(code, signature, rows):
    """A master boot record. Rows: (flag, type, first LBA, sectors); CHS fields say "too far"."""
    table = b"".join(struct.pack("<B3sB3sII", flag, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", first,
                                 sectors) for flag, kind, first, sectors in rows)
    return (code.ljust(440, b"\0") + struct.pack("<IH", signature, 0) + table.ljust(64, b"\0")
            + b"\x55\xaa")
