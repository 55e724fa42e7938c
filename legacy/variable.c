/* What does the disk keep for a BIOS, which has no variables? */
#include "legacy/variable.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/storage/area.h"
#include "common/storage/disk/disk.h"
#include "common/storage/state_variable.h"
#include "common/version.h"
#include "legacy/disk.h"
#include "legacy/memory.h"
#include "legacy/origin.h"

static const struct disk *home;
static uint64_t pair_lba;
static uint8_t pair[2][STATE_BYTES];
static struct state state;      /* the newest of the pair, and what was set since */
static uint8_t *before, *after; /* a sector each: zeros behind a state */
static bool is_due;             /* some of that is to be written */
static bool is_damaged;         /* nothing may be */

/* ---- the pair -------------------------------------------------------------------------------- */

/* Which loader runs, for who updates it. */
static void set_running(void)
{
    uint8_t running[8 + sizeof LINTEL_VERSION - 1];

    store_bytes(running, installed.stage_offset, 8);
    memcpy(running + 8, LINTEL_VERSION, sizeof running - 8);
    if (state_set(&state, STATE_RUNNING, running, sizeof running) != OK)
        note("%s\n", err_message());
}

/* What an earlier boot told of itself is not true of this one. */
static void forget_last_boot(void)
{
    for (uint32_t id = STATE_SELECTED; id <= STATE_TIME_EXEC; id++)
        state_set(&state, id, NULL, 0);
}

static void take_newest(void)
{
    is_damaged = state_read(pair, &state) != OK;
    is_due = false;
    if (is_damaged) {
        note("%s, sectors %lu and %lu: %s\n", home->name, pair_lba, pair_lba + 1, err_message());
        state = (struct state){0};
    }
}

/* One that can't be read is damaged, too. */
static void read_sector(uint32_t index)
{
    if (disk_read(home, pair_lba + index, 1, before) != OK) {
        note("%s\n", err_message());
        memset(before, 0xff, STATE_BYTES);
    }
    memcpy(pair[index], before, STATE_BYTES);
    memset(before, 0, SECTOR_BYTES_MAX);
}

static enum err take_memory(void)
{
    uint64_t base;

    TRY(memory_allocate(pages_of(2 * SECTOR_BYTES_MAX), &base));
    before = at_physical(base);
    after = before + SECTOR_BYTES_MAX;
    memset(after, 0, SECTOR_BYTES_MAX);
    return OK;
}

bool variable_find(const struct facts *facts)
{
    if (!facts->origin.has_area || take_memory() != OK)
        return false;
    home = &facts->disks[facts->origin.disk];
    pair_lba = facts->origin.area_lba + AREA_STATE;
    read_sector(0);
    read_sector(1);
    take_newest();
    forget_last_boot();
    struct state before = state;
    set_running();
    is_due = state.sequence && memcmp(&state, &before, sizeof state) != 0;
    return true;
}

/* ---- the verbs ------------------------------------------------------------------------------- */

enum err variable_get(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes)
{
    return state_get_variable(&state, vendor, name, to, bytes);
}

enum err variable_set(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                      uint64_t bytes)
{
    struct state before = state;

    if (kept && is_damaged)
        return fail(ERR_FORMAT, "%s, sectors %lu and %lu: both state sectors are damaged, and stay",
                    home->name, pair_lba, pair_lba + 1);
    TRY(state_set_variable(&state, vendor, name, kept, value, bytes));
    if (kept || (state.sequence && strcmp(name, "LoaderTimeExecUSec") == 0))
        is_due |= memcmp(&state, &before, sizeof state) != 0;
    return OK;
}

static enum err write(void)
{
    uint32_t next = state.next;

    TRY(state_write(&state, pair, after));
    memcpy(before, pair[next], STATE_BYTES);
    TRY(disk_write_sector(home, pair_lba + next, before, after));
    memcpy(pair[next], after, STATE_BYTES);
    return OK;
}

/* What could not be written is forgotten, for the next thing to be written alone. */
enum err variable_commit(void)
{
    if (!is_due)
        return OK;
    enum err err = write();
    take_newest();
    set_running();
    return err;
}
