/* Whose is the first sector of a disk? */
#include "images/tool/live/owner.h"
#include "common/lib/mem.h"
#include <string.h>

#define CODE_BYTES 440

/* GRUB's source, include/grub/i386/pc/boot.h: where its first sector has the place of its core, and
 * where the core's first sector has the list of all others, which grows downwards. */
#define GRUB_CORE_AT  0x5c
#define GRUB_LIST_AT  0x1f4
#define GRUB_LIST_END 0x100
#define GRUB_ROW      12

static bool holds(const uint8_t *sector, const char *text, size_t bytes)
{
    for (size_t at = 0; at + bytes <= CODE_BYTES; at++)
        if (memcmp(sector + at, text, bytes) == 0)
            return true;
    return false;
}

/* Texts and pieces of code that only one of them has. */
static const struct {
    const char *bytes;
    size_t count;
    const char *name;
} marks[] = {
    {"GRUB ", 5, "GRUB"},
    {"LILO", 4, "LILO"},
    {"isolinux.bin missing", 20, "isolinux"},
    {"Operating system load error", 27, "syslinux"},
    {"Missing OS", 10, "syslinux"},
    {"Limine", 6, "Limine"},
    {"\x66\x81\xfb"
     "TCPA",
     7, "Windows"},
    {"Invalid partition table", 23, "Windows"},
};

const char *owner_name(const uint8_t sector[BOOT_SECTOR_BYTES])
{
    struct stage_place place;
    uint32_t sum;

    if (is_zero(sector, CODE_BYTES))
        return "no loader";
    for (size_t i = 0; i < ARRAY_LENGTH(marks); i++)
        if (holds(sector, marks[i].bytes, marks[i].count))
            return marks[i].name;
    return boot_sector_place(sector, &place, &sum) ? "Lintel" : "another loader";
}

enum err owner_runs(const struct disk_image *disk, struct owned_run runs[OWNED_RUNS], int *count)
{
    uint8_t sector[BOOT_SECTOR_BYTES];
    uint32_t sector_bytes = disk->disk.sector_bytes;
    uint64_t core;

    *count = 0;
    TRY(disk_image_read(disk, 0, sizeof sector, sector));
    core = load64(sector + GRUB_CORE_AT);
    if (strcmp(owner_name(sector), "GRUB") != 0 || core >= disk->disk.sectors)
        return OK;
    runs[(*count)++] = (struct owned_run){core, 1};
    TRY(disk_image_read(disk, core * sector_bytes, sizeof sector, sector));
    for (int at = GRUB_LIST_AT; at > GRUB_LIST_END && *count < OWNED_RUNS; at -= GRUB_ROW) {
        uint16_t sectors = load16(sector + at + 8);
        if (!sectors)
            break;
        runs[(*count)++] = (struct owned_run){load64(sector + at), sectors};
    }
    return OK;
}
