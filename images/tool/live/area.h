/* Lintel on a BIOS's disk that may be in use: two slots for second stages and, behind them, the
 * area (common/storage/area.h), in the gap of an MBR or the BIOS boot partition of a GPT, behind
 * what the loader there needs. Nothing else of the disk is written to but 440 bytes of its first
 * sector, which come last: at any moment the disk boots the old loader or the new one. */
#pragma once

#include "common/storage/state.h"
#include "images/tool/image/stage.h"
#include "images/tool/install/disk_tables.h"
#include "images/tool/install/writes.h"
#include "images/tool/live/area_trial.h"
#include "images/tool/live/undo.h"

struct area {
    const struct disk_image *disk;
    struct disk_tables tables;
    const char *where;   /* for people: "the gap before the first partition"; NULL: there is none */
    uint32_t number;     /* of the BIOS boot partition; 0: it is a gap */
    uint64_t first, end; /* its sectors */
    uint8_t first_sector[SECTOR_BYTES_MAX]; /* of the disk, when it was opened */
    bool installed;                         /* its record is on the disk, or the copy's is taken */
    bool copied;                            /* the record is the copy's: the disk has none */
    struct undo undo;                       /* the record, or what it is to be */
    uint8_t previous[AREA_SECTOR_USED];     /* the first sector as it was before Lintel */
    uint8_t pair[2][STATE_BYTES];           /* as on the disk once the writes are done */
    int active;                             /* the slot that the first sector leads to; -1: none */
    uint64_t volume_offset;                 /* of the boot volume that is installed for */
    uint8_t identity[16];                   /* of the installation */
    struct writes writes;
};

/* Reads what is there; that nothing of Lintel's is there, or has no place, is no error. The disk
 * must outlive it. Errors as disk_tables_read(). */
enum err area_open(const struct disk_image *disk, struct area *area);

/* What the record says where the disk has none, or where the first sector that it keeps is damaged.
 */
void area_use_copy(struct area *area, const struct undo *undo,
                   const uint8_t previous[AREA_SECTOR_USED]);

/* The second stage of a slot, whole and sound. False: none is there. */
bool area_stage(const struct area *area, int slot, struct content *stage);

/* ---- install and uninstall (area_install.c) -------------------------------------------------- */

enum area_step {
    AREA_CURRENT,   /* this very loader is what the first sector leads to */
    AREA_TAKE_BACK, /* so it is, but another one is on trial: that is called off */
    AREA_ON_TRIAL,  /* it lies in the other slot already, and is to be tried or is being tried */
    AREA_NEW,       /* nothing of Lintel's is there */
    AREA_AGAIN,     /* all is there, but the first sector is another loader's */
    AREA_UPDATE,    /* into the other slot, on trial */
};

/* Lists the writes that put this program's loader on the disk, for a boot volume on it. Refuses
 * what has no room: ERR_NO_MEMORY, ERR_NOT_FOUND, ERR_UNSUPPORTED. */
enum err area_plan_install(struct area *area, const struct volume *boot, enum area_step *step);

/* Lists the writes that restore everything; the first sector only where it leads to a slot. What
 * the loader that took it meanwhile needs stays, too. ERR_FORMAT: what was there is damaged. */
enum err area_plan_uninstall(struct area *area);

/* Carries the writes out. ERR_CHANGED: the first sector is not what it was when it was opened. */
enum err area_write(struct area *area);

/* True when its sectors are still in the gap or partition, and no partition has grown into them. */
bool area_is_in_place(const struct area *area);

/* True when something of Lintel's shows that the record is this disk's: the copy may be another's.
 */
bool area_is_known(const struct area *area);

/* ---- an update on trial (area_trial.c) ------------------------------------------------------- */

enum area_trial {
    TRIAL_NONE,
    TRIAL_WAITS,  /* the next start tries it */
    TRIAL_RUNS,   /* it has started this machine */
    TRIAL_FAILED, /* it was tried, and did not come so far as to start one */
};

enum area_trial area_trial(const struct area *area);

/* For area_trial.c: appends the write of a state to the pair. */
enum err area_add_state(struct area *area, enum phase phase, const struct state *state);

/* Appends the write of a sector of the area, or of the disk's first one with other code. */
enum err area_add_sector(struct area *area, enum phase phase, enum area_sector place,
                         const uint8_t sector[AREA_SECTOR_USED]);
enum err area_add_code(struct area *area, enum phase phase, const uint8_t *code);
