/* The lines of a configuration file: a key, white space, a value (Boot Loader Specification,
 * "Type #1 Boot Loader Entries"). Nobody needs to have written them with care. */
#pragma once

#include "common/lib/arena.h"
#include <stdbool.h>
#include <stddef.h>

#define CONF_BYTES_MAX (64 * 1024)
#define CONF_LINE_MAX  4096

struct conf {
    const char *name;        /* of the file, for messages */
    char *next, *end;        /* the text not yet read; ends in a 0 byte */
    uint32_t line;           /* of what was read last, from 1 */
    uint32_t known, unknown; /* lines so far, by conf_find_key() */
    char *key, *value;       /* a value may be "" */
    char damage[128];        /* how it is damaged: "is UTF-16 ..."; "": it is not, as far as seen */
};

/* What a table of keys consists of: its rows begin with this. */
struct conf_key {
    const char *name;
};

/* Works on a copy of the text in arena memory; keys and values stay valid as long as that. CR, LF
 * and both together end a line. Values stand as they are: whoever shows one cleans it. Text with
 * control characters other than tab, or with bytes that no text has, is damaged: what remains of it
 * is read all the same, but of UTF-16, which has no lines for us. */
enum err conf_begin(struct conf *conf, const char *name, const char *text, uint64_t bytes,
                    struct arena *arena);

/* The next line that is neither empty nor a comment; one that passes CONF_LINE_MAX is a damage.
 * False at the end, where it is damaged if nobody knows most of its lines. */
bool conf_next(struct conf *conf);

/* Which of `count` keys, each in a row of `row_bytes`, is the line's? `count`: none, which the log
 * notes. But one that differs by a byte from a key that is known has been damaged, and the file
 * with it. */
size_t conf_find_key(struct conf *conf, const void *keys, size_t count, size_t row_bytes);
