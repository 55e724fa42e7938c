/* Where on a disk is room for the second stage? */
#include "images/tool/install/boot_place.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/image/partition_table.h"
#include "images/tool/install/fat_layout.h"
#include <stdio.h>
#include <stdlib.h>

/* Nobody needs to look further into a large BIOS boot partition. */
#define SEARCHED_BYTES_MAX (16 * MIB)

/* TYPE_BIOS_BOOT as on disk: the first three fields are little-endian. */
static const uint8_t bios_boot[16] = {0x48, 0x61, 0x68, 0x21, 0x49, 0x64, 0x6f, 0x6e,
                                      0x74, 0x4e, 0x65, 0x65, 0x64, 0x45, 0x46, 0x49};

static bool is_bios_boot(const struct volume *volume)
{
    return volume->partitioning == LINTEL_PARTITIONING_GPT &&
           memcmp(volume->type_guid, bios_boot, sizeof bios_boot) == 0;
}

/* True when every sector that the stage would take is zero or what the stage has there. */
static bool is_free(const uint8_t *room, uint32_t sector_bytes, const struct content *stage)
{
    for (uint64_t at = 0; at < stage->size; at += sector_bytes) {
        uint64_t own = MIN(sector_bytes, stage->size - at);
        uint64_t same = stage_is_like(stage, room + at, at, own) ? own : 0;
        if (!is_zero(room + at + same, sector_bytes - same))
            return false;
    }
    return true;
}

/* True when a second stage that begins at a lower sector reaches sector `i`: it may end in zeros.
 */
static bool is_in_other_stage(const uint8_t *bytes, uint32_t sector_bytes, uint64_t i)
{
    uint64_t most = STAGE_BYTES_MAX / sector_bytes;

    for (uint64_t j = i > most ? i - most : 0; j < i; j++)
        if (stage_bytes_at(bytes + j * sector_bytes) > (i - j) * sector_bytes)
            return true;
    return false;
}

bool find_free(const uint8_t *bytes, uint64_t all_sectors, uint32_t sector_bytes,
               const struct content *stage, uint64_t *first)
{
    uint64_t sectors = stage_sectors(stage, sector_bytes);

    if (sectors > all_sectors)
        return false;
    for (uint64_t i = all_sectors - sectors + 1; i-- > 0;)
        if (is_free(bytes + i * sector_bytes, sector_bytes, stage) &&
            !is_in_other_stage(bytes, sector_bytes, i)) {
            *first = i;
            return true;
        }
    return false;
}

/* ---- a run of sectors ------------------------------------------------------------------------ */

/* Looks for room in the sectors `first` to `end` - 1. `remedy` ends the message that there is none.
 */
static enum err find_room(const struct disk_image *image, uint64_t first, uint64_t end,
                          const char *remedy, struct boot_place *place)
{
    uint32_t sector_bytes = image->disk.sector_bytes;
    uint64_t sectors = end > first ? end - first : 0, found;
    bool is_there;

    if (sectors < place->sectors)
        return fail(
            ERR_NO_MEMORY, "%s: %s has room for %lu sector%s, but the second stage needs %lu: %s",
            image->path, place->where, sectors, text_plural(sectors), place->sectors, remedy);
    sectors = MIN(sectors, SEARCHED_BYTES_MAX / sector_bytes);
    uint8_t *bytes = malloc(sectors * sector_bytes);
    if (!bytes)
        return fail(ERR_NO_MEMORY, "this machine has no memory left");
    enum err err = disk_image_read(image, first * sector_bytes, sectors * sector_bytes, bytes);
    is_there = err == OK && find_free(bytes, sectors, sector_bytes, &place->content, &found);
    free(bytes);
    if (err == OK && !is_there)
        return fail(ERR_NO_MEMORY,
                    "%s: something else lies in %s (another loader, an older Lintel?): it has no "
                    "%lu sectors of zeros in a row: %s",
                    image->path, place->where, place->sectors, remedy);
    if (err == OK)
        place->stage = (struct stage_place){first + found, sector_bytes};
    return err;
}

static void add_code(struct boot_place *place, uint64_t lba, enum boot_sector_kind kind)
{
    place->codes[place->code_count++] = (struct boot_code){lba, kind};
}

/* ---- the three places ------------------------------------------------------------------------ */

static enum err use_bios_boot(const struct disk_image *image, const struct volume *volume,
                              struct boot_place *place)
{
    place->where = "the BIOS boot partition";
    place->number = volume->number;
    add_code(place, 0, BOOT_SECTOR_MBR);
    return find_room(image, volume->first_lba, volume->first_lba + volume->sectors,
                     "make the partition larger, or empty it, or `lintel uninstall` first", place);
}

