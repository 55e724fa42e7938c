/* What does the firmware of a running UEFI machine start next? */
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/host/text.h"
#include "images/tool/live/boot_option.h"
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

/* "\EFI\lintel\lintelx64.efi", in whatever case. */
static bool is_path_of_ours(const struct steering *steering, const char *path)
{
    for (size_t i = 0; i < EFI_FILES; i++) {
        char *own = text_of("%s", efi_file_paths[i]);
        for (char *c = own; *c; c++)
            *c = *c == '/' ? '\\' : *c;
        bool same = text_equal(path, own) && steering->efi.files[i].ours;
        free(own);
        if (same)
            return true;
    }
    return false;
}

static void find(const struct steering *steering, uint16_t number, struct found *found)
{
    static uint8_t bytes[NVRAM_VALUE_MAX];
    uint64_t size = sizeof bytes;
    char name[16];

    *found = (struct found){.number = number};
    snprintf(name, sizeof name, "Boot%04X", number);
    found->readable = nvram_get(vendor_global, name, bytes, &size) == OK &&
                      boot_option_parse(bytes, size, &found->option) == OK;
    found->ours = found->readable && found->option.first_lba == steering->efi.volume.first_lba &&
                  is_path_of_ours(steering, found->option.path);
}

static void show_option(const char *key, const struct found *found)
{
    const struct boot_option *option = &found->option;

    if (!found->readable)
        status_line(key, "Boot%04X, which can't be read", found->number);
    else
        status_line(key, "Boot%04X %s%s%s%s%s", found->number, option->description,
                    *option->path ? ": " : "", option->path, option->active ? "" : "; not active",
                    found->ours ? "; Lintel" : "");
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

void status_firmware(const struct steering *steering)
{
    uint16_t order[OPTIONS_MAX];
    uint64_t bytes = sizeof order;
    bool once = show_next(steering), first = false, any = false;
    struct found found;

    if (nvram_get(vendor_global, "BootOrder", order, &bytes) != OK)
        bytes = 0;
    for (size_t i = 0; i < bytes / sizeof *order; i++) {
        find(steering, order[i], &found);
        show_option("boot order:", &found);
        first |= found.ours && !any;
        any |= found.readable && found.option.active;
    }
    if (any && !first && !once)
        status_wrong("the firmware starts another loader first, not Lintel: `lintel install` puts "
                     "Lintel there, and `lintel bless` keeps it");
}
