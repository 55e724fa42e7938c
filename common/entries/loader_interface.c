/* What do the firmware's variables tell of this boot, and what do they wish of it? */
#include "common/entries/loader_interface.h"
#include "common/entries/auto.h"
#include "common/hw/cpu.h"
#include "common/lib/doubt.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/lib/utf8.h"
#include "common/storage/state_variable.h"
#include "common/version.h"

#define TEXT_UNITS LOADER_TEXT_UNITS
#define TEXT_BYTES LOADER_TEXT_BYTES

/* EFI_GLOBAL_VARIABLE (UEFI 2.10, 3.3) */
static const uint8_t global_vendor[16] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                          0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};

/* LoaderFeatures */
#define FEATURE_CONFIG_TIMEOUT          (UINT64_C(1) << 0)
#define FEATURE_CONFIG_TIMEOUT_ONE_SHOT (UINT64_C(1) << 1)
#define FEATURE_ENTRY_DEFAULT           (UINT64_C(1) << 2)
#define FEATURE_ENTRY_ONE_SHOT          (UINT64_C(1) << 3)
#define FEATURE_BOOT_COUNTING           (UINT64_C(1) << 4)
#define FEATURE_XBOOTLDR                (UINT64_C(1) << 5)
#define FEATURE_SORT_KEY                (UINT64_C(1) << 8)
#define FEATURE_SAVED_ENTRY             (UINT64_C(1) << 9)
#define FEATURE_MENU_DISABLED           (UINT64_C(1) << 13)
#define FEATURE_UKI_PROFILES            (UINT64_C(1) << 14)
#define FEATURE_UKI                     (UINT64_C(1) << 16)

#define FEATURES                                                                                   \
    (FEATURE_CONFIG_TIMEOUT | FEATURE_CONFIG_TIMEOUT_ONE_SHOT | FEATURE_ENTRY_DEFAULT |            \
     FEATURE_ENTRY_ONE_SHOT | FEATURE_BOOT_COUNTING | FEATURE_XBOOTLDR | FEATURE_SORT_KEY |        \
     FEATURE_SAVED_ENTRY | FEATURE_MENU_DISABLED | FEATURE_UKI_PROFILES | FEATURE_UKI)

#define OS_INDICATIONS_BOOT_TO_FW_UI UINT64_C(1)

/* ---- single variables ------------------------------------------------------------------------ */

static bool is_there(const struct machine *machine)
{
    return machine->firmware->set_variable;
}

/* What can't be said does not keep anything from booting. */
static void set(const struct machine *machine, const char *name, const void *value, uint64_t bytes)
{
    if (machine->firmware->set_variable(vendor_loader, name, false, value, bytes) != OK)
        note("%s\n", err_message());
}

static enum err set_text(const struct machine *machine, const char *name, bool kept,
                         const char *text)
{
    uint16_t units[TEXT_BYTES];

    if (strlen(text) >= TEXT_BYTES)
        return fail(ERR_UNSUPPORTED, "%s: more than %u bytes", name, TEXT_BYTES - 1);
    uint64_t length = utf8_to_utf16(text, units) + 1;
    return machine->firmware->set_variable(vendor_loader, name, kept, units, 2 * length);
}

static void say_text(const struct machine *machine, const char *name, const char *text)
{
    if (text && set_text(machine, name, false, text) != OK)
        note("%s\n", err_message());
}

enum err loader_interface_read(const struct machine *machine, const char *name, char *text)
{
    uint16_t units[TEXT_UNITS];
    uint64_t bytes = sizeof units;
    uint32_t length = 0;

    TRY(machine->firmware->get_variable(vendor_loader, name, units, &bytes));
    if (bytes % 2)
        return fail(ERR_FORMAT, "its %lu bytes are no UTF-16 text", bytes);
    while (length < bytes / 2 && units[length])
        length++;
    utf8_from_utf16(units, length, text);
    return length > 0 ? OK : ERR_NOT_FOUND;
}

enum err loader_interface_write(const struct machine *machine, const char *name, const char *text)
{
    if (*text)
        return set_text(machine, name, true, text);
    return machine->firmware->set_variable(vendor_loader, name, true, NULL, 0);
}

static void say_time(const struct machine *machine, const char *name, uint64_t tsc)
{
    uint64_t hz = machine->facts->tsc_hz;
    char text[24];

    if (!hz)
        return;
    fmt(text, sizeof text, "%lu", tsc / hz * 1000000 + tsc % hz * 1000000 / hz);
    say_text(machine, name, text);
}

/* ---- what the operating system wants to know ------------------------------------------------- */

