/* Linux by its x86 boot protocol, from anywhere: a file of its own, or the sections of a unified
 * kernel image (uki.c). */
#ifndef LINTEL_PROTOCOL_LINUX_LINUX_H
#define LINTEL_PROTOCOL_LINUX_LINUX_H

#include "common/protocol/protocol.h"

struct linux_files {
    const struct source *kernel; /* a bzImage */
    const struct source *const *initrds;
    uint64_t initrd_count; /* in order; the kernel gets them as one, each padded to 4 bytes */
    const char *options;   /* the command line, UTF-8 */
};

/* Opens a file that an entry names by `initrd`. ERR_NOT_FOUND, ERR_FORMAT: names the entry. */
enum err linux_open_initrd(struct boot *boot, const struct entry *entry,
                           const struct entry_file *initrd, const struct source **source);

/* Boots by the boot protocol's own entry, not by EFI's. Returns only when that failed, with
 * everything given back; messages name the files by source->name. */
enum err linux_boot(struct boot *boot, const struct linux_files *files);

#endif
