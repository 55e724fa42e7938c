/* The state: what a BIOS's disk keeps from boot to boot, in two sectors. A new state goes into the
 * older sector, so that a power cut leaves the one before it. Loader and host tool share this. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>
#include <stdint.h>

#define STATE_BYTES       512u /* of each sector */
#define STATE_VALUE_BYTES 255u /* no record is longer */

/* As on disk. Texts are UTF-8 without a 0. */
enum state_id {
    STATE_DEFAULT = 1,
    STATE_ONE_SHOT,
    STATE_LAST_BOOTED,
    STATE_TIMEOUT,
    STATE_TIMEOUT_ONE_SHOT,
    STATE_SELECTED,  /* this one and the times give way where there is no room */
    STATE_TIME_INIT, /* microseconds, as decimal digits */
    STATE_TIME_MENU,
    STATE_TIME_EXEC,
    STATE_TRIES,   /* 6 bytes an entry: CRC-32 of its file's name as on disk, u8 left, u8 done */
    STATE_TRIAL,   /* u8: STATE_TRIAL_... */
    STATE_RUNNING, /* u64: stage_offset of the loader that booted last; then its version's text */
};

#define STATE_TRIAL_PENDING 1
#define STATE_TRIAL_STARTED 2

/* Whose fields only state.c reads, but for the first two. */
struct state {
    uint32_t sequence; /* 0: never begun: no boot writes to this disk by itself */
    uint32_t next;     /* which sector of the pair state_write() replaces: 0 or 1 */
    uint32_t bytes;    /* of records */
    uint8_t records[STATE_BYTES - 0x10];
};

/* The newest state of a pair. One damaged sector does not count, and zeros are a state that was
 * never begun. ERR_FORMAT: both are damaged; nothing may be written then. */
enum err state_read(const uint8_t pair[2][STATE_BYTES], struct state *state);

/* The value's bytes, which live until the next state_set(); NULL: there is none. */
const uint8_t *state_get(const struct state *state, enum state_id id, uint32_t *bytes);

/* 0 bytes remove a value. ERR_NO_MEMORY: there is no room, and the value is as before. */
enum err state_set(struct state *state, enum state_id id, const void *value, uint32_t bytes);

/* Makes the sector that takes the place of pair[state->next]. ERR_FORMAT: what lies there was
 * neither empty nor a state: it is somebody else's, and nothing may be written. The state itself
 * does not change: once the sector is written, put it into the pair and read that. */
enum err state_write(const struct state *state, const uint8_t pair[2][STATE_BYTES],
                     uint8_t sector[STATE_BYTES]);
