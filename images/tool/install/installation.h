/* Lintel on a disk: as it is there, as it would be without, as it will be.
 *
 * Three states of the disk matter: the disk itself; the base, which is the disk without Lintel; and
 * the target. An installation's target is its base with Lintel added, an uninstallation's target is
 * the base. So installing again is neither a special case nor a second layer, and the record always
 * holds what was there before the first time. */
#pragma once

#include "images/tool/install/boot_place.h"
#include "images/tool/install/overlay.h"
#include "images/tool/install/record.h"
#include "images/tool/install/transition.h"

/* From a volume's end: so far the record is looked for, and so far its clusters may lie. */
#define RECORD_SEARCHED_BYTES (64 * MIB)

/* What an installation makes in the FAT volume; bits of record.made, which never change. */
enum item {
    ITEM_EFI,
    ITEM_EFI_BOOT,
    ITEM_EFI_LINTEL,
    ITEM_LINTEL,
    ITEM_DIRECTORIES,
    ITEM_LOADER = ITEM_DIRECTORIES,
    ITEM_DEFAULT_LOADER,
    ITEM_RECORD,
    ITEM_PREVIOUS, /* the disk's first sector, where that had a loader: a menu entry */
    ITEMS
};

extern const char *const item_paths[ITEMS];

struct installation {
    struct disk_image disk;
    struct disk_tables tables;
    struct volume home; /* the FAT volume with the UEFI files and the record */
    struct fat_layout fat;
    bool has_record;
    struct record found; /* the record on the disk */
    bool exact;          /* the volume's sectors still are what the record says */
    bool unfinished;     /* something is not yet what it says, or not any more */
    uint32_t foreign;    /* boot sectors that someone else has changed since */
    struct overlay base, target;
    struct boot_place place;
    struct record record;    /* the new one */
    uint8_t **linked;        /* each copy of the table while old and new files are linked */
    uint64_t record_room;    /* bytes of its file */
    bool default_is_foreign; /* /EFI/BOOT/BOOTX64.EFI is another loader */
    struct writes writes;
};

/* Opens the disk, reads its tables and finds the record. Of the volumes without one, home is the
 * EFI system partition, else the partition with number `partition`, else the first that is FAT.
 * ERR_NOT_FOUND: there is no such volume. */
enum err installation_open(const char *path, bool writable, uint32_t partition,
                           struct installation *installation);

/* Makes a volume home. Errors as fat_layout_read(). */
enum err installation_use_home(const struct volume *volume, struct installation *installation);

/* "partition 2", for people; a disk without partitions is one volume. Good until the next call. */
const char *installation_home_name(const struct installation *installation);

/* Finds a place for the second stage, and makes the one that belongs there. Errors as
 * boot_place_find(). */
enum err installation_find_place(struct installation *installation, uint32_t partition);

/* Makes the base. ERR_FORMAT: the record does not fit the disk. */
enum err installation_make_base(struct installation *installation);

/* Makes the target from the base and the place, and the new record. ERR_NO_MEMORY: no room. */
enum err installation_make_target(struct installation *installation);

/* True when what would be installed is there already. */
bool installation_is_current(const struct installation *installation);

/* Lists the writes that lead from the disk to the target. `boot_first`: see transition.h. */
enum err installation_plan_writes(struct installation *installation, bool boot_first);

/* Carries them out. ERR_IO says what the disk boots now. */
enum err installation_write(struct installation *installation);

/* ---- the record on the disk (find_record.c) -------------------------------------------------- */

/* Finds the record, makes its volume home, and says whether it is exact. ERR_NOT_FOUND. */
enum err installation_find_record(struct installation *installation);

/* True when an extent holds what the installation wrote, or found, or what was there before, or has
 * in between; `finished`: what it wrote. The contents of the record itself and of files are not
 * looked at: where all tables and directories are ours they are nobody else's. */
enum err extent_is_ours(const struct installation *installation, const struct extent *extent,
                        bool *ours, bool *finished);

/* Of a boot sector or second stage. */
static inline bool extent_is_boot(const struct extent *extent)
{
    return extent->kind == EXTENT_CODE || extent->kind == EXTENT_STAGE;
}

/* ---- between base and target (volume_files.c, volume_record.c) ------------------------------- */

/* Removes from the overlay, through mtools, what the record says was made there. */
enum err files_remove(const struct installation *installation, struct overlay *overlay);

/* Puts the UEFI files and a file of `record_room` zeros for the record on the target. */
enum err files_add(struct installation *installation);

/* Appends to the record what differs in the volume between base and target. */
enum err record_volume(struct installation *installation);

/* Appends boot sectors and second stage, which it puts on the target. */
enum err record_boot(struct installation *installation);

/* Writes the record to its place in the target. */
enum err record_put(const struct installation *installation);

/* The CRC-32 of a range. */
enum err range_crc(const struct disk_image *image, uint64_t offset, uint64_t bytes, uint32_t *crc);
