/* The volume that Lintel came from, and the others of its disk. */
#pragma once

#include "common/machine.h"
#include "common/storage/fs/fs.h"

struct volumes {
    struct machine *machine;
    struct volume boot;          /* configuration, kernel and modules lie here */
    struct fs fs;                /* of the boot volume */
    struct volume *disk_volumes; /* all of its disk; none on a server */
    uint32_t disk_volume_count;
    const char *doubt;          /* why the boot volume may not be what was meant; NULL: it is */
    struct named_volume *named; /* that references have led to (reference.c) since the arena was */
    uint64_t named_resets;      /* last reset */
};

/* Finds and mounts the volume that Lintel came from: over the network that is its server. On a disk
 * it is the volume that the firmware names, or that Lintel's installer named; else, on the disk
 * that Lintel came from, its EFI system partition; else its first volume with a /loader directory.
 * When not even the disk is known, all disks are searched in this way. Where a likelier volume
 * can't be read or is damaged, or the one that was named is not there, the next is taken, and that
 * is a doubt; only a sound one without configuration leads on to the next. ERR_NOT_FOUND says where
 * it looked and what was wrong there. */
enum err volumes_find(struct machine *machine, struct volumes *volumes);

/* ERR_NOT_FOUND: neither /loader nor /boot/loader nor /EFI/Linux is there. */
enum err volumes_find_configuration(const struct fs *fs);
