/* Something that bytes can be read from: a file on a volume, or bytes in memory. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>
#include <stdint.h>

struct reader {
    const char *name; /* for messages: a path */
    uint64_t bytes;   /* whole size */
    bool whole;       /* is best read whole, in one piece: it comes over the network */
    /* Reads exactly `bytes` bytes at `offset`. Use reader_read(), which checks the bounds. */
    enum err (*read)(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to);
    const void *memory; /* for reader_from_memory() */
};

/* ERR_FORMAT (naming the source, the offset and its size) when the range leaves the source. */
enum err reader_read(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to);

/* The same for much, in parts, with a progress bar where that takes time. */
enum err reader_load(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to);

/* The bytes must outlive the source. */
struct reader reader_from_memory(const char *name, const void *memory, uint64_t bytes);

/* A range of another source, which must outlive it. */
struct reader_part {
    struct reader reader; /* first: a part is a reader */
    const struct reader *parent;
    uint64_t offset;
};

/* ERR_FORMAT as reader_read(). */
enum err reader_cut(const struct reader *parent, const char *name, uint64_t offset, uint64_t bytes,
                    struct reader_part *part);
