/* What was there before Lintel was installed on a UEFI machine? */
#include "images/tool/live/esp_undo.h"
#include "common/lib/mem.h"
#include "common/storage/state_variable.h"
#include "images/tool/host/durable.h"
#include "images/tool/host/file.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TITLE "lintel-undo-uefi 1"
#define GIVE_UP                                                                                    \
    "restore it from a copy, or remove it: then Lintel's files and its entry in the boot menu "    \
    "stay "                                                                                        \
    "until you remove them"
#define LINE_ROOM (2 * ESP_VARIABLE_BYTES + 64)

const char *const esp_items[ESP_ITEMS] = {
    [ESP_EFI] = "/EFI",
    [ESP_EFI_BOOT] = "/EFI/BOOT",
    [ESP_EFI_LINTEL] = "/EFI/lintel",
    [ESP_LOADER_FOLDER] = "/loader",
    [ESP_ENTRIES] = "/loader/entries",
    [ESP_LOADER] = "/EFI/lintel/lintelx64.efi",
    [ESP_TRIAL] = "/EFI/lintel/trialx64.efi",
    [ESP_DEFAULT] = "/EFI/BOOT/BOOTX64.EFI",
    [ESP_ENTRIES_KIND] = "/loader/entries.srel",
};

const struct esp_variable esp_variables[ESP_VARIABLES] = {
    {vendor_loader, "LoaderEntryDefault"},         {vendor_loader, "LoaderEntryOneShot"},
    {vendor_loader, "LoaderEntryLastBooted"},      {vendor_loader, "LoaderConfigTimeout"},
    {vendor_loader, "LoaderConfigTimeoutOneShot"}, {vendor_lintel, "LintelTries"},
};

