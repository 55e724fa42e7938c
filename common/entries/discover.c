/* Where entries lie: files in two directories (UAPI.1, "Locating Boot Entries"). */
#include "common/entries/entry.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

#define TEXTS  "/loader/entries"
#define IMAGES "/EFI/Linux"

/* More than any menu is for; bounds the time that sorting takes. */
#define ENTRIES_MAX 1024

struct found {
    const struct fs *fs;
    const char *directory;
    char *name;
    struct found *next;
};

struct search {
    const struct entry_volumes *volumes;
    struct config *config;
    struct arena *arena;
    const struct fs *fs; /* what is being searched, and for which files */
    const char *directory, *suffix;
    struct found *found;
    uint32_t count;
    struct entry_item *entries;
    enum err err;
};

/* ---- finding --------------------------------------------------------------------------------- */

/* False: no more. */
static bool add_name(struct search *search, const char *name)
{
    struct found *found;

    if (search->count == ENTRIES_MAX) {
        say("%s: more than %u entries: the others are passed over\n", search->directory,
            ENTRIES_MAX);
        return false;
    }
    search->err = ARENA_TAKE(search->arena, 1, &found);
    if (search->err == OK)
        search->err = arena_text(search->arena, name, strlen(name), &found->name);
    if (search->err != OK)
        return false;
    found->fs = search->fs;
    found->directory = search->directory;
    found->next = search->found;
    search->found = found;
    search->count++;
    return true;
}

static bool look_at(void *context, const struct fs_entry *file)
{
    struct search *search = context;

    /* macOS leaves "._name.conf" beside what it copies. */
    if (file->directory || file->name[0] == '.' || !text_ends(file->name, search->suffix))
        return true;
    return add_name(search, file->name);
}

static enum err list(struct search *search, const char *directory, const char *suffix)
{
    search->directory = directory;
    search->suffix = suffix;
    TRY(fs_list(search->fs, directory, look_at, search));
    return search->err;
}

/* A server can't list its directories: its entries are those that loader.conf names. */
static enum err take_listed(struct search *search)
{
    if (!search->config->listed)
        return fail(ERR_NOT_FOUND,
                    "%s, and /loader/loader.conf is missing or names no entry (`entry NAME.conf`)",
                    err_message());
    for (const struct entry_name *name = search->config->listed; name; name = name->next)
        if (!add_name(search, name->name))
            break;
    return search->err;
}

/* Either directory may be missing; a volume that can't be read is no reason not to look at the
 * others. */
static enum err search_volume(struct search *search, const struct fs *fs)
{
    search->fs = fs;
    enum err texts = list(search, TEXTS, ".conf");
    if (texts != OK && texts != ERR_NOT_FOUND)
        return texts;
    enum err images = list(search, IMAGES, ".efi");
    return images == ERR_NOT_FOUND ? texts : images;
}

static enum err search_volumes(struct search *search)
{
    enum err first = OK;

    for (uint32_t i = 0; i < search->volumes->count; i++) {
        enum err err = search_volume(search, search->volumes->fs[i]);
        if (err == ERR_UNSUPPORTED)
            return take_listed(search);
        if (err == ERR_NO_MEMORY)
            return err;
        if (err != OK && err != ERR_NOT_FOUND)
            say("%s\n", err_message());
        if (i == 0)
            first = err;
    }
    if (search->count)
        return OK;
    if (first != OK && first != ERR_NOT_FOUND)
        return first;
    return fail(ERR_NOT_FOUND,
                "%s holds no *.conf file, and %s no *.efi file: there is nothing to boot", TEXTS,
                IMAGES);
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum err read_image(struct search *search, const struct found *found, const char *path)
{
    struct file file;
    char *kept;

    TRY(arena_text(search->arena, path, strlen(path), &kept));
    TRY(fs_open(found->fs, kept, &file));
    return entries_from_uki(found->name, kept, &file.reader, search->arena, &search->entries);
}

static enum err read_text(struct search *search, const struct found *found, const char *path)
{
    struct entry_item *item;
    char *text;
    uint64_t bytes;

    TRY(config_read_text(found->fs, path, search->arena, &text, &bytes));
    TRY(ARENA_TAKE(search->arena, 1, &item));
    TRY(entry_parse(found->name, text, bytes, search->arena, &item->entry));
    item->next = search->entries;
    search->entries = item;
    return OK;
}

/* ---- judging --------------------------------------------------------------------------------- */

static enum err set_foreign(struct entry *entry, const char *why, struct arena *arena)
{
    entry->foreign = true;
    return arena_text(arena, why, strlen(why), &entry->problem);
}

/* `kernel` is Lintel's own key: who names a unified kernel image by it wants it on BIOS, too. */
static enum err judge(const struct search *search, struct entry *entry)
{
    const char *key = entry->kernel_key ? entry->kernel_key : "";

    if (search->volumes->uefi)
        return OK;
    if (strcmp(key, "efi") == 0)
        return set_foreign(entry, "is for UEFI (`efi`), and this machine was booted by BIOS",
                           search->arena);
    if (strcmp(key, "uki") == 0 && !search->config->uki_on_bios)
        return set_foreign(entry,
                           "is for UEFI (a unified kernel image), and this machine was "
                           "booted by BIOS; `uki-on-bios yes` in loader.conf boots it all "
                           "the same",
                           search->arena);
    return OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* An entry that can't be read is said and left out: the others may boot. */
static enum err read_found(struct search *search, const struct found *found)
{
    const struct entry_item *before = search->entries;
    char path[sizeof TEXTS + FS_NAME_BYTES];

    fmt(path, sizeof path, "%s/%s", found->directory, found->name);
    if ((strcmp(found->directory, IMAGES) == 0 ? read_image : read_text)(search, found, path) != OK)
        say("%s: passed over\n", err_message());
    for (struct entry_item *item = search->entries; item != before; item = item->next) {
        item->entry.fs = found->fs;
        TRY(judge(search, &item->entry));
        search->config->count++;
    }
    return OK;
}

enum err entries_discover(const struct entry_volumes *volumes, struct arena *arena,
                          struct config *config)
{
    struct search search = {.volumes = volumes, .config = config, .arena = arena};

    TRY(search_volumes(&search));
    for (const struct found *found = search.found; found && config->count < ENTRIES_MAX;
         found = found->next)
        TRY(read_found(&search, found));
    if (config->count == 0)
        return fail(ERR_NOT_FOUND, "none of the %u entries in %s can be read", search.count, TEXTS);
    TRY(ARENA_TAKE(arena, config->count, &config->entries));
    uint32_t to = config->count;
    for (const struct entry_item *item = search.entries; item; item = item->next)
        config->entries[--to] = item->entry;
    return OK;
}