static void say_partition(const struct machine *machine)
{
    const struct boot_origin *origin = &machine->facts->origin;
    char text[TEXT_GUID_BYTES];

    if (!origin->has_guid)
        return;
    text_guid(text, origin->guid);
    say_text(machine, "LoaderDevicePartUUID", text);
}

void loader_interface_name(const struct entry *entry, char *name)
{
    fmt(name, TEXT_BYTES, "%s%s", entry->id, entry->suffix);
}

/* One after the other, each with its final 0. Also those that nobody has looked for yet: their
 * memory is given back with the caller's. */
static enum err say_entries(struct machine *machine, struct config config)
{
    uint64_t length = 0, room = 0;
    char name[TEXT_BYTES];
    uint16_t *units;

    if (machine->facts->firmware == LINTEL_FIRMWARE_UEFI) /* a BIOS keeps no such list */
        auto_entries_find(&config);
    for (uint32_t i = 0; i < config.count; i++)
        room += strlen(config.entries[i].id) + strlen(config.entries[i].suffix) + 1;
    TRY(ARENA_TAKE(&machine->arena, room, &units));
    for (uint32_t i = 0; i < config.count; i++) {
        loader_interface_name(&config.entries[i], name);
        length += utf8_to_utf16(name, units + length) + 1;
    }
    set(machine, "LoaderEntries", units, 2 * length);
    return OK;
}

/* The file that systemd-bless-boot takes the counter from, when all went well: it looks where a
 * name can be changed. */
static void say_count(struct loader_interface *interface, const struct config *config,
                      const struct entry *entry)
{
    bool tell = config->counting && entry->counted && fs_can_rename(entry->fs);
    char path[TEXT_BYTES];

    if (tell) {
        fmt(path, sizeof path, "%s", entry->path);
        for (char *c = path; *c; c++)
            if (*c == '/')
                *c = '\\';
        say_text(interface->machine, "LoaderBootCountPath", path);
    } else if (interface->told_count) {
        set(interface->machine, "LoaderBootCountPath", NULL, 0);
    }
    interface->told_count = tell;
}

void loader_interface_tell(struct loader_interface *interface, const struct config *config,
                           const struct entry *entry)
{
    struct machine *machine = interface->machine;
    const struct facts *facts = machine->facts;
    struct arena_mark before = arena_mark(&machine->arena);
    uint64_t features = FEATURES;
    char name[TEXT_BYTES];

    if (!is_there(machine))
        return;
    say_time(machine, "LoaderTimeInitUSec", facts->first_tsc);
    if (interface->menu_tsc)
        say_time(machine, "LoaderTimeMenuUSec", interface->menu_tsc);
    say_text(machine, "LoaderInfo", "Lintel " LINTEL_VERSION);
    say_text(machine, "LoaderFirmwareInfo", facts->firmware_name);
    say_text(machine, "LoaderFirmwareType", facts->firmware_type);
    say_text(machine, "LoaderImageIdentifier", facts->loader_path);
    say_partition(machine);
    set(machine, "LoaderFeatures", &features, sizeof features);
    if (say_entries(machine, *config) != OK)
        note("LoaderEntries: %s\n", err_message());
    loader_interface_name(entry, name);
    say_text(machine, "LoaderEntrySelected", name);
    say_count(interface, config, entry);
    arena_reset(&machine->arena, before);
}

void loader_interface_tell_execution(const struct loader_interface *interface)
{
    const struct machine *machine = interface->machine;

    if (!is_there(machine))
        return;
    say_time(machine, "LoaderTimeExecUSec", cpu_tsc());
    if (loader_interface_commit(machine) != OK)
        note("%s\n", err_message());
}

/* ---- what the operating system wishes -------------------------------------------------------- */

static const char last_booted[] = "LoaderEntryLastBooted";

/* Before anything was saved there is no wish. */
static void choose_saved(struct loader_interface *interface, struct config *config)
{
    struct machine *machine = interface->machine;
    char text[TEXT_BYTES];
    enum err err = loader_interface_read(machine, last_booted, text);

    interface->saves_entry = true;
    if (err == OK)
        config_choose(config, &machine->arena, last_booted, text, false);
    else if (err != ERR_NOT_FOUND)
        doubt(&config->default_doubt, &machine->arena, "%s can't be read: %s", last_booted,
              err_message());
}

struct wish {
    const char *variable;
    bool once, timeout; /* else it names an entry */
};

/* `bootctl set-timeout menu-force` of systemd 252 writes the largest number instead; for one boot 0
 * asks for the menu, too. */
static void obey_timeout(struct loader_interface *interface, struct config *config,
                         const struct wish *wish, const char *text)
{
    if (strcmp(text, "4294967295") == 0 || (wish->once && strcmp(text, "0") == 0))
        text = "menu-force";
    config_set_timeout(config, &interface->machine->arena, wish->variable, text);
}

