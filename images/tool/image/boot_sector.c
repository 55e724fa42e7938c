/* What is in Lintel's first sector, and what of it is the disk's own? */
#include "images/tool/image/boot_sector.h"
#include "common/lib/mem.h"
#include "images/tool/image/embedded.h"

/* legacy/boot.inc */
#define PLACE_LBA        0x1a8
#define PLACE_SECTORS    0x1b0
#define PLACE_HEAD_SUM   0x1b2
#define PLACE_PARAGRAPHS 0x1b6

static const struct {
    uint32_t kept, kept_end; /* bytes of the sector that it finds there */
} kinds[] = {
    [BOOT_SECTOR_MBR] = {0x1b8, 0x1fe},
    [BOOT_SECTOR_FAT16] = {3, 0x3e},
    [BOOT_SECTOR_FAT32] = {3, 0x5a},
};

void boot_sector_kept(enum boot_sector_kind kind, uint32_t *kept, uint32_t *kept_end)
{
    *kept = kinds[kind].kept;
    *kept_end = kinds[kind].kept_end;
}

void boot_sector_fill(uint8_t sector[BOOT_SECTOR_BYTES], enum boot_sector_kind kind,
                      const struct content *stage, const struct stage_place *place)
{
    uint16_t sectors = (uint16_t)stage_sectors(stage, place->sector_bytes);
    uint16_t paragraphs = (uint16_t)(place->sector_bytes / 16);
    uint32_t kept = kinds[kind].kept, kept_end = kinds[kind].kept_end, sum = stage_head_sum(stage);
    const uint8_t *code = embedded_boot.bytes;

    memcpy(sector, code, kept);
    memcpy(sector + kept_end, code + kept_end, BOOT_SECTOR_BYTES - kept_end);
    memcpy(sector + PLACE_LBA, &place->lba, sizeof place->lba);
    memcpy(sector + PLACE_SECTORS, &sectors, sizeof sectors);
    memcpy(sector + PLACE_HEAD_SUM, &sum, sizeof sum);
    memcpy(sector + PLACE_PARAGRAPHS, &paragraphs, sizeof paragraphs);
}

bool boot_sector_place(const uint8_t sector[BOOT_SECTOR_BYTES], struct stage_place *place,
                       uint32_t *head_sum)
{
    *place = (struct stage_place){load64(sector + PLACE_LBA),
                                  load16(sector + PLACE_PARAGRAPHS) * UINT32_C(16)};
    *head_sum = load32(sector + PLACE_HEAD_SUM);
    return place->lba && place->sector_bytes >= 512 && is_power_of_two(place->sector_bytes);
}

enum err boot_sector_install(const char *path, uint64_t offset, enum boot_sector_kind kind,
                             const struct content *stage, const struct stage_place *place)
{
    uint8_t sector[BOOT_SECTOR_BYTES];
    TRY(file_read_at(path, offset, sector, sizeof sector));
    boot_sector_fill(sector, kind, stage, place);
    return file_write_at(path, offset, sector, sizeof sector);
}
