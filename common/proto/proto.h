/* Boot protocols. A new one is one file and one row in proto.c's table. */
#ifndef LINTEL_PROTO_PROTO_H
#define LINTEL_PROTO_PROTO_H

#include "../boot.h"

#define PROTOCOL_HEAD_BYTES 4096 /* what a protocol may look at to recognise a file */

struct protocol {
    const char *name; /* for messages: what the file is */
    bool (*recognise)(const uint8_t *head, uint64_t bytes);
    /* Boots the kernel. Returns only when that failed, with everything that it took given back.
     * NULL: the kind of file is known, but Lintel cannot boot it. */
    enum err (*boot)(struct boot *boot, const struct entry *entry, const struct file *kernel);
};

extern const struct protocol protocol_lintel;

/* Recognises an entry's kernel by its contents. ERR_FORMAT, ERR_UNSUPPORTED: none that Lintel
 * boots. */
enum err protocol_find(const struct entry *entry, const struct source *kernel, struct arena *arena,
                       const struct protocol **protocol);

/* Recognises the entry's kernel by its contents and boots it. Returns only on failure. */
enum err protocol_boot(struct boot *boot, const struct entry *entry);

#endif
