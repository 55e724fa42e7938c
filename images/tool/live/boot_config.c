/* How does the menu of a machine behave that has just moved to Lintel? */
#include "images/tool/live/boot_config.h"
#include "images/tool/host/durable.h"
#include "images/tool/host/file.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char first_config[] = "timeout 3\nfallback yes\n";

/* The folder above the entries, as it is to be opened. */
static char *loader_folder(const struct live *live)
{
    char *folder = root_path(live->entries);

    *strrchr(folder, '/') = 0;
    return folder;
}

enum err boot_config_write(const struct live *live)
{
    char *folder = loader_folder(live), *path = text_of("%s/loader.conf", folder);
    enum err err = OK;

    if (access(path, F_OK) != 0) {
        err = durable_folder(folder);
        if (err == OK)
            err = durable_write(path, first_config);
    }
    free(path);
    free(folder);
    return err;
}

static bool is_ours(const char *path)
{
    struct content text;

    return access(path, F_OK) == 0 && file_map_text(path, &text) == OK &&
           text.size == strlen(first_config) && memcmp(text.bytes, first_config, text.size) == 0;
}

enum err boot_config_remove(const struct live *live)
{
    char *folder = loader_folder(live), *path = text_of("%s/loader.conf", folder);
    enum err err = is_ours(path) ? durable_remove(path) : OK;

    if (!live->uefi)
        rmdir(folder); /* when it is empty; of the EFI system partition there is a record */
    free(path);
    free(folder);
    return err;
}
