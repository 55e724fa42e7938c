/* Lintel on a UEFI machine while it runs: its file on the EFI system partition (ESP), through the
 * mount, and its entry in the firmware's boot menu.
 *
 * At any moment the firmware starts the old loader or the new one. A first installation is an entry
 * that only BootNext names: one start tries it, and esp_bless() in the system that it has started
 * puts it first in BootOrder. An update lies in a second file with an entry of its own, which one
 * start tries as well; then the files are exchanged. */
#pragma once

#include "images/tool/host/file.h"
#include "images/tool/live/esp_undo.h"
#include "images/tool/live/machine.h"

enum esp_trial {
    ESP_TRIAL_NONE,
    ESP_TRIAL_WAITS,  /* the next start tries it */
    ESP_TRIAL_RUNS,   /* it has started this machine */
    ESP_TRIAL_FAILED, /* another start than one of its own has been since */
};

/* What is there of it. */
struct esp {
    const struct live *live;
    bool installed; /* there is a record */
    struct esp_undo undo;
    struct boot_menu menu;
    struct content files[ESP_ITEMS]; /* no bytes: there is none; NULL for folders */
    int entries[ESP_ITEMS];          /* of the boot menu, of the loader and its trial; -1: none */
};

/* Reads all that, which live must outlive. ERR_NOT_FOUND: no ESP is mounted. ERR_CHANGED: Lintel is
 * installed on another ESP than the one that is mounted. ERR_FORMAT, ERR_UNSUPPORTED, ERR_IO. */
enum err esp_look(const struct live *live, struct esp *esp);

enum esp_trial esp_trial(const struct esp *esp);

/* True when the firmware starts Lintel by itself. */
bool esp_is_first(const struct esp *esp);

/* ---- install and uninstall ------------------------------------------------------------------- */

/* Checks that all of it can be done, before anything is done; keeps what is there, and puts the
 * files on the ESP. ERR_UNSUPPORTED, ERR_NO_MEMORY (no room), and those of esp_look(). Says what it
 * does, or would do: `dry_run`. */
enum err esp_install(const struct live *live, bool dry_run);

/* Behind it, and when there are entries: has the next start try it. */
enum err esp_enter(const struct live *live);

/* Takes Lintel out of the firmware's boot menu, whose variables become what they were; says what
 * does not, or that it would. ERR_NOT_FOUND: there is no record. */
enum err esp_leave(const struct live *live, bool dry_run);

/* Behind it: removes files, folders and the record. */
enum err esp_uninstall(const struct live *live);

/* ---- the trial ------------------------------------------------------------------------------- */

/* Makes what has started this machine what every start leads to, or ends the trial of what has not
 * come so far; says so. *done: there was one. Nothing happens where it was not tried yet. */
enum err esp_bless(const struct live *live, bool *done);

/* Takes the trial back, whether it was tried or not. */
enum err esp_reject(const struct live *live, bool *done);

/* ---- for these ------------------------------------------------------------------------------- */

/* ERR_UNSUPPORTED, ERR_NO_MEMORY: this program's loader can't be put there; says why. */
enum err esp_check(const struct esp *esp);

/* Of the partition, as struct boot_option has it. */
void esp_signature(const struct esp *esp, uint8_t signature[16]);

/* A file or folder, as it is to be opened; to be freed. */
char *esp_path(const struct esp *esp, enum esp_item item);
bool esp_has(const struct esp *esp, enum esp_item item);
enum err esp_put(const struct esp *esp, enum esp_item item, const struct content *content);
enum err esp_remove(const struct esp *esp, enum esp_item item);
/* What a call leaves that is cut short. */
enum err esp_remove_drafts(const struct esp *esp);

bool esp_is_equal(const struct content *one, const struct content *other);
/* The file under trial: the update, or the first installation's. */
enum esp_item esp_tried(const struct esp *esp);
/* That an update's trial has ended well shows by the files alone: they are exchanged. */
bool esp_is_exchanged(const struct esp *esp);

/* Gives the loader or its trial an entry where it has none. */
enum err esp_add_entry(struct esp *esp, enum esp_item item);
/* Takes it out of the order, and away. */
enum err esp_remove_entry(struct esp *esp, enum esp_item item);
/* Ends an update's trial, however it went. */
enum err esp_end_trial(struct esp *esp);
