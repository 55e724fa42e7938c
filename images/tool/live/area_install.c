/* Which sectors change when Lintel comes into the gap or BIOS boot partition, and when it goes? */
#include "common/format/crc32.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/progress.h"
#include "images/tool/image/boot_sector.h"
#include "images/tool/image/embedded.h"
#include "images/tool/image/identity.h"
#include "images/tool/image/partition_table.h"
#include "images/tool/live/area.h"
#include "images/tool/live/owner.h"
#include <stdlib.h>
#include <string.h>

#define CODE_BYTES 440 /* of the first sector: what is not the disk's own */

/* ---- sectors to be written ------------------------------------------------------------------- */

static enum err add_bytes(struct area *area, enum phase phase, uint64_t lba, const uint8_t *bytes,
                          uint64_t count)
{
    uint32_t sector_bytes = area->disk->disk.sector_bytes;

    for (uint64_t at = 0; at < count; at += sector_bytes) {
        uint8_t sector[SECTOR_BYTES_MAX] = {0};
        memcpy(sector, bytes + at, MIN(sector_bytes, count - at));
        TRY(writes_add(&area->writes, phase, lba * sector_bytes + at, sector_bytes, sector));
    }
    return OK;
}

enum err area_add_sector(struct area *area, enum phase phase, enum area_sector place,
                         const uint8_t sector[AREA_SECTOR_USED])
{
    return add_bytes(area, phase, undo_area(&area->undo, place), sector, AREA_SECTOR_USED);
}

enum err area_add_code(struct area *area, enum phase phase, const uint8_t *code)
{
    uint8_t sector[SECTOR_BYTES_MAX];

    memcpy(sector, area->first_sector, sizeof sector);
    memcpy(sector, code, CODE_BYTES);
    return add_bytes(area, phase, 0, sector, area->disk->disk.sector_bytes);
}

enum err area_add_state(struct area *area, enum phase phase, const struct state *state)
{
    uint8_t sector[STATE_BYTES];

    TRY(state_write(state, area->pair, sector));
    memcpy(area->pair[state->next], sector, sizeof sector);
    return area_add_sector(area, phase, AREA_STATE + state->next, sector);
}

/* ---- where it goes --------------------------------------------------------------------------- */

static enum err refuse_place(const struct area *area, uint64_t needed)
{
    if (area->tables.partitioning == LINTEL_PARTITIONING_GPT)
        return fail(ERR_NOT_FOUND,
                    "%s: its GPT has no BIOS boot partition for Lintel (type %s, at least %lu "
                    "sectors): make one (sgdisk --set-alignment=1 --new=0:34:2047 "
                    "--typecode=0:EF02 %s)",
                    area->disk->path, TYPE_BIOS_BOOT, needed, area->disk->path);
    return fail(ERR_UNSUPPORTED,
                "%s: has no partition table, and so no place for Lintel beside its file system",
                area->disk->path);
}

static bool is_owned(const struct owned_run *runs, int count, uint64_t lba)
{
    for (int i = 0; i < count; i++)
        if (lba >= runs[i].first && lba - runs[i].first < runs[i].sectors)
            return true;
    return false;
}

/* The highest run of `needed` sectors that are zero and nobody's: other loaders grow upwards. */
static enum err find_run(struct area *area, uint64_t needed)
{
    uint32_t sector_bytes = area->disk->disk.sector_bytes;
    struct owned_run runs[OWNED_RUNS];
    uint64_t run = 0;
    int count;

    TRY(owner_runs(area->disk, runs, &count));
    for (uint64_t lba = area->end; lba-- > area->first;) {
        uint8_t sector[SECTOR_BYTES_MAX];
        TRY(disk_image_read(area->disk, lba * sector_bytes, sector_bytes, sector));
        run = is_zero(sector, sector_bytes) && !is_owned(runs, count, lba) ? run + 1 : 0;
        if (run == needed) {
            area->undo.first = lba;
            return OK;
        }
    }
    return fail(ERR_NO_MEMORY,
                "%s: something else lies in %s (%s in the first sector): it has no %lu sectors of "
                "zeros in a row",
                area->disk->path, area->where, owner_name(area->first_sector), needed);
}

static enum err find_place(struct area *area)
{
    uint32_t sector_bytes = area->disk->disk.sector_bytes;
    uint64_t sectors = area->end - area->first, needed;

