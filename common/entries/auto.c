/* What can be booted that nobody wrote an entry for? */
#include "common/entries/auto.h"
#include "common/entries/loader_interface.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/storage/fs/raw.h"
#include "common/storage/reference.h"

#define DISKS_MAX 16 /* a machine has less: what it may cost to look is bounded */

/* ---- adding ---------------------------------------------------------------------------------- */

/* Whoever wrote an entry for the same file wants that one. */
static bool is_written(const struct auto_search *search, const struct found *found)
{
    const char *path = reference_path(found->kernel);
    struct file file;

    for (uint32_t i = 0; i < search->config->count; i++) {
        const struct entry *written = &search->config->entries[i];
        if (written->kernel && fs_is_same_path(reference_path(written->kernel), path) &&
            reference_open(search->volumes->all, written->fs, written->kernel, &file) == OK &&
            (!found->fs || volume_is_same(file.fs->volume, found->fs->volume)))
            return true;
    }
    return false;
}

static bool is_taken(const struct auto_search *search, const char *id)
{
    for (const struct entry_item *item = search->found; item; item = item->next)
        if (text_equal(item->entry.id, id))
            return true;
    return false;
}

/* "auto-debian", and "auto-debian-2" where another disk has one, too. */
static enum err name(const struct auto_search *search, const char *what, char **id)
{
    char text[FS_NAME_BYTES + 32];
    size_t bytes = fmt(text, sizeof text, "auto-%s", what);

    for (uint32_t number = 2; is_taken(search, text); number++)
        bytes = fmt(text, sizeof text, "auto-%s-%u", what, number);
    return arena_text(search->arena, text, bytes, id);
}

static enum err copy(const struct auto_search *search, const char *text, char **to)
{
    return arena_text(search->arena, text, strlen(text), to);
}

static enum err insert(struct auto_search *search, const struct entry *entry)
{
    struct entry_item *item, **at = &search->found;

    TRY(ARENA_TAKE(search->arena, 1, &item));
    while (*at && (*at)->entry.kind <= entry->kind)
        at = &(*at)->next;
    *item = (struct entry_item){*entry, *at};
    *at = item;
    search->count++;
    return OK;
}

enum err auto_add(struct auto_search *search, const struct found *found)
{
    static char empty[] = "";
    struct entry entry = {.kind = found->kind,
                          .fs = found->fs,
                          .suffix = empty,
                          .version = empty,
                          .sort_key = empty,
                          .machine_id = empty,
                          .options = empty};

    if (is_written(search, found))
        return OK;
    TRY(name(search, found->id, &entry.id));
    TRY(copy(search, found->title, &entry.title));
    TRY(copy(search, found->key, &entry.kernel_key));
    TRY(copy(search, found->kernel, &entry.kernel));
    return insert(search, &entry);
}

/* ---- boot sectors ---------------------------------------------------------------------------- */

static bool holds(const uint8_t *bytes, uint64_t count, const char *text)
{
    uint64_t length = strlen(text);

    for (uint64_t at = 0; at + length <= count; at++)
        if (memcmp(bytes + at, text, length) == 0)
            return true;
    return false;
}

/* One that names Lintel would only come back here. */
static enum err look_for_previous(struct auto_search *search)
{
    static const struct found previous = {ENTRY_PREVIOUS, "previous",  "Previous loader",
                                          "kernel",       "previous:", NULL};
    uint8_t sector[BOOT_SECTOR_BYTES];
    struct file file;

    enum err err = reference_open(search->volumes->all, NULL, previous.kernel, &file);
    if (err == OK)
        err = reader_read(&file.reader, 0, sizeof sector, sector);
    if (err == ERR_NOT_FOUND)
        return OK;
    TRY(err);
    return holds(sector, sizeof sector, "Lintel") ? OK : auto_add(search, &previous);
}

/* Of NTFS and of FAT: since Windows Vista the boot sector names the file that it starts. */
static bool starts_windows(const struct volume *volume)
{
    uint8_t sector[BOOT_SECTOR_BYTES];

    return volume->partitioning == LINTEL_PARTITIONING_MBR && volume->number &&
           volume_read(volume, 0, sizeof sector, sector) == OK &&
           load16(sector + BOOT_SECTOR_BYTES - 2) == BOOT_SIGNATURE &&
           holds(sector, sizeof sector, "BOOTMGR");
}

static enum err look_for_windows(struct auto_search *search, const struct volume *volume)
{
    struct found windows = {ENTRY_WINDOWS, "windows", "Windows Boot Manager",
                            "kernel",      "volume:", NULL};
    struct file sector;

