/* What do the partition tables of a disk say, and is it safe to write by them? */
#include "images/tool/install/disk_tables.h"
#include "common/lib/mem.h"
#include "common/storage/disk/partition.h"
#include "images/tool/host/firmware.h"
#include <string.h>

#define MBR_ENTRIES_AT  446
#define MBR_ENTRY_BYTES 16
#define MBR_PRIMARIES   4
#define TYPE_PROTECTIVE 0xee

struct primary {
    uint8_t type;
    uint64_t first, sectors;
};

static struct primary primary_of(const uint8_t *sector, unsigned index)
{
    const uint8_t *entry = sector + MBR_ENTRIES_AT + index * MBR_ENTRY_BYTES;

    return (struct primary){entry[4], load32(entry + 8), load32(entry + 12)};
}

static bool is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

static bool overlap(uint64_t a, uint64_t a_sectors, uint64_t b, uint64_t b_sectors)
{
    return a < b ? b - a < a_sectors : a - b < b_sectors;
}

/* What a boot leaves out, a repair may bring back. */
static enum err refuse_left_out(const struct disk_image *image, const struct partitions *list)
{
    const struct volume *partition = &list->left_out;

    if (!partition->number)
        return OK;
    return fail(ERR_FORMAT,
                "%s: its partition table is not sound: partition %u (LBA %lu, %lu sectors) is not "
                "within LBA %lu to %lu; repair it first",
                image->path, partition->number, partition->first_lba, partition->sectors,
                list->first_usable, list->last_usable);
}

/* A firmware's word of a disk's size is a hint, that of the file is not. */
static enum err refuse_beyond(const struct disk_image *image, const struct disk_tables *tables)
{
    for (const struct volume *volume = tables->volumes; volume < tables->volumes + tables->count;
         volume++)
        if (volume->first_lba + volume->sectors > image->disk.sectors)
            return fail(ERR_FORMAT,
                        "%s: its partition table is not sound: partition %u (LBA %lu, %lu sectors) "
                        "leaves the disk, which has %lu; repair it first",
                        image->path, volume->number, volume->first_lba, volume->sectors,
                        image->disk.sectors);
    return OK;
}

static enum err refuse_overlaps(const struct disk_image *image, const struct disk_tables *tables)
{
    const struct volume *a = tables->volumes, *b;

    for (const struct volume *end = a + tables->count; a < end; a++)
        for (b = tables->volumes; b < a; b++)
            if (overlap(a->first_lba, a->sectors, b->first_lba, b->sectors))
                return fail(ERR_FORMAT,
                            "%s: partitions %u (LBA %lu, %lu sectors) and %u (LBA %lu, %lu "
                            "sectors) overlap; repair the table first",
                            image->path, b->number, b->first_lba, b->sectors, a->number,
                            a->first_lba, a->sectors);
    return OK;
}

/* Where logical partitions lie: nothing else may. */
static enum err check_container(const struct disk_image *image, const uint8_t *sector,
                                unsigned index)
{
    struct primary container = primary_of(sector, index);

    for (unsigned i = 0; i < MBR_PRIMARIES; i++) {
        struct primary other = primary_of(sector, i);
        if (i != index && other.type &&
            overlap(container.first, container.sectors, other.first, other.sectors))
            return fail(ERR_FORMAT,
                        "%s: partition %u (LBA %lu) overlaps the extended partition at LBA %lu; "
                        "repair the table first",
                        image->path, i + 1, other.first, container.first);
    }
    if (!container.first || container.first + container.sectors > image->disk.sectors)
        return fail(ERR_FORMAT,
                    "%s: the extended partition at LBA %lu leaves the disk; repair the "
                    "table first",
                    image->path, container.first);
    return OK;
}

static bool is_contained(const uint8_t *sector, const struct volume *logical)
{
    for (unsigned i = 0; i < MBR_PRIMARIES; i++) {
        struct primary container = primary_of(sector, i);
        if (is_extended(container.type) && logical->first_lba > container.first &&
            logical->first_lba + logical->sectors <= container.first + container.sectors)
            return true;
    }
    return false;
}

