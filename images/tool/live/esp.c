/* What of Lintel is there on a UEFI machine? */
#include "images/tool/live/esp.h"
#include "common/format/crc32.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/lib/utf8.h"
#include "common/storage/state_variable.h"
#include "images/tool/host/durable.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include "images/tool/live/nvram.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_UNITS 256

/* ---- files ----------------------------------------------------------------------------------- */

char *esp_path(const struct esp *esp, enum esp_item item)
{
    char *own = text_of("%s%s", esp->live->esp.folder, esp_items[item]), *path = root_path(own);

    free(own);
    return path;
}

bool esp_has(const struct esp *esp, enum esp_item item)
{
    char *path = esp_path(esp, item);
    bool there = access(path, F_OK) == 0;

    free(path);
    return there;
}

enum err esp_put(const struct esp *esp, enum esp_item item, const struct content *content)
{
    char *path = esp_path(esp, item);
    char *folder = text_of("%.*s", (int)(text_base(path) - 1 - path), path);
    enum err err = durable_folder(folder);

    if (err == OK)
        err = durable_put(path, content);
    free(folder);
    free(path);
    return err;
}

enum err esp_remove(const struct esp *esp, enum esp_item item)
{
    char *path = esp_path(esp, item);
    enum err err = esp_has(esp, item) ? durable_remove(path) : OK;

    free(path);
    return err;
}

enum err esp_remove_drafts(const struct esp *esp)
{
    enum err err = OK;

    for (int item = ESP_FOLDERS; err == OK && item < ESP_ITEMS; item++) {
        char *path = esp_path(esp, (enum esp_item)item);
        char *draft = text_of("%s" DURABLE_DRAFT, path);

        err = unlink(draft) == 0 || errno == ENOENT ? OK : file_fail(draft);
        free(draft);
        free(path);
    }
    return err;
}

bool esp_is_equal(const struct content *one, const struct content *other)
{
    return one->bytes && other->bytes && one->size == other->size &&
           memcmp(one->bytes, other->bytes, one->size) == 0;
}

static enum err read_files(struct esp *esp)
{
    for (int item = ESP_FOLDERS; item < ESP_ITEMS; item++) {
        char *path = esp_path(esp, (enum esp_item)item);
        enum err err = file_map(path, &esp->files[item]);

        free(path);
        if (err == ERR_NOT_FOUND)
            esp->files[item] = (struct content){0};
        else
            TRY(err);
    }
    return OK;
}

/* ---- the boot menu --------------------------------------------------------------------------- */

/* As a load option names the partition. */
static struct boot_option partition_of(const struct live_mount *mount)
{
    struct boot_option option = {.active = true,
                                 .number = mount->number,
                                 .first_lba = mount->first_lba,
                                 .sectors = mount->sectors};
    static const uint8_t none[sizeof option.signature];

    option.gpt = memcmp(mount->guid, none, sizeof none) != 0;
    if (option.gpt)
        memcpy(option.signature, mount->guid, sizeof option.signature);
    else
        memcpy(option.signature, &mount->disk_signature, sizeof mount->disk_signature);
    return option;
}

static struct boot_option option_of(const struct esp *esp, enum esp_item item)
{
    struct boot_option option = partition_of(&esp->live->esp);

    strcpy(option.description, item == ESP_TRIAL ? "Lintel (on trial)" : "Lintel");
    strcpy(option.path, esp_items[item]);
    for (char *c = option.path; *c; c++)
        *c = *c == '/' ? '\\' : *c;
    return option;
}

static enum err find_entries(struct esp *esp)
{
    for (int item = ESP_LOADER; item <= ESP_TRIAL; item++) {
        struct boot_option option = option_of(esp, (enum esp_item)item);
        TRY(boot_menu_find(&option, &esp->entries[item]));
    }
    return OK;
}

bool esp_is_first(const struct esp *esp)
{
    return esp->entries[ESP_LOADER] >= 0 && esp->menu.count &&
           esp->menu.order[0] == esp->entries[ESP_LOADER];
}

enum err esp_add_entry(struct esp *esp, enum esp_item item)
{
    struct boot_option option = option_of(esp, item);

    return esp->entries[item] >= 0 ? OK : boot_menu_add(&esp->menu, &option, &esp->entries[item]);
}

void esp_signature(const struct esp *esp, uint8_t signature[16])
{
    struct boot_option here = partition_of(&esp->live->esp);

    memcpy(signature, here.signature, sizeof here.signature);
}

/* First out of what leads to it. */
enum err esp_remove_entry(struct esp *esp, enum esp_item item)
{
    int number = esp->entries[item];