/* False: it is one for every boot, or stays. */
static bool forget(const struct machine *machine, const struct wish *wish)
{
    if (!wish->once)
        return false;
    enum err err = machine->firmware->set_variable(vendor_loader, wish->variable, true, NULL, 0);
    if (err != OK)
        note("%s\n", err_message());
    return err == OK;
}

static void obey(struct loader_interface *interface, struct config *config, const struct wish *wish)
{
    struct machine *machine = interface->machine;
    char text[TEXT_BYTES];
    enum err err = loader_interface_read(machine, wish->variable, text);

    if (err == ERR_NOT_FOUND)
        return;
    if (err != OK)
        doubt(wish->timeout ? &config->doubt : &config->default_doubt, &machine->arena,
              "%s can't be read: %s", wish->variable, err_message());
    bool forgotten = forget(machine, wish);
    if (err != OK)
        return;
    if (wish->timeout)
        obey_timeout(interface, config, wish, text);
    else if (strcmp(text, CONFIG_SAVED) == 0)
        choose_saved(interface, config);
    else
        config_choose(config, &machine->arena, wish->variable, text, forgotten);
}

/* The later beats the earlier. */
void loader_interface_obey(struct loader_interface *interface, struct config *config)
{
    static const struct wish wishes[] = {{"LoaderConfigTimeout", false, true},
                                         {"LoaderConfigTimeoutOneShot", true, true},
                                         {"LoaderEntryDefault", false, false},
                                         {"LoaderEntryOneShot", true, false}};
    struct machine *machine = interface->machine;
    bool saved = config->default_glob && strcmp(config->default_glob, CONFIG_SAVED) == 0;

    if (!is_there(machine)) {
        if (saved)
            doubt(&config->default_doubt, &machine->arena,
                  "default " CONFIG_SAVED ": this firmware has no place where an entry is saved");
        return;
    }
    if (saved)
        choose_saved(interface, config);
    for (size_t i = 0; i < ARRAY_LENGTH(wishes); i++)
        obey(interface, config, &wishes[i]);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

enum err loader_interface_commit(const struct machine *machine)
{
    return machine->firmware->commit_variables ? machine->firmware->commit_variables() : OK;
}

/* Written only when it changes: flash wears out. */
void loader_interface_save(const struct loader_interface *interface, const struct entry *entry)
{
    const struct machine *machine = interface->machine;
    char name[TEXT_BYTES], last[TEXT_BYTES];

    loader_interface_name(entry, name);
    if (interface->saves_entry &&
        (loader_interface_read(machine, last_booted, last) != OK || strcmp(last, name) != 0) &&
        loader_interface_write(machine, last_booted, name) != OK)
        note("%s\n", err_message());
}

enum err loader_interface_make_default(const struct machine *machine, const struct entry *entry)
{
    char name[TEXT_BYTES];

    if (entry_kind_is_act(entry->kind))
        return fail(ERR_UNSUPPORTED, "That would be done for ever: choose it each time.");
    if (!is_there(machine))
        return fail(ERR_UNSUPPORTED, "This firmware keeps none: put `default %s` into loader.conf.",
                    entry->id);
    loader_interface_name(entry, name);
    TRY(loader_interface_write(machine, "LoaderEntryDefault", name));
    return loader_interface_commit(machine);
}

bool loader_interface_has_setup(const struct machine *machine)
{
    uint64_t supported = 0, bytes = sizeof supported;

    return is_there(machine) && machine->firmware->restart &&
           machine->firmware->get_variable(global_vendor, "OsIndicationsSupported", &supported,
                                           &bytes) == OK &&
           supported & OS_INDICATIONS_BOOT_TO_FW_UI;
}

enum err loader_interface_enter_setup(const struct machine *machine)
{
    const struct firmware *firmware = machine->firmware;
    uint64_t wishes = 0, bytes = sizeof wishes;

    if (machine->facts->firmware != LINTEL_FIRMWARE_UEFI)
        return fail(ERR_UNSUPPORTED, "Only UEFI can be asked for its setup.");
    if (!loader_interface_has_setup(machine))
        return fail(ERR_UNSUPPORTED, "This firmware can't be asked for its setup.");
    if (firmware->get_variable(global_vendor, "OsIndications", &wishes, &bytes) != OK)
        wishes = 0;
    wishes |= OS_INDICATIONS_BOOT_TO_FW_UI;
    TRY(firmware->set_variable(global_vendor, "OsIndications", true, &wishes, sizeof wishes));
    firmware->restart();
}
