/* Boot protocols. A new one is one file and one row in protocol.c's table. */
#ifndef LINTEL_PROTOCOL_PROTOCOL_H
#define LINTEL_PROTOCOL_PROTOCOL_H

#include "common/boot.h"

#define PROTOCOL_HEAD_BYTES (32 * KIB) /* a Multiboot2 header lies within these */

/* A file to recognise. */
struct candidate {
    const struct source *source;
    const uint8_t *head; /* its beginning */
    uint64_t head_bytes; /* at most PROTOCOL_HEAD_BYTES */
    struct arena *arena;
};

/* Who checks a kernel's signature. Under Secure Boot no kernel gets the machine unverified. */
enum verifier {
    VERIFIED_BY_NOBODY,
    VERIFIED_BY_FIRMWARE, /* which starts it; else boot() asks protocol_check_secure() */
};

#define PROTOCOL_NO_MODULES 1u
#define PROTOCOL_NO_INITRDS 2u
#define PROTOCOL_NO_OPTIONS 4u

struct protocol {
    const char *key;    /* what an entry's `protocol` line says to ask for it */
    const char *name;   /* for messages: what the file is */
    uint32_t refuses;   /* PROTOCOL_NO_...: lines that an entry must not have */
    const char *advice; /* what to write instead; NULL: nothing */
    bool (*recognise)(const struct candidate *file);
    /* Boots the kernel. Returns only when that failed, with everything that it took given back. */
    enum err (*boot)(struct boot *boot, const struct entry *entry, const struct file *kernel);
    enum verifier verifier;
};

/* In the order of recognition (protocol.c). */
extern const struct protocol protocol_lintel, protocol_limine, protocol_multiboot2,
    protocol_multiboot1, protocol_linux, protocol_uki, protocol_efi, protocol_sector;

/* Recognises an entry's kernel by its contents, which `kernel` becomes where it is compressed by
 * gzip. ERR_FORMAT, ERR_UNSUPPORTED: none that Lintel boots, or one that has no use for a line of
 * the entry. */
enum err protocol_find(const struct entry *entry, struct source *kernel, struct arena *arena,
                       const struct protocol **protocol);

/* ERR_UNSUPPORTED: Secure Boot is on, and this file would be entered without the firmware. */
enum err protocol_check_secure(const struct boot *boot, const struct source *kernel);

/* Recognises the entry's kernel by its contents and boots it. Returns only on failure. */
enum err protocol_boot(struct boot *boot, const struct entry *entry);

#endif
