/* How an entry names a file or volume. */
#pragma once

#include "common/storage/volumes.h"

/* Opens a file by a reference to it: "/path" on the volume `own` (NULL: the boot volume), or on any
 * volume of any disk
 *
 *     PARTUUID=GUID:/path             the unique GUID of a GPT partition
 *     PARTUUID=SSSSSSSS-NN:/path      an MBR's signature and a partition number (hexadecimal)
 *     UUID=NAME:/path                 the file system's: FAT's serial number as XXXX-XXXX, the date
 *                                     of an ISO 9660 volume as YYYY-MM-DD-hh-mm-ss-cc
 *     LABEL=NAME:/path                the file system's label; on FAT the one in the root directory
 *
 * Where several volumes are called so, the one on the disk that `own` lies on is meant.
 *
 * Without a path behind the colon it is the volume's first sector. So is "disk:80h" of a whole
 * BIOS drive, "disk:" of the disk that `own` lies on, and "volume:" of `own` itself. "previous:" is
 * the first sector of Lintel's disk as it was before Lintel was installed, and "trial:" as it shall
 * be once an update is good, both with the partitions of today.
 *
 * ERR_NOT_FOUND: no such volume or file. ERR_UNSUPPORTED: more than one volume fits, on that disk
 * or, where none does there, on the others. ERR_IO, ERR_FORMAT: one of that disk, or,
 * where none of it fits, of any whose partitions are known, may fit, and can't be read or is
 * damaged.
 * `reference` and the machine's arena must outlive the file. */
enum err reference_open(struct volumes *volumes, const struct fs *own, const char *reference,
                        struct file *file);

/* The path in it: what stands behind a volume's name. */
const char *reference_path(const char *reference);
