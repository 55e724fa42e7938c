/* MBR: one primary or logical partition with a FAT volume. The first sector is Lintel's; the second
 * stage lies in the gap before the first partition or, where the volume is to boot by itself too,
 * in the volume's reserved sectors. */
#include "common/lib/mem.h"
#include "images/tool/image/boot_sector.h"
#include "images/tool/image/fat_volume.h"
#include "images/tool/image/image.h"
#include "images/tool/image/partition_table.h"

static const char *type_of(uint32_t fat_bits)
{
    return fat_bits == 32 ? "0c" : fat_bits == 16 ? "0e" : "01";
}

static struct table plan_partitions(const struct image *image, uint64_t disk_sectors)
{
    uint64_t first = MIB / image->sector_bytes;
    struct table table = {.path = image->draft.path, .sector_bytes = image->sector_bytes};
    struct table_partition *partition = table.partitions;

    if (image->logical) {
        *partition++ = (struct table_partition){.name = "extended",
                                                .type = TYPE_EXTENDED,
                                                .first = first,
                                                .sectors = disk_sectors - first};
        first *= 2;
    }
    *partition++ = (struct table_partition){.name = "boot",
                                            .type = type_of(image->fat_bits),
                                            .first = first,
                                            .sectors = disk_sectors - first,
                                            .active = !image->inactive};
    table.count = (unsigned)(partition - table.partitions);
    return table;
}

static struct fat_volume plan_volume(const struct image *image, const struct table *table)
{
    const struct table_partition *boot = &table->partitions[table->count - 1];
    uint32_t own = fat_own_sectors(image->fat_bits), ordinary = image->fat_bits == 32 ? 32 : 1,
             stage = own + (uint32_t)stage_sectors(&image->stage, image->sector_bytes);
    return (struct fat_volume){
        .path = table->path,
        .first = boot->first,
        .sectors = boot->sectors,
        .sector_bytes = image->sector_bytes,
        .bits = image->fat_bits,
        .reserved = image->boot_in_volume ? stage : ordinary,
        .serial = identity_serial(&image->identity, boot->name),
    };
}

/* The volume's own first sector and, on FAT32, the copy of it. */
static enum err install_in_volume(const struct image *image, const struct fat_volume *volume,
                                  const struct stage_place *place)
{
    enum boot_sector_kind kind = volume->bits == 32 ? BOOT_SECTOR_FAT32 : BOOT_SECTOR_FAT16;
    uint64_t first = volume->first * volume->sector_bytes;
    TRY(boot_sector_install(volume->path, first, kind, &image->stage, place));
    if (volume->bits != 32)
        return OK;
    return boot_sector_install(volume->path, first + FAT32_BACKUP_SECTOR * volume->sector_bytes,
                               kind, &image->stage, place);
}

static enum err make_mbr(struct image *image)
{
    uint64_t spare = 2 * MIB / image->sector_bytes, /* before the volume */
        fitting = fat_fitting_sectors(&image->tree, image->fat_bits, image->sector_bytes) + spare,
             sectors = image->bytes ? image->bytes / image->sector_bytes : fitting;

    if (sectors <= spare || sectors > UINT32_MAX)
        return fail(ERR_NO_MEMORY, "an MBR disk of %lu KiB is too %s for a volume",
                    image->bytes / KIB, sectors <= spare ? "small" : "large");
    const struct table table = plan_partitions(image, sectors);
    const struct fat_volume volume = plan_volume(image, &table);
    uint64_t own = fat_own_sectors(volume.bits), gap = MIB / image->sector_bytes - 1;
    const struct stage_place in_volume = {volume.first + own, image->sector_bytes},
                             in_gap = {1, image->sector_bytes},
                             place = image->boot_in_volume ? in_volume : in_gap;
    uint64_t room = image->boot_in_volume ? volume.reserved - own : gap;

    TRY(file_create(table.path, sectors * image->sector_bytes));
    TRY(table_write(&table, &image->draft, &image->identity));
    TRY(image_tell_stage(image, &place, room, volume.first));
    TRY(fat_make(&volume, &image->tree));
    TRY(stage_install(table.path, &image->stage, &place, room));
    TRY(boot_sector_install(table.path, 0, BOOT_SECTOR_MBR, &image->stage, &place));
    return image->boot_in_volume ? install_in_volume(image, &volume, &place) : OK;
}

const struct layout layout_mbr = {.name = "mbr", .has_mbr = true, .make = make_mbr};
