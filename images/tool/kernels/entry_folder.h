/* The folder of entries: files of ours, lintel-VERSION[+TRIES].conf, and those of others. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>

struct live;

/* While it is open no other lintel changes it. */
struct entry_folder {
    const struct live *live;
    char *path; /* as it is to be opened */
    int lock;
};

/* Makes it where it is missing, and entries.srel beside it, which says what lies in it (UAPI.1).
 * ERR_NOT_FOUND: the EFI system partition is not mounted. */
enum err entry_folder_open(const struct live *live, struct entry_folder *folder);
void entry_folder_close(struct entry_folder *folder);

enum entry_tries {
    TRIES_AS_THEY_ARE, /* a new entry has none: it is good */
    TRIES_ANEW,        /* where there is another entry to fall back to */
};

/* Where another entry or a unified kernel image boots that kernel, ours goes, and *left says so. */
enum err entry_folder_leave(const struct entry_folder *folder, const char *version, bool *left);

/* Writes a kernel's entry, or what has changed of it. */
enum err entry_folder_put(const struct entry_folder *folder, const char *version, const char *text,
                          enum entry_tries tries);

/* Takes a kernel's entry away; there may be none. */
enum err entry_folder_remove(const struct entry_folder *folder, const char *version);

/* Takes the entries away whose kernels are gone; `all`: all of ours. */
enum err entry_folder_prune(const struct entry_folder *folder, bool all);

/* Takes the folder away when it is empty, and what says what lay in it. On UEFI the record of the
 * installation knows who made them (live/esp_undo.h). */
enum err entry_folder_tidy(const struct entry_folder *folder);
