/* What the readers of partition tables share. */
#ifndef LINTEL_DISK_PARTITION_H
#define LINTEL_DISK_PARTITION_H

#include "common/storage/disk/disk.h"

/* The partitions of one disk while they are being listed. */
struct partitions {
    struct volume whole; /* the disk: tables are read through it, and each partition copies it */
    struct arena *arena;
    struct volume *volumes;
    uint32_t count;
};

/* Makes room for that many partitions and, behind them, for the whole disk. ERR_NO_MEMORY. */
enum err partitions_reserve(struct partitions *list, uint64_t capacity);

/* Appends a partition, or drops it with a note when it is empty, begins at sector 0 or leaves the
 * disk. There must be room. */
void partitions_add(struct partitions *list, const struct volume *partition);

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

#endif
