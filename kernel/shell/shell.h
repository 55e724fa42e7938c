/* The shell: a prompt on screen and serial line at once. */
#ifndef KERNEL_SHELL_H
#define KERNEL_SHELL_H

#include <stdbool.h>
#include <stdint.h>

/* Takes up interrupts, keyboard and serial line, and obeys. */
void shell_run(void) __attribute__((noreturn));

#define WORDS_MAX 8

/* A row of the table of commands (commands.c). words[0] is the command's own name; words behind the
 * last one are NULL. */
struct command {
    const char *name, *arguments, *summary;
    const char *more; /* further sentences and examples, for `help NAME`; NULL: none */
    void (*run)(char **words);
};
extern const struct command commands[];
extern const uint32_t command_count;

/* Arguments. Each says what is wrong with a word, NULL included, and returns false. An address is
 * hexadecimal, with or without 0x, or the name of a function; a number is decimal, or hexadecimal
 * with 0x. */
bool take_address(const char *word, uint64_t *address);
bool take_number(const char *word, uint64_t *number);

#endif
