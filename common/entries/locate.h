#ifndef LINTEL_ENTRIES_LOCATE_H
#define LINTEL_ENTRIES_LOCATE_H

#include "common/boot.h"

/* Finds and mounts the volume that Lintel came from, into boot->volume and boot->fs: over the
 * network that is its server. On a disk it is the volume that the firmware names, or that Lintel's
 * installer named; else, on the disk that Lintel came from, its EFI system partition; else its
 * first volume with a /loader directory. When not even the disk is known, all disks are searched in
 * this way. ERR_NOT_FOUND says where it looked and what was wrong there. */
enum err locate_boot_volume(struct boot *boot);

/* Where entries lie (UAPI.1): on the boot volume, and on the same disk's extended boot loader
 * partition; where that is the boot volume, on the EFI system partition. One that can't be mounted
 * is said. */
void locate_entry_volumes(struct boot *boot);

#endif
