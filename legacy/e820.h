/* What memory there is, as the BIOS tells. */
#pragma once

#include "common/firmware.h"

/* Fills map->ranges, in the bounce buffer: move it before the next BIOS call. By INT 15h AX=E820h
 * (ACPI 6.5, 15.1), else AX=E801h, else AH=88h. ERR_FORMAT when none of them gives a map. */
enum err e820_read(struct raw_map *map);
