/* Boot protocols. A new one is one file and one row in protocol.c's table. */
#pragma once

#include "common/attempt/attempt.h"

#define PROTOCOL_HEAD_BYTES (32 * KIB) /* a Multiboot2 header lies within these */

/* A file to recognise. */
struct candidate {
    const struct reader *reader;
    const uint8_t *head; /* its beginning */
    uint64_t head_bytes; /* at most PROTOCOL_HEAD_BYTES */
    struct arena *arena;
};

#define PROTOCOL_NO_MODULES 1u
#define PROTOCOL_NO_INITRDS 2u
#define PROTOCOL_NO_OPTIONS 4u

/* Prints a line. */
typedef void protocol_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct protocol {
    const char *key;               /* what an entry's `protocol` line says to ask for it */
    const char *name;              /* for messages: what the file is */
    uint32_t refuses;              /* PROTOCOL_NO_...: lines that an entry must not have */
    bool takes_extras;             /* `extra` lines, which others must not have */
    const char *advice;            /* what to write instead; NULL: nothing */
    enum lintel_firmware firmware; /* that starts such; 0: every one */
    bool silent; /* the kernel is told by the loader itself what UEFI's variables tell others */
    bool (*recognise)(const struct candidate *file);
    /* Of a file that is not recognised: what keeps one that was meant for this. ERR_FORMAT; OK:
     * there is nothing to say. May be NULL. */
    enum err (*explain)(const struct candidate *file);
    struct hooks hooks;
    /* Prints what the file says of itself, for `lintel check`; errors as of open(). NULL: nothing
     * but its wishes. */
    enum err (*describe)(const struct attempt *attempt, protocol_print *print);
};

/* In the order of recognition (protocol.c). */
extern const struct protocol protocol_lintel, protocol_limine, protocol_multiboot2,
    protocol_multiboot1, protocol_linux, protocol_uki, protocol_efi, protocol_sector;

/* Recognises attempt->kernel by its contents, which it becomes where it is compressed by gzip, and
 * sets the hooks. ERR_FORMAT: none that Lintel boots, or not the one that the entry asks for. */
enum err protocol_find(struct attempt *attempt, const struct protocol **protocol);

/* ERR_UNSUPPORTED: not on this firmware, or it has no use for a line of the entry. */
enum err protocol_check(const struct attempt *attempt, const struct protocol *protocol);
