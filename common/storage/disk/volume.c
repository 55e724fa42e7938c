/* Which bytes lie at this offset of a volume? */
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/storage/disk/cache.h"
#include "common/storage/disk/disk.h"

/* Firmware reads whole sectors only: an incomplete first or last one goes through here. */
static uint8_t bounce[SECTOR_BYTES_MAX];

const char *volume_name(const struct volume *volume, char name[VOLUME_NAME_BYTES])
{
    if (volume->number)
        fmt(name, VOLUME_NAME_BYTES, "%s, partition %u", volume->disk->name, volume->number);
    else
        fmt(name, VOLUME_NAME_BYTES, "%s", volume->disk->name);
    return name;
}

static enum err check_range(const struct volume *volume, uint64_t offset, uint64_t bytes)
{
    char name[VOLUME_NAME_BYTES];
    uint64_t sector_bytes = volume->disk->sector_bytes;
    uint64_t end, end_sector, end_lba;

    if (!is_power_of_two(sector_bytes) || sector_bytes > SECTOR_BYTES_MAX)
        return fail(ERR_UNSUPPORTED, "%s: sectors of %lu bytes are not supported",
                    volume_name(volume, name), sector_bytes);
    if (!add_wraps(offset, bytes, &end)) {
        end_sector = end / sector_bytes + (end % sector_bytes != 0);
        bool inside = !volume->number || end_sector <= volume->sectors;
        if (inside && !add_wraps(volume->first_lba, end_sector, &end_lba))
            return OK;
    }
    return fail(ERR_FORMAT,
                "%s: %lu bytes at offset %lu lie behind its end at sector %lu: it is cut short or "
                "damaged",
                volume_name(volume, name), bytes, offset, volume->sectors);
}

static enum err read_part(const struct volume *volume, uint64_t lba, uint64_t skip, uint64_t bytes,
                          void *to)
{
    TRY(cache_read(volume->firmware, volume->disk, lba, 1, bounce));
    memcpy(to, bounce + skip, bytes);
    return OK;
}

enum err volume_read(const struct volume *volume, uint64_t offset, uint64_t bytes, void *to)
{
    uint64_t sector_bytes = volume->disk->sector_bytes;
    uint64_t lba, skip, head, whole, tail;
    uint8_t *next = to;

    TRY(check_range(volume, offset, bytes));
    lba = volume->first_lba + offset / sector_bytes;
    skip = offset % sector_bytes;
    head = skip ? MIN(sector_bytes - skip, bytes) : 0;
    if (head)
        TRY(read_part(volume, lba++, skip, head, next));
    next += head;
    whole = (bytes - head) / sector_bytes;
    if (whole)
        TRY(cache_read(volume->firmware, volume->disk, lba, whole, next));
    next += whole * sector_bytes;
    tail = (bytes - head) % sector_bytes;
    return tail ? read_part(volume, lba + whole, 0, tail, next) : OK;
}
