/* The area: sectors of a BIOS's disk that only Lintel writes to, behind its second stage. Each has
 * the disk's own size; its first 512 bytes are used, the rest is 0. */
#pragma once

#include <stdint.h>

enum area_sector {
    AREA_STATE,        /* and the next one: state.h */
    AREA_PREVIOUS = 2, /* the disk's first sector as it was before Lintel; zeros: there was none */
    AREA_TRIAL,        /* the first sector of an update on trial; zeros: there is none */
    AREA_UNDO,         /* the record of a live installation */
    AREA_SECTORS,
};

#define AREA_SECTOR_USED 512u
#define AREA_NONE        UINT64_MAX /* as an offset: this installation has none */