    area->undo =
        (struct undo){.sector_bytes = sector_bytes, .slot_sectors = STAGE_BYTES_MAX / sector_bytes};
    needed = undo_end(&area->undo);
    if (!area->where)
        return refuse_place(area, needed);
    if (sectors < needed)
        return fail(ERR_NO_MEMORY,
                    "%s: %s has %lu sector%s, but Lintel's two slots and its area need %lu: %s",
                    area->disk->path, area->where, sectors, text_plural(sectors), needed,
                    area->number ? "make the partition larger"
                                 : "let the first partition begin at 1 MiB");
    return find_run(area, needed);
}

/* What the disk and the boot volume are known by: the same each time. */
static enum err identify(struct area *area, const struct volume *boot)
{
    struct identity_parts parts = {
        .disk_bytes = area->disk->bytes, .first_lba = boot->first_lba, .sectors = boot->sectors};
    struct fs_identity known;
    struct fs fs;

    TRY(fs_mount(boot, &host_arena, &fs));
    TRY(fs_identify(&fs, &known));
    memcpy(parts.disk_guid, boot->disk_guid, sizeof parts.disk_guid);
    memcpy(parts.volume_guid, boot->guid, sizeof parts.volume_guid);
    parts.serial = crc32(0, known.uuid, strlen(known.uuid));
    identity_of_parts(&parts, area->identity);
    area->volume_offset = boot->first_lba * area->disk->disk.sector_bytes;
    return OK;
}

/* ---- install --------------------------------------------------------------------------------- */

static enum err make_stage(const struct area *area, int slot, struct content *stage)
{
    uint32_t sector_bytes = area->disk->disk.sector_bytes;
    struct installed installed = {
        .stage_offset = undo_slot(&area->undo, slot) * sector_bytes,
        .volume_offset = area->volume_offset,
        .area_offset = undo_area(&area->undo, AREA_STATE) * sector_bytes,
    };

    memcpy(installed.identity, area->identity, sizeof installed.identity);
    return stage_tell(&embedded_stage2, &installed, stage);
}

static void make_first_sector(const struct area *area, int slot, const struct content *stage,
                              uint8_t sector[BOOT_SECTOR_BYTES])
{
    struct stage_place place = {undo_slot(&area->undo, slot), area->disk->disk.sector_bytes};

    memcpy(sector, area->first_sector, BOOT_SECTOR_BYTES);
    boot_sector_fill(sector, BOOT_SECTOR_MBR, stage, &place);
}

static bool holds(const struct area *area, int slot, const struct content *stage)
{
    struct content found;

    return area_stage(area, slot, &found) && found.size == stage->size &&
           memcmp(found.bytes, stage->bytes, stage->size) == 0;
}

/* The first sector as it is before Lintel's takes its place. No code: no loader to go back to. */
static void keep_first_sector(struct area *area)
{
    memset(area->previous, 0, sizeof area->previous);
    if (!is_zero(area->first_sector, CODE_BYTES))
        memcpy(area->previous, area->first_sector, sizeof area->previous);
    area->undo.previous_crc = crc32(0, area->previous, sizeof area->previous);
}

/* By the record it is known whose sectors these are: it comes first. A state that was begun lets
 * the loader write into it. */
static enum err plan_new(struct area *area)
{
    uint8_t sector[AREA_SECTOR_USED];
    struct content stage;
    struct state state;

    keep_first_sector(area);
    undo_write(&area->undo, sector);
    TRY(area_add_sector(area, PHASE_RECORD_HEAD, AREA_UNDO, sector));
    TRY(area_add_sector(area, PHASE_RECORD, AREA_PREVIOUS, area->previous));
    TRY(state_read(area->pair, &state));
    TRY(state_set(&state, STATE_TRIAL, NULL, 0));
    TRY(area_add_state(area, PHASE_RECORD, &state));
    TRY(make_stage(area, 0, &stage));
    TRY(add_bytes(area, PHASE_DATA, undo_slot(&area->undo, 0), stage.bytes, stage.size));
    make_first_sector(area, 0, &stage, sector);
    return area_add_code(area, PHASE_BOOT, sector);
}

/* No trial is pending while its slot is written to, and none is said to run that does not. */
static enum err plan_update(struct area *area, int slot, const struct content *stage)
{
    static const uint8_t pending = STATE_TRIAL_PENDING;
    uint8_t sector[AREA_SECTOR_USED];
    struct state state;

    TRY(state_read(area->pair, &state));
    TRY(state_set(&state, STATE_TRIAL, NULL, 0));
    TRY(state_set(&state, STATE_RUNNING, NULL, 0));
    TRY(area_add_state(area, PHASE_RECORD, &state));
    TRY(add_bytes(area, PHASE_DATA, undo_slot(&area->undo, slot), stage->bytes, stage->size));
    make_first_sector(area, slot, stage, sector);
    TRY(area_add_sector(area, PHASE_LINK, AREA_TRIAL, sector));
    TRY(state_read(area->pair, &state));
    TRY(state_set(&state, STATE_TRIAL, &pending, sizeof pending));
    return area_add_state(area, PHASE_BOOT, &state);
}

