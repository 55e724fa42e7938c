/* How does Lintel get onto a UEFI machine, and off it? */
#include "common/format/crc32.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/host/command.h"
#include "images/tool/host/durable.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include "images/tool/image/embedded.h"
#include "images/tool/live/esp.h"
#include "images/tool/live/nvram.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum step {
    STEP_NONE,
    STEP_FIRST,     /* into its own place, which nothing depends on yet */
    STEP_AGAIN,     /* it is there, but not what the firmware starts */
    STEP_UPDATE,    /* into the second file, on trial */
    STEP_TAKE_BACK, /* it is there, but another one is on trial */
};

/* ---- install --------------------------------------------------------------------------------- */

static enum step choose_step(const struct esp *esp)
{
    const struct content *loader = &esp->files[ESP_LOADER];
    bool unused = esp->undo.made >> ESP_LOADER & 1 && !esp->undo.good;

    if (!loader->bytes)
        return STEP_FIRST;
    if (!esp_is_equal(loader, &embedded_efi))
        return unused ? STEP_FIRST : STEP_UPDATE;
    if (esp->undo.on_trial)
        return STEP_TAKE_BACK;
    return esp->undo.good && esp_is_first(esp) ? STEP_NONE : STEP_AGAIN;
}

/* What there is before the first installation, to be restored. */
static enum err record_before(struct esp *esp)
{
    struct esp_undo *undo = &esp->undo;

    *undo = (struct esp_undo){.menu = esp->menu};
    esp_signature(esp, undo->signature);
    for (int item = 0; item < ESP_ITEMS; item++)
        if (!esp_has(esp, (enum esp_item)item))
            undo->made |= 1u << item;
    for (int i = 0; i < ESP_VARIABLES; i++) {
        undo->values[i].bytes = ESP_VARIABLE_BYTES;
        enum err err = nvram_get(esp_variables[i].vendor, esp_variables[i].name,
                                 undo->values[i].value, &undo->values[i].bytes);
        if (err == ERR_NOT_FOUND)
            undo->values[i].bytes = 0;
        else
            TRY(err);
    }
    return OK;
}

static enum err save_loader(const struct esp *esp)
{
    char *path = root_path(ESP_UNDO_LOADER), *folder = root_path(ESP_UNDO_FOLDER);
    enum err err = durable_folder(folder);

    if (err == OK && esp->files[ESP_LOADER].bytes)
        err = durable_put(path, &esp->files[ESP_LOADER]);
    free(folder);
    free(path);
    return err;
}

static bool is_own_entry(const struct esp *esp, int number)
{
    return number >= 0 && (number == esp->entries[ESP_LOADER] || number == esp->entries[ESP_TRIAL]);
}

/* Before anything of it is done. */
static enum err record(struct esp *esp, enum step step)
{
    struct esp_undo *undo = &esp->undo;

    if (!esp->installed) {
        TRY(record_before(esp));
        TRY(save_loader(esp));
    }
    if (!is_own_entry(esp, esp->menu.next))
        undo->menu.next = esp->menu.next;
    undo->good = undo->good && step == STEP_UPDATE;
    undo->on_trial = step == STEP_UPDATE;
    undo->trial_crc = crc32(0, embedded_efi.bytes, embedded_efi.size);
    esp_boot_id(undo->boot_id);
    esp->installed = true;
    return esp_undo_write(undo);
}

static enum err put_files(const struct esp *esp, enum step step)
{
    enum esp_item item = step == STEP_UPDATE ? ESP_TRIAL : ESP_LOADER;

    return esp_is_equal(&esp->files[item], &embedded_efi) ? OK : esp_put(esp, item, &embedded_efi);
}

static void tell_install(const struct esp *esp, enum step step)
{
    static const char *const words[] = {[STEP_FIRST] = "Installing Lintel",
                                        [STEP_AGAIN] = "Installing Lintel",
                                        [STEP_UPDATE] = "Updating Lintel",
                                        [STEP_TAKE_BACK] = "Taking back an update of Lintel"};
    const struct live_mount *mount = &esp->live->esp;

    show("%s on the EFI system partition %s (%s, partition %u):\n", words[step], mount->folder,
         mount->disk, mount->number);
    if (step == STEP_UPDATE)
        show("  UEFI: the new one is put beside it, %s, to be tried once.\n", esp_items[ESP_TRIAL]);
    if (step == STEP_FIRST)
        show("  UEFI: %s is put there; other loaders stay.\n", esp_items[ESP_LOADER]);
    if (!esp->installed)
        show("  What was there is kept in " ESP_UNDO_FILE ", for `lintel uninstall`.\n");
}

enum err esp_install(const struct live *live, bool dry_run)
{
    static struct esp esp;

    TRY(esp_look(live, &esp));
    enum step step = choose_step(&esp);
    if (step == STEP_NONE) {
        show("This Lintel is installed already on %s.\n", live->esp.folder);
        return OK;
    }
    TRY(esp_check(&esp));
    tell_install(&esp, step);
    if (dry_run)
        return OK;
    TRY(esp_remove_drafts(&esp));
    if (esp.undo.on_trial && step != STEP_UPDATE)
        TRY(esp_end_trial(&esp));
    if (step == STEP_TAKE_BACK && esp.undo.good)
        return OK;
    TRY(record(&esp, step));
    return put_files(&esp, step);
}

enum err esp_enter(const struct live *live)
{
    static struct esp esp;

