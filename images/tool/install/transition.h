/* From the disk as it is to the disk as an overlay has it: which sectors to write, and when. */
#pragma once

#include "images/tool/install/overlay.h"
#include "images/tool/install/record.h"
#include "images/tool/install/writes.h"

struct transition {
    const struct disk_image *disk;
    const struct overlay *target;
    const struct fat_layout *fat;
    const struct record *found, *record; /* what the disk has of it, and is to have */
    struct range stage; /* of the new second stage: nothing uses it yet; empty when there is none */
    bool boot_first;    /* the boot sectors change before the directories */
};

/* One copy of the table as it is while the directories change, one sector after the other: then
 * both the old and the new files' chains must be there. */
enum err transition_linked_table(const struct fat_layout *fat, const struct disk_image *disk,
                                 const struct disk_image *target, uint32_t copy, uint8_t **table);

/* Compares every sector that the overlay holds. ERR_IO, ERR_NO_MEMORY. */
enum err transition_plan(const struct transition *transition, struct writes *writes);
