/* Errors. A user's mistake or a broken machine is fail(); a mistake of ours is bug(). */
#pragma once

enum err {
    OK = 0,
    ERR_NOT_FOUND,   /* no such file, directory, volume or entry */
    ERR_IO,          /* the medium or its firmware driver failed */
    ERR_FORMAT,      /* a file, disk or table is not what it claims to be */
    ERR_UNSUPPORTED, /* well-formed, but asks for what this machine or Lintel does not have */
    ERR_NO_MEMORY,   /* does not fit into the machine's memory */
    ERR_CHANGED,     /* the memory map, or a file, is not what it was a moment ago */
    ERR_BUG,         /* our own mistake */
};

/* Records one message for people (what, where, which value, what to do) and returns `code`, so that
 * a function can `return fail(ERR_FORMAT, ...)`. A caller may wrap: fail(err, "entry %s: %s", id,
 * err_message()). Messages are cut at 511 bytes. Formats: see fmt.h. */
enum err fail(enum err code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a broken promise of our own code; the message says that it is a bug in Lintel. */
enum err bug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The message of the newest fail() or bug(); "" when there was none. */
const char *err_message(void);

#define TRY(expression)                                                                            \
    do {                                                                                           \
        enum err try_err_ = (expression);                                                          \
        if (try_err_ != OK)                                                                        \
            return try_err_;                                                                       \
    } while (0)
