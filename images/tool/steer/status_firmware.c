/* What does the firmware of a running UEFI machine start next? */
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/host/text.h"
#include "images/tool/live/boot_option.h"
#include "images/tool/live/esp.h"
#include "images/tool/live/nvram.h"
#include "images/tool/steer/status.h"
#include <stdio.h>
#include <stdlib.h>

#define OPTIONS_MAX 256 /* of the boot order */

struct found {
    uint16_t number;
    bool readable, ours;
    struct boot_option option;
};

/* "\EFI\lintel\lintelx64.efi", in whatever case; a disk alone stands for its default loader. */
static bool is_path_of_ours(const struct steering *steering, const char *path)
{
    for (size_t i = 0; i < EFI_FILES; i++) {
        char *own = text_of("%s", efi_file_paths[i]);
        for (char *c = own; *c; c++)
            *c = *c == '/' ? '\\' : *c;
        bool same = (!*path && i == EFI_FILE_DEFAULT) || text_equal(path, own);
        free(own);
        if (same)
            return steering->efi.files[i].ours;
    }
    return false;
}

/* What leads to no partition may lead to this disk. */
static void find(const struct steering *steering, uint16_t number, struct found *found)
{
    static uint8_t bytes[NVRAM_VALUE_MAX];
    const struct boot_option *option = &found->option;
    uint64_t size = sizeof bytes;
    char name[16];

    *found = (struct found){.number = number};
    snprintf(name, sizeof name, "Boot%04X", number);
    found->readable = nvram_get(vendor_global, name, bytes, &size) == OK &&
                      boot_option_parse(bytes, size, &found->option) == OK;
    found->ours =
        found->readable && is_path_of_ours(steering, option->path) &&
        (option->number ? option->first_lba == steering->efi.volume.first_lba : !*option->path);
}

static void show_option(const char *key, const struct found *found)
{
    const struct boot_option *option = &found->option;

    if (!found->readable)
        status_line(key, "Boot%04X, which can't be read", found->number);
    else
        status_line(key, "Boot%04X %s%s%s%s%s", found->number, option->description,
                    *option->path ? ": " : "", option->path, option->active ? "" : "; not active",
                    !found->ours     ? ""
                    : option->number ? "; Lintel"
                                     : "; Lintel, if it is this disk");
}

/* Is it Lintel that the firmware starts once? */
static bool show_next(const struct steering *steering)
{
    uint16_t number;
    uint64_t bytes = sizeof number;
    struct found found;

    if (nvram_get(vendor_global, "BootNext", &number, &bytes) != OK || bytes != sizeof number)
        return false;
    find(steering, number, &found);
    show_option("boot next:", &found);
    return found.ours;
}

static enum esp_trial show_trial(const struct steering *steering)
{
    static const char *const words[] = {
        [ESP_TRIAL_WAITS] = "pending: the next start tries the new Lintel, once",
        [ESP_TRIAL_RUNS] = "started: `lintel bless` keeps it, without that the next start is by "
                           "the loader before",
        [ESP_TRIAL_FAILED] = "failed: the new Lintel has not started this machine",
    };
    static struct esp esp;

    if (esp_look(&steering->machine, &esp) != OK) {
        status_wrong("%s", err_message());
        return ESP_TRIAL_NONE;
    }
    enum esp_trial trial = esp.installed ? esp_trial(&esp) : ESP_TRIAL_NONE;
    if (trial != ESP_TRIAL_NONE)
        status_line("trial:", "%s", words[trial]);
    if (trial == ESP_TRIAL_FAILED)
        status_wrong("%s: `lintel bless` ends the trial", words[trial]);
    return trial;
}

/* In the order the first that can be started. */
static bool show_order(const struct steering *steering)
{
    uint16_t order[OPTIONS_MAX];
    uint64_t bytes = sizeof order;
    bool any = false, first = true;
    struct found found;

    if (nvram_get(vendor_global, "BootOrder", order, &bytes) != OK)
        bytes = 0;
    for (size_t i = 0; i < bytes / sizeof *order; i++) {
        find(steering, order[i], &found);
        show_option("boot order:", &found);
        if (!any && found.readable && found.option.active) {
            any = true;
            first = found.ours;
        }
    }
    return first;
}

void status_firmware(const struct steering *steering)
{
    bool once = show_next(steering), first = show_order(steering);

    enum esp_trial trial = show_trial(steering);

    if (trial != ESP_TRIAL_RUNS && !once && !first && steering_has(steering, LINTEL_FIRMWARE_UEFI))
        status_wrong("the firmware starts another loader first, not Lintel: `lintel install` has "
                     "it tried, and `lintel bless` then puts it first");
}
