/* What does a disk keep from boot to boot? */
#include "common/storage/state.h"
#include "common/format/crc32.h"
#include "common/lib/mem.h"

#define CRC_AT      0x08
#define SEQUENCE_AT 0x0c
#define RECORDS_AT  0x10
#define HEAD_BYTES  2u /* of a record: id and length */

static const char magic[8] = "LNTSTATE";

_Static_assert(RECORDS_AT + sizeof((struct state *)0)->records == STATE_BYTES, "a sector's end");

/* ---- sectors --------------------------------------------------------------------------------- */

static bool has_magic(const uint8_t *sector)
{
    return memcmp(sector, magic, sizeof magic) == 0;
}

static bool is_empty(const uint8_t *sector)
{
    for (uint32_t i = 0; i < STATE_BYTES; i++)
        if (sector[i])
            return false;
    return true;
}

static uint32_t sum_of(const uint8_t *sector)
{
    static const uint8_t zeros[SEQUENCE_AT - CRC_AT];
    uint32_t sum = crc32(0, sector, CRC_AT);

    sum = crc32(sum, zeros, sizeof zeros);
    return crc32(sum, sector + SEQUENCE_AT, STATE_BYTES - SEQUENCE_AT);
}

/* Bytes of records; false: they do not fit into their sector. */
static bool measure(const uint8_t *records, uint32_t room, uint32_t *bytes)
{
    uint32_t at = 0;

    while (at < room && records[at]) {
        if (room - at < HEAD_BYTES || room - at - HEAD_BYTES < records[at + 1])
            return false;
        at += HEAD_BYTES + records[at + 1];
    }
    *bytes = at;
    return true;
}

/* One sector's state; false: it has none. */
static bool read_one(const uint8_t *sector, struct state *state)
{
    *state = (struct state){0};
    if (is_empty(sector))
        return true;
    if (!has_magic(sector) || load32(sector + CRC_AT) != sum_of(sector) ||
        !measure(sector + RECORDS_AT, sizeof state->records, &state->bytes))
        return false;
    state->sequence = load32(sector + SEQUENCE_AT);
    memcpy(state->records, sector + RECORDS_AT, state->bytes);
    return state->sequence;
}

/* Sequences wrap around. One that was never begun is older than any. */
static bool is_newer(const struct state *a, const struct state *b)
{
    return a->sequence && (!b->sequence || (int32_t)(a->sequence - b->sequence) > 0);
}

enum err state_read(const uint8_t pair[2][STATE_BYTES], struct state *state)
{
    struct state second;
    bool has_first = read_one(pair[0], state), has_second = read_one(pair[1], &second);

    if (!has_first && !has_second)
        return fail(ERR_FORMAT, "both state sectors are damaged");
    if (!has_first || (has_second && is_newer(&second, state)))
        *state = second;
    else
        state->next = 1;
    return OK;
}

enum err state_write(const struct state *state, const uint8_t pair[2][STATE_BYTES],
                     uint8_t sector[STATE_BYTES])
{
    const uint8_t *old = pair[state->next];

    if (!is_empty(old) && !has_magic(old))
        return fail(ERR_FORMAT, "state sector %u holds what is not Lintel's, and stays",
                    state->next);
    memset(sector, 0, STATE_BYTES);
    memcpy(sector, magic, sizeof magic);
    store_bytes(sector + SEQUENCE_AT, MAX(state->sequence + 1, 1), 4);
    memcpy(sector + RECORDS_AT, state->records, state->bytes);
    store_bytes(sector + CRC_AT, sum_of(sector), 4);
    return OK;
}

/* ---- records --------------------------------------------------------------------------------- */

/* Where a record begins; state->bytes: there is none. */
static uint32_t find(const struct state *state, uint32_t id)
{
    uint32_t at = 0;

    while (at < state->bytes && state->records[at] != id)
        at += HEAD_BYTES + state->records[at + 1];
    return at;
}

const uint8_t *state_get(const struct state *state, enum state_id id, uint32_t *bytes)
{
    uint32_t at = find(state, id);

    if (at == state->bytes)
        return NULL;
    *bytes = state->records[at + 1];
    return state->records + at + HEAD_BYTES;
}

static void drop(struct state *state, uint32_t id)
{
    for (uint32_t at; (at = find(state, id)) < state->bytes;) {
        uint32_t end = at + HEAD_BYTES + state->records[at + 1];
        memmove(state->records + at, state->records + end, state->bytes - end);
        state->bytes -= end - at;
    }
}

static bool append(struct state *state, uint32_t id, const void *value, uint32_t bytes)
{
    uint8_t *record = state->records + state->bytes;

    if (sizeof state->records - state->bytes < HEAD_BYTES + bytes)
        return false;
    record[0] = (uint8_t)id;
    record[1] = (uint8_t)bytes;
    memcpy(record + HEAD_BYTES, value, bytes);
    state->bytes += HEAD_BYTES + bytes;
    return true;
}

/* What gives way, tells of one boot only. */
enum err state_set(struct state *state, enum state_id id, const void *value, uint32_t bytes)
{
    struct state changed = *state;
    uint32_t old_bytes;
    const uint8_t *old = state_get(state, id, &old_bytes);

    if (old && old_bytes == bytes && memcmp(old, value, bytes) == 0)
        return OK;
    if (bytes > STATE_VALUE_BYTES)
        return fail(ERR_NO_MEMORY, "a state holds no value of %u bytes: %u at most", bytes,
                    STATE_VALUE_BYTES);
    drop(&changed, id);
    if (bytes && !append(&changed, id, value, bytes)) {
        for (uint32_t other = STATE_SELECTED; other <= STATE_TIME_EXEC; other++)
            drop(&changed, other);
        if (!append(&changed, id, value, bytes))
            return fail(ERR_NO_MEMORY, "the state has no room for another %u bytes", bytes);
    }
    *state = changed;
    return OK;
}
