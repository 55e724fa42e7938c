/* What does the header of the second stage say, and where is the stage written? */
#include "images/tool/image/stage.h"
#include "common/lib/mem.h"
#include "images/tool/host/firmware.h"

#define MAGIC        0x32544e4c /* "LNT2" */
#define MAGIC_AT     4
#define BYTES_AT     8
#define CHECKSUM_AT  0x0c
#define CHECKSUM_END 0x10
#define IDENTITY_AT  0x18
#define INSTALLED_AT IDENTITY_AT
#define OFFSETS_AT   0x28
#define OFFSETS_END  STAGE_HEADER_BYTES
#define HEAD_BYTES   512u /* legacy/load.asm */

_Static_assert(INSTALLED_AT + sizeof(struct installed) == STAGE_HEADER_BYTES, "the header's end");

static uint32_t sum_of(const struct content *stage)
{
    uint32_t sum = 0;

    for (uint64_t i = 0; i + 4 <= stage->size; i += 4)
        sum += load32(stage->bytes + i);
    return sum;
}

bool stage_is_sound(const struct content *stage)
{
    return stage->size >= STAGE_HEADER_BYTES && stage_bytes_at(stage->bytes) == stage->size &&
           sum_of(stage) == 0;
}

enum err stage_check(const struct content *stage)
{
    if (stage_is_sound(stage))
        return OK;
    return fail(ERR_FORMAT,
                "the second stage in this program is damaged (sum %08Xh): build or install "
                "lintel anew",
                sum_of(stage));
}

struct installed stage_installed(const uint8_t *head)
{
    struct installed installed;

    memcpy(&installed, head + INSTALLED_AT, sizeof installed);
    return installed;
}

enum err stage_tell(const struct content *stage, const struct installed *installed,
                    struct content *told)
{
    struct content copy = {.size = stage->size};
    uint32_t checksum;
    uint8_t *bytes;

    if (stage->size < STAGE_HEADER_BYTES)
        return fail(ERR_FORMAT, "a second stage of %lu bytes has no header", stage->size);
    TRY(arena_take(&host_arena, stage->size, (void **)&bytes));
    memcpy(bytes, stage->bytes, stage->size);
    memcpy(bytes + INSTALLED_AT, installed, sizeof *installed);
    copy.bytes = bytes;
    checksum = load32(bytes + CHECKSUM_AT) - sum_of(&copy);
    memcpy(bytes + CHECKSUM_AT, &checksum, sizeof checksum);
    *told = copy;
    return OK;
}

uint32_t stage_head_sum(const struct content *stage)
{
    uint32_t sum = 0;

    for (uint64_t i = 0; i < HEAD_BYTES; i += 4) {
        sum += load32(stage->bytes + i);
        sum = sum << 1 | sum >> 31;
    }
    return sum;
}

uint64_t stage_sectors(const struct content *stage, uint32_t sector_bytes)
{
    return align_up(stage->size, sector_bytes) / sector_bytes;
}

bool stage_is_like(const struct content *stage, const uint8_t *found, uint64_t at, uint64_t bytes)
{
    const uint8_t *own = stage->bytes + at;

    if (at)
        return memcmp(found, own, bytes) == 0;
    return memcmp(found, own, CHECKSUM_AT) == 0 &&
           memcmp(found + CHECKSUM_END, own + CHECKSUM_END, OFFSETS_AT - CHECKSUM_END) == 0 &&
           memcmp(found + OFFSETS_END, own + OFFSETS_END, bytes - OFFSETS_END) == 0;
}

uint64_t stage_bytes_at(const uint8_t *sector)
{
    return load32(sector + MAGIC_AT) == MAGIC ? load32(sector + BYTES_AT) : 0;
}

uint64_t stage_area_offset(const struct stage_place *place, uint64_t room)
{
    uint64_t stages = 2 * STAGE_BYTES_MAX / place->sector_bytes;

    return room < stages + AREA_SECTORS ? AREA_NONE : (place->lba + stages) * place->sector_bytes;
}

enum err stage_install(const char *path, const struct content *stage,
                       const struct stage_place *place, uint64_t room)
{
    static const uint8_t zeros[4096];
    uint64_t sectors = stage_sectors(stage, place->sector_bytes),
             offset = place->lba * place->sector_bytes;

    if (sectors > room)
        return fail(ERR_NO_MEMORY,
                    "%s: the second stage takes %lu sectors, but at sector %lu there is room for "
                    "%lu only",
                    path, sectors, place->lba, room);
    TRY(file_write_at(path, offset, stage->bytes, stage->size));
    return file_write_at(path, offset + stage->size, zeros,
                         sectors * place->sector_bytes - stage->size);
}
