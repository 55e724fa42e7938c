/* The sectors that an installation writes, in an order in which every prefix leaves a disk that
 * boots the old loader or the new one. */
#pragma once

#include "common/lib/err.h"
#include <stddef.h>
#include <stdint.h>

/* Each is on the medium before the next begins. */
enum phase {
    PHASE_RECORD_HEAD, /* of the new record: which clusters it will take */
    PHASE_RECORD,      /* the rest of it, by which all that follows can be undone */
    PHASE_DATA,        /* where nothing points to yet */
    PHASE_LINK,        /* tables with the old files' clusters and the new ones' */
    PHASE_BOOT_FIRST,  /* boot sectors, when the record of what they held is about to go */
    PHASE_ENTRIES,     /* directories: old files out, new files in */
    PHASE_BOOT,        /* boot sectors: the switch */
    PHASE_UNLINK,      /* tables with the new files' clusters only */
    PHASE_CLEAN,       /* where nothing points to any more */
    PHASE_FORGET,      /* the old record: until here all can be finished */
    PHASE_FORGET_HEAD,
};

struct write {
    uint64_t offset, bytes; /* on the disk, whole sectors */
    enum phase phase;
    uint8_t *data;
};

struct writes {
    struct write *list;
    size_t count, capacity;
};

/* What carries them out: the disk, or a test's stand-in. */
struct writer {
    enum err (*write)(void *context, uint64_t offset, uint64_t bytes, const void *from);
    enum err (*flush)(void *context);
    enum err (*read)(void *context, uint64_t offset, uint64_t bytes, void *to);
    void *context;
};

/* Appends one sector (copied). Sectors that one system call can write become one write, but never
 * in the phases in which each sector is a step of its own. */
enum err writes_add(struct writes *writes, enum phase phase, uint64_t offset, uint64_t bytes,
                    const uint8_t *data);

/* Writes phase after phase, each followed by a flush and read back. The first failure ends it, with
 * a message that says what the disk boots now. */
enum err writes_perform(struct writes *writes, const struct writer *writer);

uint64_t writes_bytes(const struct writes *writes);
