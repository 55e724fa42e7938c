/* One boot, from the front end's call to the handoff. */
#pragma once

#include "common/hw/timeline.h"
#include "common/menu/menu.h"

struct boot {
    struct machine machine;
    struct volumes volumes;
    struct entry_volumes entry_volumes;
    struct config config;
    struct loader_interface interface;
    struct timeline timeline; /* "leave" and "start" come right before the firmware is asked to */
    struct menu *menu;
};

/* From machine and interface: the boot volume, the configuration, and what the variables wish of
 * it. ERR_NOT_FOUND: there is nothing to boot, and why. The host tool asks it, too. */
enum err boot_find_entries(struct boot *boot);
