/* Partition tables, written by fdisk: GPT and MBR, for sectors of any size. */
#pragma once

#include "images/tool/image/identity.h"
#include <stdbool.h>

#define GPT_ENTRIES_BYTES (128 * 128) /* what the partition array takes, and again at the end */

#define TYPE_BIOS_BOOT "21686148-6449-6E6F-744E-656564454649"
#define TYPE_ESP       "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
#define TYPE_EXTENDED  "05" /* MBR */

struct table_partition {
    const char *name; /* GPT; also tells its GUID from the others' */
    const char *type; /* a GUID, or two digits for MBR */
    uint64_t first, sectors;
    bool active; /* MBR */
};

struct table {
    const char *path;
    uint32_t sector_bytes;
    bool gpt; /* else MBR */
    struct table_partition partitions[4];
    unsigned count; /* in an MBR, what follows an extended partition lies in it */
};

enum err table_write(const struct table *table, const struct draft *draft,
                     const struct identity *identity);
