/* Why is what would boot perhaps not what was meant? */
#pragma once

#include "common/lib/arena.h"

/* Says a reason and keeps it, in arena memory; the first one stays. */
void doubt(const char **reason, struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
