/* The machine at hand: what is known of it, what can be asked of it, and the loader's memory. */
#pragma once

#include "common/firmware.h"
#include "common/lib/arena.h"

struct machine {
    struct facts *facts;
    const struct firmware *firmware;
    struct arena arena;
};
