/* The state as variables of a firmware: what get_variable() and set_variable() of a BIOS do, and
 * the host tool on a BIOS's disk. Texts are UTF-16 there, with a 0 at their end. */
#pragma once

#include "common/storage/state.h"

/* GUIDs as in memory: the Boot Loader Interface's 4a67b082-0a4c-41cf-b6c7-440b29bb8c4f; and
 * Lintel's own ad093ddf-d8a5-4c32-85c3-943bfe2a0f1f, whose LintelTries, LintelTrial and
 * LintelRunning have a record's bytes as they are. */
extern const uint8_t vendor_loader[16] __attribute__((visibility("hidden")));
extern const uint8_t vendor_lintel[16] __attribute__((visibility("hidden")));

/* *bytes is the room at `to`, then the value's size. ERR_NOT_FOUND; ERR_UNSUPPORTED: the value is
 * larger. */
enum err state_get_variable(const struct state *state, const uint8_t vendor[16], const char *name,
                            void *to, uint64_t *bytes);

/* 0 bytes remove it. A name for which a state has no place is forgotten where it was not to be
 * kept, else it is ERR_UNSUPPORTED. ERR_FORMAT: its text is none. ERR_NO_MEMORY: no room. */
enum err state_set_variable(struct state *state, const uint8_t vendor[16], const char *name,
                            bool kept, const void *value, uint64_t bytes);
