/* The lines of a configuration file: a key, white space, a value (Boot Loader Specification,
 * "Type #1 Boot Loader Entries"). Nobody needs to have written them with care. */
#ifndef LINTEL_FORMAT_CONF_H
#define LINTEL_FORMAT_CONF_H

#include "common/lib/arena.h"
#include <stdbool.h>

#define CONF_BYTES_MAX (64 * 1024)
#define CONF_LINE_MAX  4096

struct conf {
    const char *name; /* of the file, for messages */
    char *next, *end; /* the text not yet read; ends in a 0 byte */
    uint32_t line;    /* of what was read last, from 1 */
    bool too_long;    /* that line passes CONF_LINE_MAX; key and value are then empty */
    char *key, *value;
};

/* Works on a copy of the text in arena memory; keys and values stay valid as long as that. Control
 * characters become '?', so that no title or message can steer a terminal. */
enum err conf_begin(struct conf *conf, const char *name, const char *text, uint64_t bytes,
                    struct arena *arena);

/* The next line that is neither empty nor a comment; false at the end. Keys without a value are
 * noted in the log and passed over. */
bool conf_next(struct conf *conf);

/* Replaces what could steer a terminal: C0 and C1 control characters other than tab, and DEL. Line
 * ends stay when `keep_lines`. Returns how many characters were replaced. */
uint64_t conf_clean(char *text, uint64_t bytes, bool keep_lines);

#endif
