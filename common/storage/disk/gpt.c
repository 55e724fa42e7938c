/* The GUID Partition Table and its backup (UEFI 2.10, 5.3). */
#include "common/format/crc32.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/storage/disk/partition.h"

#define SIGNATURE        "EFI PART"
#define PRIMARY_LBA      1
#define HEADER_BYTES_MIN 92
#define ENTRY_BYTES_MIN  128
#define ARRAY_BYTES_MAX  MIB /* 64 times the usual 128 entries of 128 bytes */

/* One of the two copies, as its header describes it. */
struct gpt {
    uint64_t lba;           /* of its header */
    uint64_t alternate_lba; /* known once the header's checksum was right; else 0 */
    uint64_t first_usable, last_usable;
    uint64_t array_lba;
    uint32_t entries, entry_bytes, array_crc;
    uint8_t disk_guid[16];
    uint8_t *array;
};

static uint64_t lba_offset(const struct partitions *list, uint64_t lba)
{
    uint64_t offset;

    /* Beyond 2^64 bytes there is no disk: volume_read() refuses the highest offset. */
    return mul_wraps(lba, list->whole.disk->sector_bytes, &offset) ? UINT64_MAX : offset;
}

bool gpt_is_there(const struct partitions *list)
{
    char signature[8];

    return volume_read(&list->whole, lba_offset(list, PRIMARY_LBA), sizeof signature, signature) ==
               OK &&
           memcmp(signature, SIGNATURE, sizeof signature) == 0;
}

static enum err check_header(uint8_t *header, uint64_t lba, uint32_t sector_bytes)
{
    uint32_t revision = load32(header + 8), bytes = load32(header + 12);
    uint32_t stated = load32(header + 16), found;

    if (memcmp(header, SIGNATURE, 8) != 0)
        return fail(ERR_FORMAT, "LBA %lu: no signature \"" SIGNATURE "\"", lba);
    if (revision >> 16 != 1)
        return fail(ERR_FORMAT, "LBA %lu: header revision %08Xh is not 1.x", lba, revision);
    if (bytes < HEADER_BYTES_MIN || bytes > sector_bytes)
        return fail(ERR_FORMAT, "LBA %lu: header size %u is not in %u to %u", lba, bytes,
                    HEADER_BYTES_MIN, sector_bytes);
    memset(header + 16, 0, 4);
    found = crc32(0, header, bytes);
    if (found != stated)
        return fail(ERR_FORMAT, "LBA %lu: header CRC-32 is %08Xh, but %08Xh is stated", lba, found,
                    stated);
    if (load64(header + 24) != lba)
        return fail(ERR_FORMAT, "LBA %lu: header says that it lies at LBA %lu", lba,
                    load64(header + 24));
    return OK;
}

static struct gpt header_fields(const uint8_t *header)
{
    struct gpt gpt = {
        .lba = load64(header + 24),
        .alternate_lba = load64(header + 32),
        .first_usable = load64(header + 40),
        .last_usable = load64(header + 48),
        .array_lba = load64(header + 72),
        .entries = load32(header + 80),
        .entry_bytes = load32(header + 84),
        .array_crc = load32(header + 88),
    };

    memcpy(gpt.disk_guid, header + 56, sizeof gpt.disk_guid);
    return gpt;
}

static enum err check_fields(const struct gpt *gpt, uint32_t sector_bytes)
{
    uint64_t array_bytes = (uint64_t)gpt->entries * gpt->entry_bytes;
    uint64_t sectors = array_bytes / sector_bytes + (array_bytes % sector_bytes != 0);

    if (gpt->first_usable <= PRIMARY_LBA || gpt->first_usable > gpt->last_usable)
        return fail(ERR_FORMAT, "LBA %lu: usable sectors %lu to %lu", gpt->lba, gpt->first_usable,
                    gpt->last_usable);
    if (gpt->entry_bytes < ENTRY_BYTES_MIN || !is_power_of_two(gpt->entry_bytes))
        return fail(ERR_FORMAT, "LBA %lu: entry size %u is not 128 times a power of two", gpt->lba,
                    gpt->entry_bytes);
    if (!gpt->entries || array_bytes > ARRAY_BYTES_MAX)
        return fail(ERR_FORMAT, "LBA %lu: %u entries of %u bytes are not in 1 byte to 1 MiB",
                    gpt->lba, gpt->entries, gpt->entry_bytes);
    if (gpt->array_lba <= PRIMARY_LBA || gpt->array_lba > UINT64_MAX - sectors ||
        (gpt->array_lba <= gpt->last_usable && gpt->array_lba + sectors > gpt->first_usable))
        return fail(ERR_FORMAT, "LBA %lu: entries at LBA %lu overlap the header or usable sectors",
                    gpt->lba, gpt->array_lba);
    return OK;
}

