/* The signals by which people and systems end a program: Ctrl-C, kill, a terminal that closes. */
#pragma once

#include <signal.h>

#define ENDINGS 3

struct endings {
    struct sigaction actions[ENDINGS];
};

/* From here on they are held back, until sigprocmask() sets *mask again. */
void endings_block(sigset_t *mask);

/* What they do from here on, and in *before what they did. One that we were told to ignore stays
 * ignored. */
void endings_catch(void (*handler)(int), struct endings *before);
void endings_restore(const struct endings *before);
