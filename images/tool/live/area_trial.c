/* What became of a loader that was put on trial? */
#include "common/lib/mem.h"
#include "images/tool/host/command.h"
#include "images/tool/host/root.h"
#include "images/tool/live/area.h"
#include "images/tool/live/machine.h"
#include <stdlib.h>
#include <string.h>

/* True when the loader of that slot was the last that started this machine. */
static bool runs(const struct area *area, const struct state *state, int slot)
{
    uint32_t bytes;
    const uint8_t *running = state_get(state, STATE_RUNNING, &bytes);

    return running && bytes >= 8 &&
           load64(running) == undo_slot(&area->undo, slot) * area->disk->disk.sector_bytes;
}

enum area_trial area_trial(const struct area *area)
{
    struct state state;
    uint32_t bytes;

    if (area->active < 0 || state_read(area->pair, &state) != OK)
        return TRIAL_NONE;
    const uint8_t *trial = state_get(&state, STATE_TRIAL, &bytes);
    if (!trial || !bytes)
        return TRIAL_NONE;
    if (*trial == STATE_TRIAL_PENDING)
        return TRIAL_WAITS;
    return runs(area, &state, !area->active) ? TRIAL_RUNS : TRIAL_FAILED;
}

/* The trial's first sector is of no use any more once the state no longer leads to it. */
static enum err plan_end(struct area *area, enum phase phase)
{
    static const uint8_t zeros[AREA_SECTOR_USED];
    struct state state;

    TRY(state_read(area->pair, &state));
    TRY(state_set(&state, STATE_TRIAL, NULL, 0));
    TRY(area_add_state(area, phase, &state));
    return area_add_sector(area, PHASE_CLEAN, AREA_TRIAL, zeros);
}

/* A first sector that leads to the slot on trial. */
static enum err plan_keep(struct area *area)
{
    uint8_t sector[AREA_SECTOR_USED];
    uint64_t lba = undo_area(&area->undo, AREA_TRIAL);

    TRY(disk_image_read(area->disk, lba * area->disk->disk.sector_bytes, sizeof sector, sector));
    if (is_zero(sector, sizeof sector))
        return fail(ERR_FORMAT, "%s: sector %lu, the trial's, is empty: install again",
                    area->disk->path, lba);
    TRY(area_add_code(area, PHASE_BOOT, sector));
    return plan_end(area, PHASE_UNLINK);
}

static enum err end_trial(struct area *area, bool keep, bool *done)
{
    enum area_trial trial = area_trial(area);

    *done = trial != TRIAL_NONE && (trial != TRIAL_WAITS || !keep);
    if (!*done)
        return OK;
    TRY(keep && trial == TRIAL_RUNS ? plan_keep(area) : plan_end(area, PHASE_BOOT));
    TRY(area_write(area));
    if (keep && trial == TRIAL_RUNS)
        show("%s: the new loader has proved itself, and is what every start leads to now.\n",
             area->disk->path);
    else
        show("%s: the new loader %s: every start leads to the one before it.\n", area->disk->path,
             trial == TRIAL_FAILED ? "was tried, and did not start this machine" : "is taken back");
    return OK;
}

static enum err end_on(const struct live *live, bool keep, bool *done)
{
    static struct area area;
    char *path = root_path(live->disk);
    struct disk_image disk;
    enum err err = disk_image_open_used(path, true, &disk);

    *done = false;
    if (err == OK) {
        err = area_open(&disk, &area);
        if (err == OK && area.installed)
            err = end_trial(&area, keep, done);
        disk_image_close(&disk);
    }
    free(path);
    return err;
}

enum err area_bless(const struct live *live, bool *done)
{
    return end_on(live, true, done);
}

enum err area_reject(const struct live *live, bool *done)
{
    return end_on(live, false, done);
}
