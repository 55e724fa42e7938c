/* What does a BIOS's disk keep from boot to boot, and how is that changed from outside? */
#include "images/tool/live/pair.h"
#include "common/lib/mem.h"
#include "common/storage/area.h"
#include "common/storage/disk/disk.h"
#include "common/storage/state_variable.h"
#include "images/tool/image/boot_sector.h"

static struct {
    const struct disk_image *disk;
    uint64_t area;
    uint8_t sectors[2][STATE_BYTES];
    struct state state;
} opened;

bool pair_find(const struct disk_image *disk, uint64_t *area)
{
    uint64_t bytes = (uint64_t)AREA_SECTORS * disk->disk.sector_bytes;
    uint8_t sector[BOOT_SECTOR_BYTES], head[BOOT_SECTOR_BYTES];
    const struct content content = {head, sizeof head};
    struct stage_place place;
    uint32_t sum;

    if (disk_image_read(disk, 0, sizeof sector, sector) != OK ||
        !boot_sector_place(sector, &place, &sum) || place.lba >= disk->bytes / place.sector_bytes ||
        disk_image_read(disk, place.lba * place.sector_bytes, sizeof head, head) != OK ||
        stage_head_sum(&content) != sum)
        return false;
    *area = stage_installed(head).area_offset;
    return *area && *area < disk->bytes && disk->bytes - *area >= bytes;
}

static uint64_t offset_of(uint32_t sector)
{
    return opened.area + (uint64_t)(AREA_STATE + sector) * opened.disk->disk.sector_bytes;
}

static enum err read_pair(void)
{
    for (uint32_t i = 0; i < 2; i++)
        TRY(disk_image_read(opened.disk, offset_of(i), STATE_BYTES, opened.sectors[i]));
    enum err err = state_read(opened.sectors, &opened.state);
    return err == OK ? OK : fail(err, "%s: %s", opened.disk->path, err_message());
}

enum err pair_open(const struct disk_image *disk, uint64_t area, struct state *state)
{
    opened.disk = disk;
    opened.area = area;
    TRY(read_pair());
    *state = opened.state;
    return OK;
}

enum err pair_get(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes)
{
    TRY(read_pair());
    return state_get_variable(&opened.state, vendor, name, to, bytes);
}

enum err pair_set(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                  uint64_t bytes)
{
    uint8_t sector[SECTOR_BYTES_MAX] = {0}, back[STATE_BYTES];

    TRY(read_pair());
    uint64_t offset = offset_of(opened.state.next);
    TRY(state_set_variable(&opened.state, vendor, name, kept, value, bytes));
    TRY(state_write(&opened.state, opened.sectors, sector));
    TRY(disk_image_write(opened.disk, offset, opened.disk->disk.sector_bytes, sector));
    TRY(disk_image_flush(opened.disk));
    TRY(disk_image_read(opened.disk, offset, sizeof back, back));
    if (memcmp(back, sector, sizeof back) != 0)
        return fail(ERR_IO, "%s: byte %lu: what was written is not what is read", opened.disk->path,
                    offset);
    return OK;
}
