/* From the disk as it is to the disk as an overlay has it: which sectors to write, and when. */
#ifndef LINTEL_TOOL_INSTALL_TRANSITION_H
#define LINTEL_TOOL_INSTALL_TRANSITION_H

#include "images/tool/install/overlay.h"
#include "images/tool/install/writes.h"

struct transition {
    const struct disk_image *disk;
    const struct overlay *target;
    const struct fat_layout *fat;
    struct range stage; /* of the new second stage: nothing uses it yet; empty when there is none */
    uint64_t codes[8];  /* boot sectors, in bytes from the disk's start */
    uint32_t code_count;
    bool boot_first; /* the boot sectors change before the directories */
};

/* Compares every sector that the overlay holds. ERR_IO, ERR_NO_MEMORY. */
enum err transition_plan(const struct transition *transition, struct writes *writes);

#endif
