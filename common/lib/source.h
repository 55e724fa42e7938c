/* Something that bytes can be read from: a file on a volume, or bytes in memory. */
#ifndef LINTEL_LIB_SOURCE_H
#define LINTEL_LIB_SOURCE_H

#include "common/lib/err.h"
#include <stdbool.h>
#include <stdint.h>

struct source {
    const char *name; /* for messages: a path */
    uint64_t bytes;   /* whole size */
    bool whole;       /* is best read whole, in one piece: it comes over the network */
    /* Reads exactly `bytes` bytes at `offset`. Use source_read(), which checks the bounds. */
    enum err (*read)(const struct source *source, uint64_t offset, uint64_t bytes, void *to);
    const void *memory; /* for source_from_memory() */
};

/* ERR_FORMAT (naming the source, the offset and its size) when the range leaves the source. */
enum err source_read(const struct source *source, uint64_t offset, uint64_t bytes, void *to);

/* The same for much, in parts, with a progress bar where that takes time. */
enum err source_load(const struct source *source, uint64_t offset, uint64_t bytes, void *to);

/* The bytes must outlive the source. */
struct source source_from_memory(const char *name, const void *memory, uint64_t bytes);

/* A range of another source, which must outlive it. */
struct source_part {
    struct source source; /* first: a part is a source */
    const struct source *parent;
    uint64_t offset;
};

/* ERR_FORMAT as source_read(). */
enum err source_cut(const struct source *parent, const char *name, uint64_t offset, uint64_t bytes,
                    struct source_part *part);

#endif
