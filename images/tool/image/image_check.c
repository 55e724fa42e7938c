/* Would the loader boot an image by itself, and each of its entries? */
#include "common/entries/entry.h"
#include "common/format/conf.h"
#include "common/lib/mem.h"
#include "images/tool/check/forecast.h"
#include "images/tool/host/command.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/text.h"
#include "images/tool/image/image_files.h"
#include <string.h>

/* "LABEL=NAME:/path" and the like: on another volume. */
static bool is_elsewhere(const char *path)
{
    return strchr(path, ':') != NULL;
}

static bool is_any_elsewhere(const struct entry_file *list)
{
    while (list && !is_elsewhere(list->path))
        list = list->next;
    return list != NULL;
}

static enum err open_file(const void *tree, const char *path, struct content *content)
{
    const struct tree_file *file = tree_find(tree, path);

    if (!file)
        return fail(ERR_NOT_FOUND, "%s is not among the files", path);
    *content = file->content;
    return OK;
}

static enum err try_entry(const struct tree *tree, const struct entry *entry)
{
    const struct forecast_files files = {open_file, tree};

    if (entry->problem)
        return fail(ERR_UNSUPPORTED, "%s", entry->problem);
    if (is_elsewhere(entry->kernel) || is_any_elsewhere(entry->modules) ||
        is_any_elsewhere(entry->initrds) || is_any_elsewhere(entry->extras))
        return OK;
    return forecast_check(entry, &files);
}

static enum err check_entry(const struct tree *tree, const struct tree_file *file)
{
    const struct reader reader =
        reader_from_memory(text_base(file->path), file->content.bytes, file->content.size);
    static char text[CONF_BYTES_MAX];
    struct entry entry;

    TRY(config_read_text(&reader, text));
    TRY(entry_parse(reader.name, text, reader.bytes, &host_arena, &entry));
    enum err err = try_entry(tree, &entry);
    return err == OK ? OK : fail(err, "entry %s: %s", entry.id, err_message());
}

static enum err check_entries(const struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_file *file = &tree->files[i];
        if (strncmp(file->path, ENTRIES_PATH, strlen(ENTRIES_PATH)) != 0)
            continue;
        enum err err = check_entry(tree, file);
        if (err != OK && strcmp(file->path, ENTRIES_PATH OWN_ENTRY) == 0)
            return err;
        if (err != OK)
            warn("%s: will not boot: %s", file->host, err_message());
    }
    return OK;
}

/* The loader's own judgement of loader.conf, and of the default among all entries. */
static enum err check_config(struct tree *tree)
{
    const struct fs fs = tree_fs(tree);
    const struct entry_volumes volumes = {.fs = {&fs}, .count = 1, .uefi = true};
    struct config config;

    TRY(config_read(&volumes, &host_arena, &config));
    if (config.doubt)
        warn("nothing will boot by itself: %s", config.doubt);
    if (config.default_doubt)
        warn("nothing will boot by itself: %s", config.default_doubt);
    if (config.keymap_doubt)
        warn("%s", config.keymap_doubt);
    return OK;
}

enum err image_check(struct tree *tree)
{
    TRY(check_entries(tree));
    return check_config(tree);
}
