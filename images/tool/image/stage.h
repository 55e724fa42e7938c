/* Lintel's second stage as a file, and its header (legacy/boot.asm and legacy/entry.asm tell the
 * layout). */
#pragma once

#include "common/storage/area.h"
#include "images/tool/host/file.h"
#include <stdbool.h>

#define STAGE_BYTES_MAX    (256u << 10) /* legacy/legacy.ld: each of two slots has so much room */
#define STAGE_HEADER_BYTES 0x40

/* Where the second stage lies: on the disk, in the disk's own sectors. */
struct stage_place {
    uint64_t lba;
    uint32_t sector_bytes; /* 512 to 4096 */
};

/* What a second stage knows of its own installation. */
struct installed {
    uint8_t identity[16];   /* which no other installation has */
    uint64_t stage_offset;  /* of itself, in bytes from the disk's start */
    uint64_t volume_offset; /* of the boot volume, the same */
    uint64_t area_offset;   /* of the area, the same, or AREA_NONE */
};

/* ERR_FORMAT when it is not the second stage that was built: boot sectors refuse any other. */
enum err stage_check(const struct content *stage);

/* A copy of a second stage that knows that, and has its checksum, for as long as the program runs.
 */
enum err stage_tell(const struct content *stage, const struct installed *installed,
                    struct content *told);

/* A sum of its first 512 bytes, identity and all, by which boot sectors know it. */
uint32_t stage_head_sum(const struct content *stage);

/* Sectors of that size which hold the second stage. */
uint64_t stage_sectors(const struct content *stage, uint32_t sector_bytes);

/* True when `found` holds the `bytes` bytes at offset `at` of a second stage, in whatever place the
 * one there was told to be. */
bool stage_is_like(const struct content *stage, const uint8_t *found, uint64_t at, uint64_t bytes);

/* How many bytes a second stage that begins in a sector has; 0: none begins there. */
uint64_t stage_bytes_at(const uint8_t *sector);

/* Has it all its bytes, and their checksum? */
bool stage_is_sound(const struct content *stage);

/* What a second stage that begins there was told. */
struct installed stage_installed(const uint8_t *head);

/* Where the area of an installation lies that may take `room` sectors from its second stage on:
 * behind two of the largest, so that an update finds room beside the one that runs. AREA_NONE:
 * there is too little. */
uint64_t stage_area_offset(const struct stage_place *place, uint64_t room);

/* Writes the second stage to its place, zeros behind it to the end of its last sector. `room`:
 * sectors that it may take. ERR_NO_MEMORY: it does not fit; says how large it is. */
enum err stage_install(const char *path, const struct content *stage,
                       const struct stage_place *place, uint64_t room);
