/* The record of an installation in the gap or BIOS boot partition, which says where its parts lie
 * and what they took the place of. It is the last sector of the area, and of an installation in the
 * running system there is a copy in /var/lib/lintel/undo, with the first sector as it was behind
 * it.
 *
 *     00h  8 bytes   "LNTAREA1"
 *     08h  u32       CRC-32 of the 512 bytes, with 0 in this place
 *     0Ch  u32       bytes of a sector
 *     10h  u64       LBA of the first slot; the second one follows, then the area
 *     18h  u32       sectors of a slot
 *     1Ch  u32       CRC-32 of the first sector as it was (AREA_PREVIOUS)
 *     20h            zeros
 */
#pragma once

#include "common/storage/area.h"
#include "images/tool/host/disk_image.h"

#define UNDO_SLOTS 2

struct undo {
    uint32_t sector_bytes, slot_sectors, previous_crc;
    uint64_t first; /* LBA of the first slot */
};

static inline uint64_t undo_slot(const struct undo *undo, int slot)
{
    return undo->first + (uint64_t)slot * undo->slot_sectors;
}

static inline uint64_t undo_area(const struct undo *undo, enum area_sector sector)
{
    return undo_slot(undo, UNDO_SLOTS) + sector;
}

/* Behind the last of its sectors. */
static inline uint64_t undo_end(const struct undo *undo)
{
    return undo_area(undo, AREA_SECTORS);
}

void undo_write(const struct undo *undo, uint8_t sector[AREA_SECTOR_USED]);

/* False: it is none, or damaged. */
bool undo_parse(const uint8_t sector[AREA_SECTOR_USED], struct undo *undo);

/* ---- the copy in the running system ---------------------------------------------------------- */

#define UNDO_FOLDER "/var/lib/lintel"
#define UNDO_FILE   UNDO_FOLDER "/undo"

/* Whole and on the medium, or not at all. ERR_IO. */
enum err undo_keep(const struct undo *undo, const uint8_t previous[AREA_SECTOR_USED]);

/* ERR_NOT_FOUND; ERR_FORMAT: it is damaged. */
enum err undo_find_kept(struct undo *undo, uint8_t previous[AREA_SECTOR_USED]);

/* Also where there is none. */
enum err undo_forget(void);
