/* The parts of `lintel status`: each shows lines of one question. */
#pragma once

#include "images/tool/steer/steering.h"

/* "first sector:   GRUB": a key, and a sentence for people. */
void status_line(const char *key, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Something is not as it should be: shown at the end, and the exit status says so. */
void status_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* status_loader.c: whose first sector, files and boot order are, which versions lie there. */
void status_loaders(const struct steering *steering);

/* status_firmware.c: the boot order of a running UEFI machine. */
void status_firmware(const struct steering *steering);

/* status_state.c: what the loader was told, and what it told, for one firmware. */
void status_state(const struct steering *steering, const struct view *view);

/* status_entries.c: what may be booted, and what will be. */
void status_entries(struct view *view);

/* status_health.c: what is missing around it. */
void status_health(const struct steering *steering);
