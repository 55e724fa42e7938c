#include "partition.h"
#include "../lib/log.h"
#include "../lib/mem.h"

#define MBR_TYPE_ESP 0xef

enum err partitions_reserve(struct partitions *list, uint64_t capacity)
{
    return ARENA_TAKE(list->arena, capacity, &list->volumes);
}

void partitions_add(struct partitions *list, const struct volume *partition)
{
    uint64_t disk_sectors = list->whole.sectors;
    uint64_t first = partition->first_lba, end;
    bool fits = first && partition->sectors && !add_wraps(first, partition->sectors, &end) &&
                (!disk_sectors || end <= disk_sectors);

    if (fits)
        list->volumes[list->count++] = *partition;
    else
        note("%s: partition %u (LBA %lu, %lu sectors) does not fit a disk of %lu sectors: left "
             "out\n",
             list->whole.disk->name, partition->number, first, partition->sectors, disk_sectors);
}

static enum err list_whole(struct partitions *list)
{
    note("%s: no partition table\n", list->whole.disk->name);
    TRY(partitions_reserve(list, 1));
    list->volumes[list->count++] = list->whole;
    return OK;
}

static enum err list_tables(struct partitions *list)
{
    uint8_t sector[MBR_BYTES];

    /* A hybrid CD image has tables too, but they count sectors of 512 bytes and mean the image on
     * a USB stick. */
    if (list->whole.disk->medium == LINTEL_MEDIUM_CD)
        return list_whole(list);
    TRY(volume_read(&list->whole, 0, sizeof sector, sector));
    if (mbr_is_table(list, sector))
        return mbr_is_protective(sector) ? gpt_list(list) : mbr_list(list, sector);
    /* Behind a FAT boot sector an older life of the disk may have left a GPT header. */
    if (!mbr_is_fat(sector) && gpt_is_there(list)) {
        say("%s: sector 0 holds no protective MBR, but LBA 1 a GPT: using that\n",
            list->whole.disk->name);
        return gpt_list(list);
    }
    return list_whole(list);
}

enum err partition_list(const struct firmware *firmware, const struct disk *disk,
                        struct arena *arena, struct volume **volumes, uint32_t *count)
{
    struct partitions list = {
        .whole = {.firmware = firmware, .disk = disk, .sectors = disk->sectors},
        .arena = arena,
    };

    TRY(list_tables(&list));
    *volumes = list.volumes;
    *count = list.count;
    return OK;
}

bool volume_is_esp(const struct volume *volume)
{
    static const uint8_t esp[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                    0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};

    if (volume->partitioning == LINTEL_PARTITIONING_GPT)
        return memcmp(volume->type_guid, esp, sizeof esp) == 0;
    return volume->partitioning == LINTEL_PARTITIONING_MBR && volume->type_byte == MBR_TYPE_ESP;
}
