/* Boot counting (UAPI.1): a file's name says how often its entries may still be tried. One try is
 * taken off before each start; whoever is content with it (systemd-bless-boot, `lintel bless`)
 * takes the counter out of the name. */
#pragma once

#include "common/entries/entry.h"

#define TRIES_GROWTH 16 /* bytes that a name grows by at most, counter by counter */

/* What the counters of files are that can't be renamed, in a variable of vendor_lintel
 * (storage/state_variable.h): for each 6 bytes, the CRC-32 of its name (UTF-8, with the counter
 * that it has there), tries left and tries made. */
#define TRIES_VARIABLE     "LintelTries"
#define TRIES_RECORD_BYTES 6
#define TRIES_BYTES_MAX    (42 * TRIES_RECORD_BYTES) /* what a BIOS's disk has room for */

/* "2 tries left, 1 made"; "": it is not counted. Returns `text`. */
#define TRIES_TEXT_BYTES 48
const char *tries_text(const struct entry *entry, char text[TRIES_TEXT_BYTES]);

/* Drops a file's record, if there is one. Returns what bytes are left. */
uint64_t tries_drop(uint8_t *records, uint64_t bytes, const char *file_name);

/* The counters that the variable knows better than the names, of all entries found. */
void tries_recall(const struct firmware *firmware, struct entry_item *list);

/* Takes one try off an entry that is about to start, in its file's name, or else in the variable,
 * where its file is counted, and not `counting no`. All entries of the file, in `config`, know. An
 * error says why it could not. */
enum err tries_count(const struct config *config, const struct entry *entry);