static enum err use_gap(const struct disk_image *image, const struct disk_tables *tables,
                        struct boot_place *place)
{
    place->where = "the gap before the first partition";
    add_code(place, 0, BOOT_SECTOR_MBR);
    return find_room(image, 1, tables->gap_end,
                     "let the first partition begin at 1 MiB, or take --partition N with a FAT "
                     "volume that has reserved sectors",
                     place);
}

/* True where no BIOS finds anything to run: then the disk needs a first sector that leads on. */
static enum err is_without_code(const struct disk_image *image, bool *without)
{
    uint8_t sector[BOOT_SECTOR_BYTES];

    TRY(disk_image_read(image, 0, sizeof sector, sector));
    *without = is_zero(sector, 0x1b8);
    return OK;
}

static enum err add_volume_codes(const struct disk_image *image, const struct fat_layout *fat,
                                 struct boot_place *place)
{
    enum boot_sector_kind kind = fat->bits == 32 ? BOOT_SECTOR_FAT32 : BOOT_SECTOR_FAT16;
    uint64_t first = fat->volume->first_lba;
    bool without;

    add_code(place, first, kind);
    if (fat->backup_sector && fat->backup_sector < fat->reserved_sectors)
        add_code(place, first + fat->backup_sector, kind);
    TRY(is_without_code(image, &without));
    if (first && without)
        add_code(place, 0, BOOT_SECTOR_MBR);
    return OK;
}

/* FAT32's own sectors come first: boot sector, FSInfo, copies of both. */
static enum err use_reserved(const struct disk_image *image, const struct volume *volume,
                             struct boot_place *place)
{
    struct fat_layout fat;
    uint64_t first = volume->first_lba, own;
    char remedy[160];

    TRY(fat_layout_read(volume, &fat));
    if (fat.sector_bytes != image->disk.sector_bytes)
        return fail(ERR_UNSUPPORTED,
                    "%s: a FAT with sectors of %u bytes can't be booted from a disk with %u",
                    image->path, fat.sector_bytes, image->disk.sector_bytes);
    own = fat.bits == 32 ? MAX(fat.info_sector, fat.backup_sector + 1u) + 1u : 1;
    snprintf(remedy, sizeof remedy,
             "uninstall what lies there (`lintel uninstall`), or format the volume with `mkfs.fat "
             "-R %lu`, which erases its files",
             own + place->sectors);
    place->where = "the reserved sectors of the FAT volume";
    place->host = volume;
    place->number = volume->number;
    TRY(add_volume_codes(image, &fat, place));
    return find_room(image, first + own, first + fat.reserved_sectors, remedy, place);
}

const struct volume *boot_place_bios_boot(const struct disk_tables *tables)
{
    for (uint32_t i = 0; i < tables->count; i++)
        if (is_bios_boot(&tables->volumes[i]))
            return &tables->volumes[i];
    return NULL;
}

static enum err use_partition(const struct disk_image *image, const struct disk_tables *tables,
                              uint32_t number, struct boot_place *place)
{
    const struct volume *volume = disk_tables_find(tables, number);

    if (!volume)
        return fail(ERR_NOT_FOUND, "%s: has no partition %u", image->path, number);
    if (is_bios_boot(volume))
        return use_bios_boot(image, volume, place);
    enum err err = use_reserved(image, volume, place);
    if (err == ERR_NOT_FOUND)
        return fail(ERR_UNSUPPORTED,
                    "%s: partition %u is neither a FAT volume nor a BIOS boot partition (type "
                    "%s): the second stage can't go there",
                    image->path, number, TYPE_BIOS_BOOT);
    return err;
}

static enum err use_gpt(const struct disk_image *image, const struct disk_tables *tables,
                        struct boot_place *place)
{
    const struct volume *volume = boot_place_bios_boot(tables);

    if (volume)
        return use_bios_boot(image, volume, place);
    return fail(ERR_NOT_FOUND,
                "%s: its GPT has no BIOS boot partition for the second stage (type %s, %lu "
                "sectors): make one (sgdisk --set-alignment=1 --new=0:34:2047 --typecode=0:EF02 "
                "%s), or take --partition N with a FAT volume that has reserved sectors",
                image->path, TYPE_BIOS_BOOT, place->sectors, image->path);
}

enum err boot_place_find(const struct disk_image *image, const struct disk_tables *tables,
                         uint32_t partition, const struct content *stage, struct boot_place *place)
{
    *place = (struct boot_place){
        .content = *stage,
        .sectors = stage_sectors(stage, image->disk.sector_bytes),
    };
    if (partition)
        return use_partition(image, tables, partition, place);
    if (tables->partitioning == LINTEL_PARTITIONING_GPT)
        return use_gpt(image, tables, place);
    if (tables->partitioning == LINTEL_PARTITIONING_MBR)
        return use_gap(image, tables, place);
    return use_reserved(image, &tables->volumes[0], place);
}
