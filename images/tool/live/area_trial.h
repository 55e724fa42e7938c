/* The end of a trial of Lintel itself, on a BIOS machine. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>

struct live;

/* Of a trial: makes the loader that runs the one that every start leads to, or ends the trial of
 * one that failed; says so. *done: there was one. Nothing happens where none is, or where it was
 * not tried yet. */
enum err area_bless(const struct live *live, bool *done);

/* Takes the trial back, whether it was tried or not. */
enum err area_reject(const struct live *live, bool *done);
