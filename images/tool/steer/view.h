/* A disk as the loader itself sees it when it is started there: its own code reads the entries,
 * obeys the variables and chooses the default. */
#pragma once

#include "common/boot.h"
#include "images/tool/host/disk_image.h"
#include "images/tool/live/variables.h"

struct view {
    struct disk disk;
    struct facts facts;
    struct firmware firmware, writing; /* its variables only seem to change; they do */
    struct boot boot;
    struct machine machine; /* whose variables change */
};

/* Looks at a disk from a firmware; `origin`: where the loader came from there. ERR_NOT_FOUND: there
 * is nothing to boot, and why. After an error the machine can be used all the same. */
enum err view_look(struct view *view, const struct disk_image *image, enum lintel_firmware firmware,
                   const struct boot_origin *origin, const struct variables *variables);

struct next {
    const struct entry *entry;
    bool waits;    /* the menu does, with that entry chosen */
    bool wrong;    /* that is not what was asked for */
    char why[512]; /* for people */
};

/* What is booted next when nobody presses a key. */
void view_next(struct view *view, struct next *next);

/* Can all of its files be opened? Errors as reference_open(). */
enum err view_open_files(struct view *view, const struct entry *entry);