    if (!starts_windows(volume))
        return OK;
    TRY(raw_open(volume, windows.kernel, search->arena, &sector));
    windows.fs = sector.fs;
    return auto_add(search, &windows);
}

/* ---- disks ----------------------------------------------------------------------------------- */

static bool is_known(const struct auto_search *search, const struct volume *volume)
{
    for (uint32_t i = 0; i < search->volumes->count; i++)
        if (volume_is_same(search->volumes->fs[i]->volume, volume))
            return true;
    return false;
}

static enum err look_at_esp(struct auto_search *search, const struct volume *volume)
{
    struct fs *fs;

    if (!volume_is_esp(volume) || is_known(search, volume))
        return OK;
    TRY(ARENA_TAKE(search->arena, 1, &fs));
    TRY(fs_mount(volume, search->arena, fs));
    return auto_files_find(search, fs);
}

/* What can't be used keeps nothing else from being found. */
static enum err pass_over(enum err err)
{
    if (err == OK || err == ERR_NO_MEMORY)
        return err;
    note("passed over: %s\n", err_message());
    return OK;
}

static enum err look_at_disk(struct auto_search *search, const struct disk *disk)
{
    struct volume *volumes;
    uint32_t count;

    TRY(partition_list(search->volumes->all->machine->firmware, disk, search->arena, &volumes,
                       &count));
    for (uint32_t i = 0; i < count; i++)
        TRY(pass_over(
            (search->volumes->uefi ? look_at_esp : look_for_windows)(search, &volumes[i])));
    return OK;
}

/* A drive whose medium can be taken out may be slow, or empty. */
static enum err look_at_disks(struct auto_search *search)
{
    const struct facts *facts = search->volumes->all->machine->facts;

    for (uint32_t i = 0; i < MIN(facts->disk_count, DISKS_MAX); i++) {
        const struct disk *disk = &facts->disks[i];
        bool own = facts->origin.disk == (int32_t)i;
        if (own || (disk->medium == LINTEL_MEDIUM_DISK && !disk->removable))
            TRY(pass_over(look_at_disk(search, disk)));
    }
    return OK;
}

/* ---- what the firmware does ------------------------------------------------------------------ */

static enum err add_acts(struct auto_search *search)
{
    static const struct found setup = {ENTRY_SETUP,      "reboot-to-firmware-setup",
                                       "Firmware setup", "firmware",
                                       "setup",          NULL},
                              restart = {ENTRY_RESTART, "reboot",  "Restart",
                                         "firmware",    "restart", NULL},
                              power_off = {ENTRY_POWER_OFF, "poweroff",  "Power off",
                                           "firmware",      "power off", NULL};
    const struct machine *machine = search->volumes->all->machine;
    const struct firmware *firmware = machine->firmware;

    if (search->config->auto_firmware && loader_interface_has_setup(machine))
        TRY(auto_add(search, &setup));
    if (search->config->auto_reboot && firmware->restart)
        TRY(auto_add(search, &restart));
    if (search->config->auto_poweroff && firmware->power_off && firmware->power_off(false) == OK)
        TRY(auto_add(search, &power_off));
    return OK;
}

enum err auto_entry_act(const struct machine *machine, const struct entry *entry)
{
    const struct firmware *firmware = machine->firmware;

    if (entry->kind == ENTRY_RESTART)
        firmware->restart();
    return entry->kind == ENTRY_POWER_OFF ? firmware->power_off(true)
                                          : loader_interface_enter_setup(machine);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum err find(struct auto_search *search)
{
    for (uint32_t i = 0; i < search->volumes->count; i++)
        TRY(pass_over(auto_files_find(search, search->volumes->fs[i])));
    if (!search->volumes->uefi)
        TRY(pass_over(look_for_previous(search)));
    TRY(look_at_disks(search));
    return add_acts(search);
}

static enum err append(const struct auto_search *search)
{
    struct config *config = search->config;
    struct entry *all;

    TRY(ARENA_TAKE(search->arena, config->count + search->count + config->hidden_count, &all));
    memcpy(all, config->entries, config->count * sizeof *all);
    for (const struct entry_item *item = search->found; item; item = item->next)
        all[config->count++] = item->entry;
    memcpy(all + config->count, config->entries + config->count - search->count,
           config->hidden_count * sizeof *all);
    config->entries = all;
    return OK;
}

void auto_entries_find(struct config *config)
{
    struct auto_search search = {.volumes = config->unsearched, .config = config};

    if (!search.volumes)
        return;
    config->unsearched = NULL;
    search.arena = &search.volumes->all->machine->arena;
    enum err err = find(&search);
    if (err == OK)
        err = append(&search);
    if (err != OK)
        note("what nobody wrote an entry for is not shown: %s\n", err_message());
}
