/* Which drive and volume Lintel was installed on: a BIOS tells at most a drive, and maybe a wrong
 * one. */
#pragma once

#include "common/firmware.h"

/* A part of the second stage's header, as entry.asm has it. */
struct installed {
    uint8_t identity[16];
    uint64_t stage_offset, volume_offset, area_offset; /* bytes from the disk's start */
};

extern const struct installed installed;

/* Sets what the second stage's header tells of where it was installed. `origin` has the drive that
 * the BIOS or another loader told, if any. Unless the first sector has proven it to be the one that
 * the second stage was read from, the drive is searched for whose second stage has our identity. */
void origin_find(const struct disk *disks, uint32_t count, struct boot_origin *origin);
