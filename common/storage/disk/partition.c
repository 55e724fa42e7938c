/* Which volumes has a disk? */
#include "common/storage/disk/partition.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

#define MBR_TYPE_ESP      0xef
#define MBR_TYPE_XBOOTLDR 0xea

enum err partitions_reserve(struct partitions *list, uint64_t capacity)
{
    return ARENA_TAKE(list->arena, capacity + 1, &list->volumes);
}

/* An MBR does not say where its disk ends. */
const char *partitions_left_out(const struct partitions *list, const struct volume *partition,
                                char text[PARTITION_TEXT_BYTES])
{
    size_t length =
        fmt(text, PARTITION_TEXT_BYTES, "partition %u (LBA %lu, %lu sector%s) ", partition->number,
            partition->first_lba, partition->sectors, text_plural(partition->sectors));

    if (list->last_usable == UINT64_MAX)
        fmt(text + length, PARTITION_TEXT_BYTES - length, "is empty, or begins in sector 0");
    else
        fmt(text + length, PARTITION_TEXT_BYTES - length, "is not within LBA %lu to %lu",
            list->first_usable, list->last_usable);
    return text;
}

void partitions_add(struct partitions *list, const struct volume *partition)
{
    char text[PARTITION_TEXT_BYTES];
    uint64_t first = partition->first_lba, end;
    bool fits = first >= list->first_usable && partition->sectors &&
                !add_wraps(first, partition->sectors, &end) && end - 1 <= list->last_usable;

    if (fits) {
        if (list->whole.sectors && end > list->whole.sectors)
            note("%s: partition %u ends at LBA %lu, but the disk, as the firmware tells it, at "
                 "%lu\n",
                 list->whole.disk->name, partition->number, end, list->whole.sectors);
        list->volumes[list->count++] = *partition;
        return;
    }
    list->left_out = *partition;
    note("%s: %s: left out\n", list->whole.disk->name, partitions_left_out(list, partition, text));
}

static enum err list_whole(struct partitions *list)
{
    note("%s: used whole\n", list->whole.disk->name);
    TRY(partitions_reserve(list, 0));
    list->volumes[list->count++] = list->whole;
    return OK;
}

/* Lists what a table says. ERR_NOT_FOUND: there is no table. */
static enum err list_table(struct partitions *list)
{
    uint8_t sector[MBR_BYTES];

    TRY(volume_read(&list->whole, 0, sizeof sector, sector));
    if (mbr_is_table(list, sector))
        return mbr_is_protective(sector) ? gpt_list(list) : mbr_list(list, sector);
    /* Behind a FAT boot sector an older life of the disk may have left a GPT header. */
    if (!mbr_is_fat(sector) && gpt_is_there(list)) {
        say("%s: sector 0 holds no protective MBR, but LBA 1 a GPT: using that\n",
            list->whole.disk->name);
        return gpt_list(list);
    }
    return fail(ERR_NOT_FOUND, "%s: no partition table", list->whole.disk->name);
}

/* What the primary volume descriptor of ISO 9660 (ECMA-119, 8.4), in the 16th sector of 2,048
 * bytes, says of its size: false where there is none. */
static bool find_iso9660(const struct partitions *list, uint64_t *bytes)
{
    uint8_t descriptor[130];

    if (volume_read(&list->whole, 16 * 2048, sizeof descriptor, descriptor) != OK ||
        memcmp(descriptor, "\1CD001", 6) != 0)
        return false;
    *bytes = (uint64_t)load32(descriptor + 80) * load16(descriptor + 128);
    return true;
}

/* Tables mean nothing on a CD. Many BIOSes don't know its size. */
static enum err list_cd(struct partitions *list)
{
    struct volume *whole = &list->whole;
    uint64_t bytes;

    if (!whole->sectors && find_iso9660(list, &bytes))
        whole->sectors = bytes / whole->disk->sector_bytes;
    return list_whole(list);
}

/* A CD image that was written to a disk carries tables beside its file system: xorriso makes one
 * that has a partition from sector 0, from sector 64, over gaps only, or over itself, and in units
 * of 512 bytes whatever the disk has. So the file system that begins in sector 0 is the last
 * volume, and a table that can't be read does not matter. */
static enum err list_hybrid(struct partitions *list)
{
    struct volume whole = list->whole;
    enum err err = list_table(list);

    if (err == OK) {
        list->volumes[list->count++] = whole;
        return OK;
    }
    if (err == ERR_FORMAT)
        say("%s: using it as a CD image: %s\n", whole.disk->name, err_message());
    else if (err != ERR_NOT_FOUND)
        return err;
    *list = (struct partitions){.whole = whole, .arena = list->arena};
    return list_whole(list);
}

static enum err list_disk(struct partitions *list)
{
    uint64_t bytes;
    enum err err;

    if (list->whole.disk->medium == LINTEL_MEDIUM_CD)
        return list_cd(list);
    if (find_iso9660(list, &bytes))
        return list_hybrid(list);
    err = list_table(list);
    return err == ERR_NOT_FOUND ? list_whole(list) : err;
}

enum err partitions_read(struct partitions *list, const struct firmware *firmware,
                         const struct disk *disk, struct arena *arena)
{
    *list = (struct partitions){
        .whole = {.firmware = firmware, .disk = disk, .sectors = disk->sectors},
        .arena = arena,
        .first_usable = 1,
        .last_usable = UINT64_MAX,
    };
    return list_disk(list);
}

enum err partition_list(const struct firmware *firmware, const struct disk *disk,
                        struct arena *arena, struct volume **volumes, uint32_t *count)
{
    struct partitions list;

    TRY(partitions_read(&list, firmware, disk, arena));
    *volumes = list.volumes;
    *count = list.count;
    return OK;
}

static bool has_type(const struct volume *volume, const uint8_t guid[16], uint8_t mbr)
{
    if (volume->partitioning == LINTEL_PARTITIONING_GPT)
        return memcmp(volume->type_guid, guid, sizeof volume->type_guid) == 0;
    return volume->partitioning == LINTEL_PARTITIONING_MBR && volume->type_byte == mbr;
}

bool volume_is_esp(const struct volume *volume)
{
    static const uint8_t guid[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                     0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};

    return has_type(volume, guid, MBR_TYPE_ESP);
}

bool volume_is_xbootldr(const struct volume *volume)
{
    static const uint8_t guid[16] = {0xff, 0xc2, 0x13, 0xbc, 0xe6, 0x59, 0x62, 0x42,
                                     0xa3, 0x52, 0xb2, 0x75, 0xfd, 0x6f, 0x71, 0x72};

    return has_type(volume, guid, MBR_TYPE_XBOOTLDR);
}