void esp_boot_id(char id[ESP_BOOT_ID_BYTES])
{
    char *path = root_path("/proc/sys/kernel/random/boot_id");
    FILE *file = fopen(path, "re");
    bool read = file && fgets(id, ESP_BOOT_ID_BYTES, file);

    id[read ? strcspn(id, "\n") : 0] = 0;
    if (file)
        fclose(file);
    free(path);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void add_bytes(char **text, const void *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        text_add(text, "%02x", ((const uint8_t *)bytes)[i]);
    text_add(text, "\n");
}

static void add_menu(char **text, const struct boot_menu *menu)
{
    if (menu->has_order) {
        text_add(text, "boot-order ");
        add_bytes(text, menu->order, menu->count * sizeof *menu->order);
    }
    if (menu->next >= 0)
        text_add(text, "boot-next %u\n", (unsigned)menu->next);
}

enum err esp_undo_write(const struct esp_undo *undo)
{
    char *text = text_of(TITLE "\npartition "), *path = root_path(ESP_UNDO_FILE);
    char *folder = root_path(ESP_UNDO_FOLDER);
    enum err err = durable_folder(folder);

    add_bytes(&text, undo->signature, sizeof undo->signature);
    add_menu(&text, &undo->menu);
    for (int item = 0; item < ESP_ITEMS; item++)
        if (undo->made >> item & 1)
            text_add(&text, "made %s\n", esp_items[item]);
    for (int i = 0; i < ESP_VARIABLES; i++)
        if (undo->values[i].bytes) {
            text_add(&text, "variable %s ", esp_variables[i].name);
            add_bytes(&text, undo->values[i].value, undo->values[i].bytes);
        }
    if (undo->boot_id[0])
        text_add(&text, "boot-id %s\n", undo->boot_id);
    if (undo->on_trial)
        text_add(&text, "trial %u\n", undo->trial_crc);
    text_add(&text, undo->good ? "good\nend\n" : "end\n");
    if (err == OK)
        err = durable_write(path, text);
    free(folder);
    free(path);
    free(text);
    return err;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Bytes from hexadecimal digits; false: they are none, or too many. */
static bool take_bytes(const char *digits, void *to, uint64_t room, uint64_t *count)
{
    uint8_t *byte = to;
    unsigned value;
    int end;

    for (*count = 0; *digits; digits += 2, ++*count)
        if (*count == room || sscanf(digits, "%2x%n", &value, &end) != 1 || end != 2)
            return false;
        else
            byte[*count] = (uint8_t)value;
    return true;
}

static bool take_number(const char *digits, uint64_t most, uint64_t *number)
{
    char *end;

    *number = strtoull(digits, &end, 10);
    return *digits >= '0' && *digits <= '9' && !*end && *number <= most;
}

static bool take_partition(char *digits, struct esp_undo *undo)
{
    uint64_t bytes;

    return take_bytes(digits, undo->signature, sizeof undo->signature, &bytes) &&
           bytes == sizeof undo->signature;
}

static bool take_order(char *digits, struct esp_undo *undo)
{
    uint64_t bytes;

    if (!take_bytes(digits, undo->menu.order, sizeof undo->menu.order, &bytes) || bytes % 2)
        return false;
    undo->menu.has_order = true;
    undo->menu.count = (uint32_t)bytes / 2;
    return true;
}

static bool take_next(char *digits, struct esp_undo *undo)
{
    uint64_t number;
    bool taken = take_number(digits, UINT16_MAX, &number);

    undo->menu.next = (int)number;
    return taken;
}

static bool take_made(char *path, struct esp_undo *undo)
{
    for (int item = 0; item < ESP_ITEMS; item++)
        if (strcmp(path, esp_items[item]) == 0) {
            undo->made |= 1u << item;
            return true;
        }
    return false;
}

static bool take_variable(char *name, struct esp_undo *undo)
{
    char *digits = strchr(name, ' ');

    if (!digits)
        return false;
    *digits++ = 0;
    for (int i = 0; i < ESP_VARIABLES; i++)
        if (strcmp(name, esp_variables[i].name) == 0)
            return take_bytes(digits, undo->values[i].value, ESP_VARIABLE_BYTES,
                              &undo->values[i].bytes);
    return false;
}

static bool take_trial(char *digits, struct esp_undo *undo)
{
    uint64_t number;

    undo->on_trial = take_number(digits, UINT32_MAX, &number);
    undo->trial_crc = (uint32_t)number;
    return undo->on_trial;
}

static bool take_boot_id(char *id, struct esp_undo *undo)
{
    return snprintf(undo->boot_id, sizeof undo->boot_id, "%s", id) < ESP_BOOT_ID_BYTES;
}

static bool take_good(char *nothing, struct esp_undo *undo)
{
    undo->good = true;
    return !*nothing;
}

static bool take_line(const char *word, char *rest, struct esp_undo *undo)
{
    static const struct {
        const char *word;
        bool (*take)(char *rest, struct esp_undo *undo);
    } rows[] = {{"partition", take_partition}, {"boot-order", take_order},
                {"boot-next", take_next},      {"made", take_made},
                {"variable", take_variable},   {"trial", take_trial},
                {"boot-id", take_boot_id},     {"good", take_good}};

    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (strcmp(word, rows[i].word) == 0)
            return rows[i].take(rest, undo);
    return false;
}

/* The first line says what it is, the last one that nothing is missing. */
static enum err parse(struct content text, struct esp_undo *undo)
{
    static char line[LINE_ROOM];
    unsigned number = 0;

    while (content_line(&text, line, sizeof line)) {
        line[strcspn(line, "\n")] = 0;
        char *rest = line + strcspn(line, " ");
        if (*rest)
            *rest++ = 0;
        if (++number > 1 && strcmp(line, "end") == 0)
            return OK;
        bool good = number == 1 ? strcmp(line, "lintel-undo-uefi") == 0 && strcmp(rest, "1") == 0
                                : take_line(line, rest, undo);
        if (!good)
            return fail(ERR_FORMAT, ESP_UNDO_FILE ": line %u makes no sense: `%s`: " GIVE_UP,
                        number, line);
    }
    return fail(ERR_FORMAT, ESP_UNDO_FILE ": ends in the middle: " GIVE_UP);
}

enum err esp_undo_read(struct esp_undo *undo)
{
    char *path = root_path(ESP_UNDO_FILE);
    struct content text;
    enum err err = file_map_text(path, &text);

    *undo = (struct esp_undo){.menu.next = -1};
    free(path);
    return err == OK ? parse(text, undo) : err;
}

static enum err remove_file(const char *own)
{
    char *path = root_path(own);
    enum err err = access(path, F_OK) == 0 ? durable_remove(path) : OK;

    free(path);
    return err;
}

enum err esp_undo_remove(void)
{
    TRY(remove_file(ESP_UNDO_LOADER));
    return remove_file(ESP_UNDO_FILE);
}
