#ifndef LINTEL_ENTRIES_REFERENCE_H
#define LINTEL_ENTRIES_REFERENCE_H

#include "common/boot.h"

/* Opens what an entry names: "/path" on the volume that the entry lies on, or on any volume of any
 * disk
 *
 *     PARTUUID=GUID:/path             the unique GUID of a GPT partition
 *     PARTUUID=SSSSSSSS-NN:/path      an MBR's signature and a partition number (hexadecimal)
 *     LABEL=NAME:/path                the label in the file system
 *
 * Without a path behind the colon it is the volume's first sector. So is "disk:80h" of a whole
 * BIOS drive, and "disk:" of the disk that the entry lies on.
 *
 * ERR_NOT_FOUND: no such volume or file. ERR_UNSUPPORTED: more than one volume fits. `reference`
 * and the boot's arena must outlive the file. */
enum err reference_open(struct boot *boot, const struct entry *entry, const char *reference,
                        struct file *file);

#endif
