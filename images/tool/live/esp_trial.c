/* Is the loader on trial good, and what then? */
#include "images/tool/host/command.h"
#include "images/tool/host/durable.h"
#include "images/tool/host/text.h"
#include "images/tool/live/esp.h"
#include "images/tool/live/nvram.h"
#include <stdlib.h>

/* ---- it is ----------------------------------------------------------------------------------- */

static enum err exchange_names(const struct esp *esp)
{
    char *loader = esp_path(esp, ESP_LOADER), *trial = esp_path(esp, ESP_TRIAL);
    enum err err = durable_exchange(trial, loader);

    free(loader);
    free(trial);
    return err;
}

/* Where files can't be exchanged, the second one is what every start leads to while the first one
 * is written. */
static enum err write_beside(struct esp *esp)
{
    bool first = esp_is_first(esp);

    TRY(esp_add_entry(esp, ESP_TRIAL));
    if (first)
        TRY(boot_menu_put_first(&esp->menu, esp->entries[ESP_TRIAL]));
    TRY(esp_put(esp, ESP_LOADER, &esp->files[ESP_TRIAL]));
    return first ? boot_menu_put_first(&esp->menu, esp->entries[ESP_LOADER]) : OK;
}

static enum err exchange(struct esp *esp)
{
    struct content loader = esp->files[ESP_LOADER];
    enum err err = exchange_names(esp);

    TRY(err == ERR_UNSUPPORTED || err == ERR_NOT_FOUND ? write_beside(esp) : err);
    esp->files[ESP_LOADER] = esp->files[ESP_TRIAL];
    esp->files[ESP_TRIAL] = loader;
    return OK;
}

/* The file that firmware starts by itself where its boot menu is lost: only where no other loader's
 * is there. */
static enum err put_default(const struct esp *esp)
{
    const struct content *there = &esp->files[ESP_DEFAULT];
    bool ours = esp->undo.made >> ESP_DEFAULT & 1;
    bool is_old = esp_is_equal(there, &esp->files[ESP_TRIAL]);

    return ours && (!there->bytes || is_old) ? esp_put(esp, ESP_DEFAULT, &esp->files[ESP_LOADER])
                                             : OK;
}

static enum err bless(struct esp *esp)
{
    bool first = !esp->undo.good;

    TRY(nvram_check());
    TRY(esp_remove_drafts(esp));
    TRY(esp_add_entry(esp, ESP_LOADER));
    if (esp->undo.on_trial && !esp_is_exchanged(esp))
        TRY(exchange(esp));
    TRY(put_default(esp));
    if (first)
        TRY(boot_menu_put_first(&esp->menu, esp->entries[ESP_LOADER]));
    esp->undo.good = true;
    if (esp->undo.on_trial)
        TRY(esp_end_trial(esp));
    else
        TRY(esp_undo_write(&esp->undo));
    show(first ? "Lintel has started this machine: it is first in BootOrder now (Boot%04X).\n"
               : "The new Lintel has started this machine: it is what Boot%04X leads to now.\n",
         (unsigned)esp->entries[ESP_LOADER]);
    return OK;
}

/* ---- it is not ------------------------------------------------------------------------------- */

static enum err report_failure(struct esp *esp)
{
    if (!esp->undo.on_trial) {
        warn("Lintel was to be tried, but another loader has started this machine: `lintel "
             "install` has it tried again, `lintel uninstall` takes it away");
        return OK;
    }
    warn("the new Lintel was to be tried, but has not started this machine: it is removed, and the "
         "one before it stays");
    return esp_end_trial(esp);
}

/* Where Lintel is not installed nobody asks for an ESP. */
static enum err find_trial(const struct live *live, struct esp *esp, enum esp_trial *trial)
{
    enum err err = esp_undo_read(&esp->undo);

    *trial = ESP_TRIAL_NONE;
    if (err == ERR_NOT_FOUND)
        return OK;
    TRY(err);
    TRY(esp_look(live, esp));
    *trial = esp_trial(esp);
    return OK;
}

enum err esp_bless(const struct live *live, bool *done)
{
    static struct esp esp;
    enum esp_trial trial;

    *done = false;
    TRY(find_trial(live, &esp, &trial));
    *done = trial == ESP_TRIAL_RUNS || trial == ESP_TRIAL_FAILED;
    return trial == ESP_TRIAL_RUNS     ? bless(&esp)
           : trial == ESP_TRIAL_FAILED ? report_failure(&esp)
                                       : OK;
}

/* What was exchanged already is good. */
enum err esp_reject(const struct live *live, bool *done)
{
    static struct esp esp;
    enum esp_trial trial;

    *done = false;
    TRY(find_trial(live, &esp, &trial));
    if (trial == ESP_TRIAL_NONE)
        return OK;
    *done = true;
    TRY(nvram_check());
    if (esp.undo.on_trial)
        return esp_end_trial(&esp);
    return esp_remove_entry(&esp, ESP_LOADER);
}
