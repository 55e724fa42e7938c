/* The lines of a configuration file: a key, white space, a value (Boot Loader Specification,
 * "Type #1 Boot Loader Entries"). Nobody needs to have written them with care. */
#ifndef LINTEL_FORMAT_CONF_H
#define LINTEL_FORMAT_CONF_H

#include "common/lib/arena.h"
#include <stdbool.h>

#define CONF_BYTES_MAX (64 * 1024)
#define CONF_LINE_MAX  4096

struct conf {
    const char *name;       /* of the file, for messages */
    char *next, *end;       /* the text not yet read; ends in a 0 byte */
    uint32_t line;          /* of what was read last, from 1 */
    bool too_long;          /* that line passes CONF_LINE_MAX; key and value are then empty */
    uint32_t without_value; /* lines passed over so far */
    char *key, *value;
    char damage[80]; /* how it is no text: "is UTF-16 ..."; "": it is */
};

/* Works on a copy of the text in arena memory; keys and values stay valid as long as that. CR, LF
 * and both together end a line. Values stand as they are: whoever shows one cleans it. Text with
 * control characters other than tab, or with bytes that no text has, is damaged: what remains of it
 * is read all the same, but of UTF-16, which has no lines for us. */
enum err conf_begin(struct conf *conf, const char *name, const char *text, uint64_t bytes,
                    struct arena *arena);

/* The next line that is neither empty nor a comment; false at the end. Keys without a value are
 * noted in the log and passed over. */
bool conf_next(struct conf *conf);

#endif