static enum err check_logicals(const struct disk_image *image, const uint8_t *sector,
                               const struct disk_tables *tables)
{
    for (uint32_t i = 0; i < tables->count; i++) {
        const struct volume *volume = &tables->volumes[i];
        if (volume->number > MBR_PRIMARIES && !is_contained(sector, volume))
            return fail(ERR_FORMAT,
                        "%s: the logical partition %u (LBA %lu, %lu sectors) leaves the extended "
                        "partition; repair the table first",
                        image->path, volume->number, volume->first_lba, volume->sectors);
    }
    return OK;
}

static enum err check_mbr(const struct disk_image *image, const uint8_t *sector,
                          struct disk_tables *tables)
{
    tables->gap_end = image->disk.sectors;
    for (unsigned i = 0; i < MBR_PRIMARIES; i++) {
        struct primary primary = primary_of(sector, i);
        if (!primary.type)
            continue;
        tables->gap_end = MIN(tables->gap_end, primary.first);
        if (is_extended(primary.type))
            TRY(check_container(image, sector, i));
    }
    return check_logicals(image, sector, tables);
}

static bool is_listed(const struct disk_tables *tables, const struct primary *primary)
{
    for (uint32_t i = 0; i < tables->count; i++)
        if (tables->volumes[i].first_lba == primary->first &&
            tables->volumes[i].sectors == primary->sectors)
            return true;
    return false;
}

/* A hybrid MBR repeats some of the GPT's partitions. Where sector 0 is anything but an MBR, there
 * is no place for code that keeps what it holds. */
static enum err check_protective(const struct disk_image *image, const uint8_t *sector,
                                 const struct disk_tables *tables)
{
    bool protective = false;

    for (unsigned i = 0; i < MBR_PRIMARIES; i++) {
        struct primary primary = primary_of(sector, i);
        protective |= primary.type == TYPE_PROTECTIVE;
        if (primary.type && primary.type != TYPE_PROTECTIVE && !is_listed(tables, &primary))
            return fail(ERR_FORMAT,
                        "%s: partition %u of its hybrid MBR (LBA %lu, %lu sectors) is none of the "
                        "GPT's; repair the table first",
                        image->path, i + 1, primary.first, primary.sectors);
    }
    if (protective && load16(sector + 510) == 0xaa55)
        return OK;
    return fail(ERR_UNSUPPORTED,
                "%s: has a GPT, but no protective MBR in its first sector; repair it first (gdisk: "
                "x, n, w)",
                image->path);
}

static enum err refuse_cd(const struct disk_image *image)
{
    char start[6];

    if (image->bytes > 17 * 2048 && disk_image_read(image, 16 * 2048, sizeof start, start) == OK &&
        memcmp(start, "\1CD001", sizeof start) == 0)
        return fail(ERR_UNSUPPORTED,
                    "%s: is a CD image, which can't be changed in place: make one with `lintel "
                    "image --layout iso`",
                    image->path);
    return OK;
}

enum err disk_tables_read(const struct disk_image *image, struct disk_tables *tables)
{
    struct partitions list;
    uint8_t sector[512];

    TRY(refuse_cd(image));
    TRY(disk_image_read(image, 0, sizeof sector, sector));
    TRY(partitions_read(&list, &host_firmware, &image->disk, &host_arena));
    TRY(refuse_left_out(image, &list));
    *tables = (struct disk_tables){.volumes = list.volumes, .count = list.count};
    TRY(refuse_beyond(image, tables));
    TRY(refuse_overlaps(image, tables));
    if (!tables->count)
        return fail(ERR_FORMAT, "%s: its partition table is empty", image->path);
    tables->partitioning = tables->volumes[0].partitioning;
    if (tables->partitioning == LINTEL_PARTITIONING_GPT)
        return check_protective(image, sector, tables);
    return tables->partitioning == LINTEL_PARTITIONING_MBR ? check_mbr(image, sector, tables) : OK;
}

const struct volume *disk_tables_find(const struct disk_tables *tables, uint32_t number)
{
    for (uint32_t i = 0; i < tables->count; i++)
        if (tables->volumes[i].number == number)
            return &tables->volumes[i];
    return NULL;
}
