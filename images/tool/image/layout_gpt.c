/* GPT: the first sector's code in the protective MBR, the second stage in a BIOS boot partition,
 * the files in the EFI system partition. */
#include "common/lib/mem.h"
#include "images/tool/image/boot_sector.h"
#include "images/tool/image/fat_volume.h"
#include "images/tool/image/image.h"
#include "images/tool/image/partition_table.h"

/* The BIOS boot partition fills the first MiB behind the table, the ESP the rest of the disk. */
static struct table plan_partitions(const struct image *image, uint64_t disk_sectors)
{
    uint64_t table_sectors = GPT_ENTRIES_BYTES / image->sector_bytes,
             esp = MIB / image->sector_bytes, usable_end = disk_sectors - table_sectors - 1;
    return (struct table){
        .path = image->draft.path,
        .sector_bytes = image->sector_bytes,
        .gpt = true,
        .partitions = {{"BIOS boot", TYPE_BIOS_BOOT, 2 + table_sectors, esp - 2 - table_sectors,
                        false},
                       {"EFI system", TYPE_ESP, esp, usable_end - esp, false}},
        .count = 2,
    };
}

static enum err make_gpt(struct image *image)
{
    uint64_t spare = 2 * MIB / image->sector_bytes, /* for tables and BIOS boot partition */
        fitting = fat_fitting_sectors(&image->tree, 32, image->sector_bytes) + spare,
             sectors = image->bytes ? image->bytes / image->sector_bytes : fitting;

    if (sectors <= spare)
        return fail(ERR_NO_MEMORY, "a GPT disk of %lu KiB has no room for a volume",
                    image->bytes / KIB);
    const struct table table = plan_partitions(image, sectors);
    const struct table_partition *boot = &table.partitions[0], *esp = &table.partitions[1];
    const struct fat_volume volume = {
        .path = table.path,
        .first = esp->first,
        .sectors = esp->sectors,
        .sector_bytes = image->sector_bytes,
        .bits = 32,
        .reserved = 32,
        .serial = identity_serial(&image->identity, esp->name),
    };
    const struct stage_place place = {boot->first, image->sector_bytes};

    TRY(file_create(table.path, sectors * image->sector_bytes));
    TRY(table_write(&table, &image->draft, &image->identity));
    TRY(image_tell_stage(image, &place, boot->sectors, esp->first));
    TRY(fat_make(&volume, &image->tree));
    TRY(stage_install(table.path, &image->stage, &place, boot->sectors));
    return boot_sector_install(table.path, 0, BOOT_SECTOR_MBR, &image->stage, &place);
}

const struct layout layout_gpt = {.name = "gpt", .make = make_gpt};
