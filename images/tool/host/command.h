/* What the commands of `lintel` share: how they are called, how they report, how they read options.
 *
 * Everything below a command returns `enum err`, and a failed call has said why with fail()
 * (common/lib/err.h); the command ends with command_end(). */
#pragma once

#include "common/lib/err.h"
#include <stddef.h>
#include <stdint.h>

/* Exit statuses; lintel.1 lists them. */
enum status {
    STATUS_DONE = 0,
    STATUS_FAILED = 1, /* also: the kernel that was checked would not boot */
    STATUS_USAGE = 2,  /* the command line makes no sense; nothing was touched */
};

/* Each takes its own name as argv[0] and returns an exit status. */
int command_check(int argc, char **argv);
int command_image(int argc, char **argv);
int command_keymap(int argc, char **argv);
int command_kernel(int argc, char **argv);
int command_report(int argc, char **argv);
int command_set_default(int argc, char **argv);
int command_set_oneshot(int argc, char **argv);
int command_set_timeout(int argc, char **argv);
int command_bless(int argc, char **argv);
int command_reboot(int argc, char **argv);
int command_status(int argc, char **argv);
int command_install(int argc, char **argv);
int command_uninstall(int argc, char **argv);

/* The exit status for `err`, whose message goes to standard error. */
int command_end(enum err err);

/* What people are shown, on standard output: what is put in is cleaned (common/lib/fmt.h), for it
 * may come from a file. */
void show(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A remark for people on standard error, cleaned as well: "lintel: ...". */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- options --------------------------------------------------------------------------------- */

#define OPTION_LONG 0x100 /* keys from here on have no short form */

struct option_row {
    int key;              /* the letter of the short form, or OPTION_LONG + n */
    const char *name;     /* of the long form */
    const char *argument; /* what --help calls it; NULL: takes none */
    const char *help;     /* lines, without the last line end */
};

struct syntax {
    const char *command;              /* "image" */
    const char *operands;             /* "-o FILE --kernel FILE [OPTION]..." */
    const char *purpose;              /* what --help begins with */
    const struct option_row *options; /* the last row has no name */
    /* The words that an option takes, the default first; NULL behind the last, and for an option
     * that takes anything. NULL: all do. */
    const char *(*word_at)(int key, size_t index);
    const char *notes; /* what --help ends with, or NULL */
};

/* Calls take() for each option, in order (`value` is NULL for one without an argument); returns the
 * index of the first operand in argv. --help is answered here, with exit status 0; an unknown
 * option, and one that take() fails for, ends the program with STATUS_USAGE. */
int options_parse(const struct syntax *syntax, int argc, char **argv,
                  enum err (*take)(void *context, int key, const char *value), void *context);

/* Says what is wrong with the command line and how to get help; exits with STATUS_USAGE. */
void options_refuse(const struct syntax *syntax, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

/* Which of an option's words that is. */
enum err parse_word(const struct syntax *syntax, int key, const char *text, size_t *index);

/* "512M" and the like: a decimal number of bytes with K, M, G or T (powers of 1024). `what` names
 * it in the message. */
enum err parse_bytes(const char *what, const char *text, uint64_t *bytes);

/* A decimal number up to `most`. */
enum err parse_number(const char *what, const char *text, uint64_t most, uint64_t *number);
