/* Would the loader boot the entries of an image? */
#include "common/lib/mem.h"
#include "images/tool/check/forecast.h"
#include "images/tool/host/command.h"
#include "images/tool/host/firmware.h"
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

/* Puts the host's file in the place of the image's. */
static enum err go_to_host(const struct tree *tree, const struct entry *entry, char **path)
{
    const struct tree_file *file = tree_find(tree, *path);

    if (!file)
        return fail(ERR_NOT_FOUND, "entry %s: %s is not among the files", entry->id, *path);
    *path = file->host;
    return OK;
}

static enum err check_entry(const struct tree *tree, const struct tree_file *file)
{
    const char *name = file->path + strlen(ENTRIES_PATH);
    struct entry entry;

    TRY(entry_parse(name, (const char *)file->content.bytes, file->content.size, &host_arena,
                    &entry));
    if (entry.problem)
        return fail(ERR_UNSUPPORTED, "entry %s: %s", entry.id, entry.problem);
    if (is_elsewhere(entry.kernel) || is_any_elsewhere(entry.modules) ||
        is_any_elsewhere(entry.initrds))
        return OK;
    TRY(go_to_host(tree, &entry, &entry.kernel));
    for (struct entry_file *module = entry.modules; module; module = module->next)
        TRY(go_to_host(tree, &entry, &module->path));
    for (struct entry_file *initrd = entry.initrds; initrd; initrd = initrd->next)
        TRY(go_to_host(tree, &entry, &initrd->path));
    return forecast_check(&entry);
}

enum err image_check_entries(const struct tree *tree)
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
