/* The partition tables of a disk, read more strictly than at boot: what is not understood in full
 * is not written to. */
#pragma once

#include "images/tool/host/disk_image.h"

struct disk_tables {
    struct volume *volumes; /* as partition_list() gives them */
    uint32_t count;
    enum lintel_partitioning partitioning;
    uint64_t
        gap_end; /* MBR: the first LBA that a partition or the logical partitions' chain uses */
};

/* ERR_FORMAT: a damaged table, partitions that overlap or leave the disk. ERR_UNSUPPORTED: a CD
 * image, a GPT without a protective MBR. */
enum err disk_tables_read(const struct disk_image *image, struct disk_tables *tables);

/* The volume with that partition number; NULL: there is none. */
const struct volume *disk_tables_find(const struct disk_tables *tables, uint32_t number);
