/* What a boot sector learns of its partition (sector_table.c). */
#pragma once

#include "common/storage/disk/disk.h"

/* Where a Master Boot Record that has moved itself to 600h has its table. */
#define SECTOR_HANDOVER_AT    0x7be
#define SECTOR_HANDOVER_BYTES 148

struct sector_handover {
    uint8_t table[SECTOR_HANDOVER_BYTES];
    uint64_t bytes; /* used of it; 0: the volume is a whole disk, which the BIOS starts itself */
    uint64_t entry; /* offset in it of the volume's entry, which DS:SI names */
    uint32_t eax;   /* 54504721h "!GPT", or 0 */
};

/* On an MBR disk the table as it is there, the partition marked active; for a logical partition one
 * entry; on a GPT disk one entry with the GPT's behind it (T13 EDD-4, "hybrid MBR"). ERR_IO. */
enum err sector_handover(const struct volume *volume, struct sector_handover *handover);
