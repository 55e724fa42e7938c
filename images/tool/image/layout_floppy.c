/* A floppy of 1.44 or 2.88 MB: no partition table, FAT12, the second stage in reserved sectors. */
#include "common/lib/mem.h"
#include "images/tool/image/boot_sector.h"
#include "images/tool/image/fat_volume.h"
#include "images/tool/image/image.h"

#define FLOPPY_1440 (1440 * KIB)
#define FLOPPY_2880 (2880 * KIB)

static struct fat_volume plan_volume(const struct image *image, uint64_t bytes)
{
    return (struct fat_volume){
        .path = image->draft.path,
        .sectors = bytes / BOOT_SECTOR_BYTES,
        .sector_bytes = BOOT_SECTOR_BYTES,
        .bits = 12,
        .reserved = fat_own_sectors(12) + (uint32_t)stage_sectors(&image->stage, BOOT_SECTOR_BYTES),
        .serial = identity_serial(&image->identity, "floppy"),
    };
}

static enum err make_of_size(struct image *image, uint64_t bytes)
{
    const struct fat_volume volume = plan_volume(image, bytes);
    const struct stage_place place = {fat_own_sectors(12), BOOT_SECTOR_BYTES};

    TRY(file_create(volume.path, bytes));
    TRY(image_tell_stage(image, &place, 0, 0));
    TRY(fat_make(&volume, &image->tree));
    TRY(stage_install(volume.path, &image->stage, &place, volume.reserved - place.lba));
    return boot_sector_install(volume.path, 0, BOOT_SECTOR_FAT16, &image->stage, &place);
}

static enum err make_floppy(struct image *image)
{
    if (image->bytes && image->bytes != FLOPPY_1440 && image->bytes != FLOPPY_2880)
        return fail(ERR_UNSUPPORTED, "a floppy has 1440K or 2880K, not %lu bytes", image->bytes);
    enum err err = make_of_size(image, image->bytes ? image->bytes : FLOPPY_1440);
    if (err == ERR_NO_MEMORY && !image->bytes)
        err = make_of_size(image, FLOPPY_2880);
    return err;
}

const struct layout layout_floppy = {
    .name = "floppy", .small = true, .fixed_sectors = true, .make = make_floppy};
