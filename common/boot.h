/* One boot, from the front end's call to the handoff. */
#ifndef LINTEL_BOOT_H
#define LINTEL_BOOT_H

#include "common/entries/entry.h"

#define BOOT_VERSION "0.1.0"

struct boot {
    struct facts *facts;
    const struct firmware *firmware;
    struct arena arena;
    struct volume volume; /* the boot volume: configuration, kernel and modules lie here */
    struct fs fs;
    struct volume *volumes; /* all of its disk; none on a server */
    uint32_t volume_count;
    struct entry_volumes entry_volumes; /* &fs, and the disk's other volume for entries */
    struct config config;
    struct menu *menu; /* NULL until it is shown */
    uint64_t menu_tsc; /* when that was; 0: not yet */
    bool saves_entry;  /* the entry that is booted becomes the default (loader_interface.h) */
    bool tells;        /* UEFI's variables tell what is booted how (loader_interface.h) */
    struct lintel_stage stages[16];
    uint32_t stage_count;
};

/* Marks the begin of a stage in the timeline. "leave" and "start" come right before the firmware is
 * asked to: on UEFI an operating system learns of that time, too. */
void boot_stage(struct boot *boot, const char *name);

#endif
