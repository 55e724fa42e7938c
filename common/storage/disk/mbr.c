/* The Master Boot Record and its chain of Extended Boot Records (UEFI 2.10, 5.2). */
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/storage/disk/partition.h"

#define SIGNATURE_AT      510
#define DISK_SIGNATURE_AT 440
#define ENTRIES_AT        446
#define ENTRY_BYTES       16
#define PRIMARIES         4
#define LINKS_MAX         128
#define TYPE_PROTECTIVE   0xee

struct mbr_entry {
    uint8_t status; /* 80h active, 00h not; nothing else is defined */
    uint8_t type;   /* 0: unused */
    uint32_t first; /* sectors, from the disk's start or as the chain says */
    uint32_t sectors;
};

static struct mbr_entry entry_of(const uint8_t *sector, unsigned index)
{
    const uint8_t *entry = sector + ENTRIES_AT + index * ENTRY_BYTES;

    return (struct mbr_entry){entry[0], entry[4], load32(entry + 8), load32(entry + 12)};
}

static bool is_signed(const uint8_t *sector)
{
    return load16(sector + SIGNATURE_AT) == 0xaa55;
}

static bool is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

bool mbr_is_fat(const uint8_t sector[MBR_BYTES])
{
    uint16_t sector_bytes = load16(sector + 11), reserved = load16(sector + 14);
    uint8_t cluster_sectors = sector[13], fats = sector[16], medium = sector[21];

    return is_power_of_two(sector_bytes) && sector_bytes >= 512 &&
           sector_bytes <= SECTOR_BYTES_MAX && is_power_of_two(cluster_sectors) && reserved &&
           fats && medium >= 0xf0;
}

/* Where the firmware says that the disk ends before, a read tells. */
static bool is_on_disk(const struct volume *disk, struct mbr_entry entry)
{
    uint64_t end = (uint64_t)entry.first + entry.sectors;
    uint8_t byte;

    return !disk->sectors || end <= disk->sectors ||
           volume_read(disk, (end - 1) * disk->disk->sector_bytes, 1, &byte) == OK;
}

/* A boot sector of a FAT volume is signed like an MBR, and code or text lies where an MBR has its
 * table; mkfs.fat --mbr even writes a table of one partition from sector 0. And partitioning a disk
 * that was formatted whole leaves the old parameter block above the table. So: the table counts
 * unless it makes no sense, and beside a parameter block it must make sense in full. */
bool mbr_is_table(const struct partitions *list, const uint8_t sector[MBR_BYTES])
{
    bool strict = mbr_is_fat(sector);
    unsigned used = 0;

    if (!is_signed(sector))
        return false;
    for (unsigned i = 0; i < PRIMARIES; i++) {
        struct mbr_entry entry = entry_of(sector, i);
        if (entry.status & 0x7f)
            return false;
        if (!entry.type)
            continue;
        if (strict && entry.type != TYPE_PROTECTIVE &&
            (!entry.first || !entry.sectors || !is_on_disk(&list->whole, entry)))
            return false;
        used++;
    }
    return used > 0;
}

bool mbr_is_protective(const uint8_t sector[MBR_BYTES])
{
    for (unsigned i = 0; i < PRIMARIES; i++)
        if (entry_of(sector, i).type == TYPE_PROTECTIVE)
            return true;
    return false;
}

/* `base` is what entry.first counts from. */
static void add_entry(struct partitions *list, struct mbr_entry entry, uint64_t base,
                      uint32_t number)
{
    struct volume partition = list->whole;

    partition.number = number;
    partition.first_lba = base + entry.first;
    partition.sectors = entry.sectors;
    partition.type_byte = entry.type;
    partition.active = entry.status & 0x80;
    partitions_add(list, &partition);
}

/* Reads one Extended Boot Record: adds its logical partition, which counts from the record itself,
 * and yields the next record, which counts from the extended partition; 0 at the chain's end. */
static enum err follow_link(struct partitions *list, uint64_t extended, uint64_t *link,
                            uint32_t *number)
{
    uint8_t sector[MBR_BYTES];
    uint64_t here = *link;

    *link = 0;
    TRY(volume_read(&list->whole, here * list->whole.disk->sector_bytes, sizeof sector, sector));
    if (!is_signed(sector)) {
        note("%s: the extended boot record at LBA %lu is not signed 55 AA: the list of logical "
             "partitions ends here\n",
             list->whole.disk->name, here);
        return OK;
    }
    for (unsigned i = 0; i < 2; i++) {
        struct mbr_entry entry = entry_of(sector, i);
        if (is_extended(entry.type))
            *link = entry.first ? extended + entry.first : 0;
        else if (entry.type)
            add_entry(list, entry, here, (*number)++);
    }
    return OK;
}

static enum err list_logical(struct partitions *list, uint64_t extended, uint32_t *links,
                             uint32_t *number)
{
    uint64_t link = extended;

    while (link) {
        if ((*links)++ == LINKS_MAX)
            return fail(ERR_FORMAT,
                        "%s: over %u extended boot records, the last one at LBA %lu: the chain of "
                        "logical partitions loops; repair the partition table",
                        list->whole.disk->name, LINKS_MAX, link);
        TRY(follow_link(list, extended, &link, number));
    }
    return OK;
}

enum err mbr_list(struct partitions *list, const uint8_t sector[MBR_BYTES])
{
    uint32_t number = PRIMARIES + 1, links = 0;

    TRY(partitions_reserve(list, PRIMARIES + 2 * LINKS_MAX));
    list->whole.partitioning = LINTEL_PARTITIONING_MBR;
    memcpy(list->whole.disk_guid, sector + DISK_SIGNATURE_AT, 4);
    for (unsigned i = 0; i < PRIMARIES; i++) {
        struct mbr_entry entry = entry_of(sector, i);
        if (entry.type && !is_extended(entry.type))
            add_entry(list, entry, 0, i + 1);
    }
    for (unsigned i = 0; i < PRIMARIES; i++) {
        struct mbr_entry entry = entry_of(sector, i);
        if (is_extended(entry.type))
            TRY(list_logical(list, entry.first, &links, &number));
    }
    return OK;
}