    TRY(esp_look(live, &esp));
    enum esp_item tried = esp_tried(&esp);
    if (!esp.installed || (esp.undo.good && !esp.undo.on_trial))
        return OK;
    TRY(esp_add_entry(&esp, tried));
    TRY(boot_menu_set_next(&esp.menu, esp.entries[tried]));
    show("  UEFI: the next start tries it (Boot%04X, BootNext); when that has come up, `lintel "
         "bless` makes\n  it what every start leads to. If not, the one after starts what starts "
         "now.\n",
         (unsigned)esp.entries[tried]);
    return OK;
}

/* ---- uninstall ------------------------------------------------------------------------------- */

static enum err look_at_installation(const struct live *live, struct esp *esp)
{
    TRY(esp_look(live, esp));
    return esp->installed
               ? OK
               : fail(ERR_NOT_FOUND, "Lintel is not installed: there is no " ESP_UNDO_FILE
                                     ", which says what to restore");
}

static enum err restore_variables(const struct esp_undo *undo)
{
    for (int i = 0; i < ESP_VARIABLES; i++)
        TRY(nvram_set(esp_variables[i].vendor, esp_variables[i].name, true, undo->values[i].value,
                      undo->values[i].bytes));
    return OK;
}

/* An entry that was there before stays. */
static enum err remove_own_entry(struct esp *esp, enum esp_item item)
{
    return boot_menu_has(&esp->undo.menu, esp->entries[item]) ? OK : esp_remove_entry(esp, item);
}

/* What leads to it goes before it goes. */
enum err esp_leave(const struct live *live, bool dry_run)
{
    static struct esp esp;
    bool same;

    TRY(look_at_installation(live, &esp));
    TRY(nvram_check());
    show("Removing Lintel from the EFI system partition %s and the firmware's boot menu:\n",
         live->esp.folder);
    if (dry_run)
        return OK;
    if (is_own_entry(&esp, esp.menu.next))
        TRY(boot_menu_set_next(&esp.menu, esp.undo.menu.next));
    TRY(boot_menu_restore(&esp.menu, &esp.undo.menu, &esp.entries[ESP_LOADER], &same));
    TRY(remove_own_entry(&esp, ESP_LOADER));
    TRY(remove_own_entry(&esp, ESP_TRIAL));
    TRY(restore_variables(&esp.undo));
    show(same ? "  UEFI: the firmware's boot menu is what it was.\n"
              : "  UEFI: somebody else has changed BootOrder since: Lintel is taken out of it, the "
                "rest stays.\n");
    return OK;
}

static enum err restore_loader(const struct esp *esp)
{
    char *path = root_path(ESP_UNDO_LOADER);
    struct content saved;
    enum err err = file_map(path, &saved);

    free(path);
    if (err != OK)
        return fail(err, "%s as it was before Lintel can't be restored: %s", esp_items[ESP_LOADER],
                    err_message());
    return esp_put(esp, ESP_LOADER, &saved);
}

/* A file that others may have put there since, or changed. */
static enum err remove_unchanged(const struct esp *esp, enum esp_item item, bool unchanged)
{
    if (!(esp->undo.made >> item & 1) || !esp->files[item].bytes)
        return OK;
    if (unchanged)
        return esp_remove(esp, item);
    show("  %s%s: has been changed since: it stays.\n", esp->live->esp.folder, esp_items[item]);
    return OK;
}

/* One that others use as well stays. */
static enum err remove_folder(const struct esp *esp, enum esp_item item)
{
    char *path = esp_path(esp, item);
    bool made = esp->undo.made >> item & 1;
    enum err err = OK;

    if (made && rmdir(path) == 0)
        err = durable_settle(path);
    else if (made && errno != ENOENT && errno != ENOTEMPTY)
        err = file_fail(path);

    free(path);
    return err;
}

/* What kind of entries there are is said as long as there are some. */
static enum err remove_entries(const struct esp *esp)
{
    TRY(remove_folder(esp, ESP_ENTRIES));
    const struct content kind = {(const uint8_t *)"type1\n", 6};
    bool used = esp->undo.made >> ESP_ENTRIES & 1 && esp_has(esp, ESP_ENTRIES);

    return used ? OK
                : remove_unchanged(esp, ESP_ENTRIES_KIND,
                                   esp_is_equal(&esp->files[ESP_ENTRIES_KIND], &kind));
}

static enum err remove_files(const struct esp *esp)
{
    const struct content *files = esp->files;
    bool default_ours = esp_is_equal(&files[ESP_DEFAULT], &files[ESP_LOADER]) ||
                        esp_is_equal(&files[ESP_DEFAULT], &files[ESP_TRIAL]) ||
                        esp_is_equal(&files[ESP_DEFAULT], &embedded_efi);

    TRY(remove_unchanged(esp, ESP_DEFAULT, default_ours));
    TRY(esp_remove(esp, ESP_TRIAL));
    TRY(remove_entries(esp));
    return esp->undo.made >> ESP_LOADER & 1 ? esp_remove(esp, ESP_LOADER) : restore_loader(esp);
}

enum err esp_uninstall(const struct live *live)
{
    static struct esp esp;

    TRY(look_at_installation(live, &esp));
    TRY(esp_remove_drafts(&esp));
    TRY(remove_files(&esp));
    for (int item = ESP_FOLDERS - 1; item >= 0; item--)
        TRY(remove_folder(&esp, (enum esp_item)item));
    TRY(esp_undo_remove());
    show("  UEFI: the files of %s are what they were.\n", live->esp.folder);
    return OK;
}
