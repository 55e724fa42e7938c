/* Which second stage of Lintel's does a first sector start? */
#define _GNU_SOURCE /* memmem() */
#include "images/tool/steer/first_sector.h"
#include "images/tool/host/firmware.h"
#include "images/tool/image/embedded.h"
#include <string.h>

static bool is_of_version(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c && strchr(".+~-", c));
}

/* Each has its LoaderInfo in it (loader_interface.c). */
bool loader_version(const struct content *loader, char version[VERSION_BYTES])
{
    static const char words[] = "Lintel ";
    const uint8_t *end = loader->bytes + loader->size, *at = loader->bytes;
    size_t length = 0;

    do {
        at = memmem(at, (size_t)(end - at), words, sizeof words - 1);
        at = at ? at + sizeof words - 1 : end;
    } while (at < end && (*at < '0' || *at > '9'));
    while (at + length < end && length < VERSION_BYTES - 1 && is_of_version((char)at[length]))
        length++;
    memcpy(version, at, length);
    version[length] = 0;
    return length;
}

bool stage_look(const struct disk_image *disk, uint64_t offset, struct stage_found *found)
{
    uint8_t head[BOOT_SECTOR_BYTES], *bytes;
    struct content stage, own;

    *found = (struct stage_found){.offset = offset};
    if (offset >= disk->bytes || disk_image_read(disk, offset, sizeof head, head) != OK)
        return false;
    stage.size = stage_bytes_at(head);
    if (stage.size < sizeof head || stage.size > STAGE_BYTES_MAX ||
        arena_take(&host_arena, stage.size, (void **)&bytes) != OK ||
        disk_image_read(disk, offset, stage.size, bytes) != OK)
        return false;
    stage.bytes = bytes;
    found->bytes = stage.size;
    found->sound = stage_is_sound(&stage);
    found->installed = stage_installed(bytes);
    found->own = stage_tell(&embedded_stage2, &found->installed, &own) == OK &&
                 own.size == stage.size && memcmp(own.bytes, bytes, own.size) == 0;
    loader_version(&stage, found->version);
    return true;
}

bool first_sector_follow(const struct disk_image *disk, const uint8_t sector[BOOT_SECTOR_BYTES],
                         struct stage_found *found)
{
    struct stage_place place;
    uint8_t head[BOOT_SECTOR_BYTES];
    uint32_t sum;
    const struct content content = {head, sizeof head};

    return boot_sector_place(sector, &place, &sum) &&
           place.lba < disk->bytes / place.sector_bytes &&
           disk_image_read(disk, place.lba * place.sector_bytes, sizeof head, head) == OK &&
           stage_head_sum(&content) == sum &&
           stage_look(disk, place.lba * place.sector_bytes, found);
}