static enum err read_header(const struct partitions *list, uint64_t lba, struct gpt *gpt)
{
    uint8_t header[SECTOR_BYTES_MAX];
    uint32_t sector_bytes = list->whole.disk->sector_bytes;

    TRY(volume_read(&list->whole, lba_offset(list, lba), sector_bytes, header));
    TRY(check_header(header, lba, sector_bytes));
    *gpt = header_fields(header);
    return check_fields(gpt, sector_bytes);
}

static enum err read_copy(const struct partitions *list, uint64_t lba, struct gpt *gpt)
{
    uint64_t bytes;
    uint32_t found;

    TRY(read_header(list, lba, gpt));
    bytes = (uint64_t)gpt->entries * gpt->entry_bytes;
    TRY(arena_take(list->arena, bytes, (void **)&gpt->array));
    TRY(volume_read(&list->whole, lba_offset(list, gpt->array_lba), bytes, gpt->array));
    found = crc32(0, gpt->array, bytes);
    if (found != gpt->array_crc)
        return fail(ERR_FORMAT,
                    "LBA %lu: CRC-32 of the entries at LBA %lu is %08Xh, but %08Xh is stated", lba,
                    gpt->array_lba, found, gpt->array_crc);
    return OK;
}

/* Tries where the primary header (when that much of it is right) says that the backup lies, then
 * the last sector, which is another one when the disk has grown. */
static enum err read_backup(const struct partitions *list, uint64_t stated_lba, struct gpt *gpt)
{
    uint64_t last_lba = list->whole.sectors ? list->whole.sectors - 1 : 0;
    enum err err = fail(ERR_FORMAT, "the place of the backup is unknown");

    if (stated_lba > PRIMARY_LBA)
        err = read_copy(list, stated_lba, gpt);
    if (err != OK && last_lba > PRIMARY_LBA && last_lba != stated_lba)
        err = read_copy(list, last_lba, gpt);
    return err;
}

/* The primary, or else the backup. */
static enum err read_table(const struct partitions *list, struct gpt *gpt)
{
    const char *disk_name = list->whole.disk->name;
    char why[160];

    if (read_copy(list, PRIMARY_LBA, gpt) == OK)
        return OK;
    fmt(why, sizeof why, "%s", err_message());
    if (read_backup(list, gpt->alternate_lba, gpt) != OK)
        return fail(ERR_FORMAT,
                    "%s: both copies of its GPT are damaged: primary: %s; backup: %s; repair it "
                    "with a tool such as gdisk",
                    disk_name, why, err_message());
    say("%s: the primary GPT is damaged: %s; using the backup at LBA %lu\n", disk_name, why,
        gpt->lba);
    return OK;
}

static const uint8_t *entry_of(const struct gpt *gpt, uint32_t index)
{
    return gpt->array + (uint64_t)index * gpt->entry_bytes;
}

static bool is_used(const uint8_t *entry)
{
    return load64(entry) || load64(entry + 8);
}

static void add_entry(struct partitions *list, const struct gpt *gpt, uint32_t index)
{
    const uint8_t *entry = entry_of(gpt, index);
    struct volume partition = list->whole;

    partition.number = index + 1;
    partition.first_lba = load64(entry + 32);
    partition.sectors = load64(entry + 40) - partition.first_lba + 1;
    memcpy(partition.type_guid, entry, sizeof partition.type_guid);
    memcpy(partition.guid, entry + 16, sizeof partition.guid);
    partitions_add(list, &partition);
}

enum err gpt_list(struct partitions *list)
{
    struct gpt gpt = {0};
    uint32_t used = 0;

    TRY(read_table(list, &gpt));
    for (uint32_t i = 0; i < gpt.entries; i++)
        used += is_used(entry_of(&gpt, i));
    TRY(partitions_reserve(list, used));
    list->first_usable = gpt.first_usable;
    list->last_usable = gpt.last_usable;
    list->whole.partitioning = LINTEL_PARTITIONING_GPT;
    memcpy(list->whole.disk_guid, gpt.disk_guid, sizeof gpt.disk_guid);
    for (uint32_t i = 0; i < gpt.entries; i++)
        if (is_used(entry_of(&gpt, i)))
            add_entry(list, &gpt, i);
    return OK;
}
