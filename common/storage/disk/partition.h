/* Partitions while they are being listed: for the readers of tables, and for who must know what the
 * list leaves out. */
#pragma once

#include "common/storage/disk/disk.h"

#define PARTITION_TEXT_BYTES 160

struct partitions {
    struct volume whole; /* the disk: tables are read through it, and each partition copies it */
    struct arena *arena;
    struct volume *volumes;
    uint32_t count;
    uint64_t first_usable, last_usable; /* where partitions may lie */
    struct volume left_out;             /* the last that does not lie there; number 0: all do */
};

/* As partition_list(). */
enum err partitions_read(struct partitions *list, const struct firmware *firmware,
                         const struct disk *disk, struct arena *arena);

/* Makes room for that many partitions and, behind them, for the whole disk. ERR_NO_MEMORY. */
enum err partitions_reserve(struct partitions *list, uint64_t capacity);

/* Appends a partition, or leaves it out with a note when it is empty or not in usable sectors.
 * There must be room. */
void partitions_add(struct partitions *list, const struct volume *partition);

/* "partition 3 (LBA 5, 7 sectors) is not within LBA 34 to 99": of one that is left out. */
const char *partitions_left_out(const struct partitions *list, const struct volume *partition,
                                char text[PARTITION_TEXT_BYTES]);

/* UEFI 2.10, 5.3. Errors as partition_list(). gpt_is_there() looks for the signature at LBA 1
 * only. */
enum err gpt_list(struct partitions *list);
bool gpt_is_there(const struct partitions *list);

/* UEFI 2.10, 5.2. `sector` is the disk's first 512 bytes; errors as partition_list(). */
#define MBR_BYTES 512
bool mbr_is_table(const struct partitions *list, const uint8_t sector[MBR_BYTES]);
bool mbr_is_protective(const uint8_t sector[MBR_BYTES]);
bool mbr_is_fat(const uint8_t sector[MBR_BYTES]); /* holds a BIOS Parameter Block of FAT */
enum err mbr_list(struct partitions *list, const uint8_t sector[MBR_BYTES]);