static enum err plan_beside(struct area *area, enum area_step *step)
{
    enum area_trial trial = area_trial(area);
    int other = !area->active;
    struct content stage;
    struct state state;

    TRY(make_stage(area, area->active, &stage));
    *step = AREA_CURRENT;
    if (holds(area, area->active, &stage)) {
        if (trial == TRIAL_NONE)
            return OK;
        *step = AREA_TAKE_BACK;
        TRY(state_read(area->pair, &state));
        TRY(state_set(&state, STATE_TRIAL, NULL, 0));
        return area_add_state(area, PHASE_BOOT, &state);
    }
    TRY(make_stage(area, other, &stage));
    *step = AREA_ON_TRIAL;
    if (trial != TRIAL_NONE && trial != TRIAL_FAILED && holds(area, other, &stage))
        return OK;
    *step = AREA_UPDATE;
    return plan_update(area, other, &stage);
}

/* A partition has grown into them since, or was moved. */
static enum err refuse_lost(const struct area *area)
{
    return fail(ERR_CHANGED,
                "%s: Lintel's sectors, LBA %lu to %lu, are in use by a partition now: `lintel "
                "uninstall` first",
                area->disk->path, area->undo.first, undo_end(&area->undo) - 1);
}

enum err area_plan_install(struct area *area, const struct volume *boot, enum area_step *step)
{
    TRY(stage_check(&embedded_stage2));
    TRY(area->installed ? OK : find_place(area));
    TRY(area_is_in_place(area) ? OK : refuse_lost(area));
    TRY(identify(area, boot));
    *step = area->installed ? AREA_AGAIN : AREA_NEW;
    return area->active < 0 ? plan_new(area) : plan_beside(area, step);
}

/* ---- uninstall ------------------------------------------------------------------------------- */

static enum err clear(struct area *area)
{
    static const uint8_t zeros[SECTOR_BYTES_MAX];
    struct owned_run runs[OWNED_RUNS];
    int count;

    TRY(owner_runs(area->disk, runs, &count));
    for (uint64_t lba = area->undo.first; lba < undo_end(&area->undo); lba++) {
        bool is_record = lba == undo_area(&area->undo, AREA_UNDO);
        if (!is_owned(runs, count, lba))
            TRY(add_bytes(area, is_record ? PHASE_FORGET : PHASE_CLEAN, lba, zeros,
                          area->disk->disk.sector_bytes));
    }
    return OK;
}

enum err area_plan_uninstall(struct area *area)
{
    if (area->active >= 0) {
        if (crc32(0, area->previous, sizeof area->previous) != area->undo.previous_crc)
            return fail(ERR_FORMAT,
                        "%s: sector %lu, which keeps the first sector as it was, is damaged: "
                        "install the other loader anew (grub-install %s), then uninstall",
                        area->disk->path, undo_area(&area->undo, AREA_PREVIOUS), area->disk->path);
        TRY(area_add_code(area, PHASE_BOOT_FIRST, area->previous));
    }
    return area_is_in_place(area) && area_is_known(area) ? clear(area) : OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static enum err check_first_sector(const struct area *area)
{
    uint8_t now[SECTOR_BYTES_MAX];
    uint32_t sector_bytes = area->disk->disk.sector_bytes;

    TRY(disk_image_read(area->disk, 0, sector_bytes, now));
    if (memcmp(now, area->first_sector, sector_bytes) == 0)
        return OK;
    return fail(ERR_CHANGED,
                "%s: another program (%s?) has written the first sector meanwhile: it stays",
                area->disk->path, owner_name(now));
}

static enum err write_bytes(void *context, uint64_t offset, uint64_t bytes, const void *from)
{
    const struct area *area = context;

    step_show(STEP_SAME);
    if (!offset)
        TRY(check_first_sector(area));
    return disk_image_write(area->disk, offset, bytes, from);
}

static enum err read_bytes(void *context, uint64_t offset, uint64_t bytes, void *to)
{
    return disk_image_read(((const struct area *)context)->disk, offset, bytes, to);
}

static enum err flush(void *context)
{
    return disk_image_flush(((const struct area *)context)->disk);
}

enum err area_write(struct area *area)
{
    const struct writer writer = {write_bytes, flush, read_bytes, area};

    return writes_perform(&area->writes, &writer);
}