    if (number < 0)
        return OK;
    if (esp->menu.next == number)
        TRY(boot_menu_set_next(&esp->menu, -1));
    TRY(boot_menu_take_out(&esp->menu, number));
    esp->entries[item] = -1;
    return boot_menu_remove(number);
}

/* ---- the record ------------------------------------------------------------------------------ */

static enum err read_record(struct esp *esp)
{
    enum err err = esp_undo_read(&esp->undo);
    uint8_t here[16];

    esp_signature(esp, here);
    esp->installed = err == OK;
    if (err == ERR_NOT_FOUND)
        return OK;
    TRY(err);
    if (memcmp(esp->undo.signature, here, sizeof here) == 0)
        return OK;
    return fail(ERR_CHANGED,
                ESP_UNDO_FILE ": Lintel is installed on another EFI system partition than the one "
                              "on %s: mount that one, or, if it is gone, remove this file",
                esp->live->esp.folder);
}

enum err esp_look(const struct live *live, struct esp *esp)
{
    *esp = (struct esp){.live = live};
    for (int item = 0; item < ESP_ITEMS; item++)
        esp->entries[item] = -1;
    if (!live->esp.folder[0])
        return fail(ERR_NOT_FOUND, "no EFI system partition with FAT is mounted on /efi, /boot/efi "
                                   "or /boot: mount it (mount /boot/efi)");
    TRY(read_record(esp));
    TRY(read_files(esp));
    TRY(boot_menu_read(&esp->menu));
    return find_entries(esp);
}

/* ---- the trial ------------------------------------------------------------------------------- */

enum esp_item esp_tried(const struct esp *esp)
{
    return esp->undo.on_trial ? ESP_TRIAL : ESP_LOADER;
}

static bool has_sum(const struct content *file, uint32_t sum)
{
    return file->bytes && crc32(0, file->bytes, file->size) == sum;
}

bool esp_is_exchanged(const struct esp *esp)
{
    return esp->undo.on_trial && has_sum(&esp->files[ESP_LOADER], esp->undo.trial_crc);
}

/* A text among the Boot Loader Interface's variables; "": there is none. */
static void read_text(const char *name, char text[3 * TEXT_UNITS])
{
    uint16_t units[TEXT_UNITS] = {0};
    uint64_t bytes = sizeof units - sizeof *units;
    uint32_t length = 0;

    if (nvram_get(vendor_loader, name, units, &bytes) == OK)
        while (units[length])
            length++;
    utf8_from_utf16(units, length, text);
}

/* Did that file start this machine? It said so, and firmware's variables forget it at a restart. */
static bool has_started_it(const struct esp *esp, enum esp_item item)
{
    struct boot_option option = option_of(esp, item);
    char path[3 * TEXT_UNITS], partition[3 * TEXT_UNITS], guid[TEXT_GUID_BYTES];

    read_text("LoaderImageIdentifier", path);
    read_text("LoaderDevicePartUUID", partition);
    text_guid(guid, option.signature);
    return text_equal(path, option.path) &&
           (!option.gpt || !partition[0] || text_equal(partition, guid));
}

static bool is_set_in_this_start(const struct esp_undo *undo)
{
    char id[ESP_BOOT_ID_BYTES];

    esp_boot_id(id);
    return id[0] && strcmp(id, undo->boot_id) == 0;
}

/* A file that is not what was put there is not tried. */
enum esp_trial esp_trial(const struct esp *esp)
{
    enum esp_item tried = esp_tried(esp);

    if (!esp->installed || (esp->undo.good && !esp->undo.on_trial))
        return ESP_TRIAL_NONE;
    if (esp_is_exchanged(esp))
        return ESP_TRIAL_RUNS;
    if (esp->undo.on_trial && !has_sum(&esp->files[ESP_TRIAL], esp->undo.trial_crc))
        return ESP_TRIAL_FAILED;
    if (is_set_in_this_start(&esp->undo))
        return ESP_TRIAL_WAITS;
    if (has_started_it(esp, tried))
        return ESP_TRIAL_RUNS;
    bool waits = esp->menu.next >= 0 && esp->menu.next == esp->entries[tried];
    return waits ? ESP_TRIAL_WAITS : ESP_TRIAL_FAILED;
}

enum err esp_end_trial(struct esp *esp)
{
    TRY(esp_remove_entry(esp, ESP_TRIAL));
    TRY(esp_remove(esp, ESP_TRIAL));
    esp->undo.on_trial = false;
    return esp_undo_write(&esp->undo);
}
