/* Where entries lie: files in two directories (UAPI.1, "Locating Boot Entries"). */
#include "common/entries/tries.h"
#include "common/format/conf.h"
#include "common/lib/doubt.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

/* A root file system has the boot loader's part of it below /boot. */
static const char texts[] = "/loader/entries", root_texts[] = "/boot/loader/entries";
static const char images[] = "/EFI/Linux";

struct search {
    const struct entry_volumes *volumes;
    struct config *config;
    struct arena *arena;
    char *text;          /* room for one file's */
    const struct fs *fs; /* what is being searched, and for which files */
    const char *directory, *suffix;
    struct entry_item *entries;
    enum err err;
};

/* ---- reading --------------------------------------------------------------------------------- */

/* The path names the kernel, too. */
static enum err read_image(struct search *search, const char *name, const struct reader *reader)
{
    return entries_from_uki(name, reader->name, reader, search->arena, &search->entries);
}

static enum err add(struct search *search, const struct entry *entry)
{
    struct entry_item *item;

    TRY(ARENA_TAKE(search->arena, 1, &item));
    *item = (struct entry_item){*entry, search->entries};
    search->entries = item;
    return OK;
}

static enum err read_text(struct search *search, const char *name, const struct reader *reader)
{
    struct entry entry;

    TRY(config_read_text(reader, search->text));
    TRY(entry_parse(name, search->text, reader->bytes, search->arena, &entry));
    return add(search, &entry);
}

/* What can't be read is not left out: it may be what the default means. */
static enum err add_damaged(struct search *search, const char *name)
{
    static char empty[] = "", key[] = "uki";
    struct entry entry = {.version = empty,
                          .sort_key = empty,
                          .machine_id = empty,
                          .options = empty,
                          .damaged = true};
    char why[512];

    size_t bytes = fmt(why, sizeof why, "can't be read: %s", err_message());
    TRY(arena_text(search->arena, why, MIN(bytes, sizeof why - 1), &entry.problem));
    TRY(entry_name_after(name, search->suffix, search->arena, &entry));
    entry.title = entry.id;
    if (search->directory == images)
        entry.kernel_key = key;
    return add(search, &entry);
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

/* ---- finding --------------------------------------------------------------------------------- */

/* `file` is NULL where it can only be asked for by its path. */
static enum err read_file(struct search *search, const char *name, const char *path,
                          const struct fs_entry *file)
{
    struct file opened;

    TRY(file ? fs_open_entry(search->fs, file, path, &opened) : fs_open(search->fs, path, &opened));
    return (search->directory == images ? read_image : read_text)(search, name, &opened.reader);
}

static enum err take(struct search *search, const char *name, const struct fs_entry *file)
{
    const struct entry_item *before = search->entries;
    uint64_t room = strlen(search->directory) + strlen(name) + 2 + TRIES_GROWTH;
    char *path;

    TRY(arena_take(search->arena, room, (void **)&path));
    fmt(path, room, "%s/%s", search->directory, name);
    enum err err = read_file(search, name, path, file);
    if (err == ERR_NOT_FOUND && file) {
        say("%s: passed over\n", err_message());
        return OK;
    }
    if (err != OK)
        TRY(add_damaged(search, name));
    for (struct entry_item *item = search->entries; item != before; item = item->next) {
        item->entry.fs = search->fs;
        item->entry.path = path;
        TRY(judge(search, &item->entry));
        search->config->count++;
    }
    return OK;
}

static bool look_at(void *context, const struct fs_entry *file)
{
    struct search *search = context;

    /* macOS leaves "._name.conf" beside what it copies. */
    if (!file->directory && file->name[0] != '.' && text_ends(file->name, search->suffix))
        search->err = take(search, file->name, file);
    return search->err == OK;
}

/* Either directory may be missing; one that can't be read to its end may have held what the default
 * means. */
static enum err list(struct search *search, const char *directory, const char *suffix)
{
    search->directory = directory;
    search->suffix = suffix;
    enum err err = fs_list(search->fs, directory, look_at, search);
    TRY(search->err);
    if (err != OK && err != ERR_NOT_FOUND && err != ERR_UNSUPPORTED)
        doubt(&search->config->doubt, search->arena, "not all entries are known: %s",
              err_message());
    return err;
}

/* A server can't list its directories: its entries are those that loader.conf names, the last one
 * first. */
static enum err take_listed(struct search *search)
{
    if (!search->config->listed)
        return fail(ERR_NOT_FOUND,
                    "%s, and /loader/loader.conf is missing or names no entry (`entry NAME.conf`)",
                    err_message());
    for (const struct entry_name *name = search->config->listed; name; name = name->next)
        TRY(take(search, name->name, NULL));
    return OK;
}

static enum err search_volumes(struct search *search)
{
    for (uint32_t i = 0; i < search->volumes->count; i++) {
        search->fs = search->volumes->fs[i];
        if (list(search, texts, ".conf") == ERR_UNSUPPORTED)
            return take_listed(search);
        if (search->err == OK)
            list(search, root_texts, ".conf");
        if (search->err == OK)
            list(search, images, ".efi");
        TRY(search->err);
    }
    return OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

enum err entries_discover(const struct entry_volumes *volumes, struct arena *arena,
                          struct config *config, struct entry_item **list)
{
    struct search search = {.volumes = volumes, .config = config, .arena = arena};

    *list = NULL;
    TRY(arena_take(arena, CONF_BYTES_MAX, (void **)&search.text));
    TRY(search_volumes(&search));
    if (config->counting && volumes->firmware)
        tries_recall(volumes->firmware, search.entries);
    *list = search.entries;
    if (config->count)
        return OK;
    if (volumes->none)
        return fail(ERR_NOT_FOUND, "%s", volumes->none);
    if (config->doubt)
        return fail(ERR_NOT_FOUND, "there is no entry to boot; %s", config->doubt);
    return fail(ERR_NOT_FOUND,
                "%s holds no *.conf file, and %s no *.efi file: there is nothing to boot", texts,
                images);
}
