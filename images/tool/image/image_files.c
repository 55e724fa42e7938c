/* Which files go onto an image? */
#include "images/tool/image/image_files.h"
#include "common/lib/mem.h"
#include "images/tool/host/text.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_LOADER_CONF "timeout 0\ndefault lintel\n"

static enum err add_loader(struct image *image, const struct layout *layout)
{
    struct tree *tree = &image->tree;
    TRY(tree_add(tree, "/EFI/BOOT/BOOTX64.EFI", &image->application));
    if (layout->small)
        return OK;
    TRY(tree_add(tree, "/EFI/lintel/lintelx64.efi", &image->application));
    return tree_add(tree, STAGE_PATH, &image->stage);
}

enum err image_tell_stage(struct image *image, const struct stage_place *place, uint64_t volume_lba)
{
    struct installed installed = {
        .stage_offset = place->lba * place->sector_bytes,
        .volume_offset = volume_lba * place->sector_bytes,
    };

    identity_of_stage(&image->identity, installed.identity);
    TRY(stage_tell(&image->stage, &installed, &image->stage));
    for (size_t i = 0; i < image->tree.count; i++)
        if (strcmp(image->tree.files[i].path, STAGE_PATH) == 0)
            return file_write_at(image->tree.files[i].host, 0, image->stage.bytes,
                                 STAGE_HEADER_BYTES);
    return OK;
}

/* ---- FILE=NAME ------------------------------------------------------------------------------- */

/* A file of that whole name comes first, so that names may hold a "=". */
static void split(const char *value, char **host, char **name)
{
    const char *equals = strrchr(value, '=');
    if (!equals || access(value, F_OK) == 0) {
        *host = text_of("%s", value);
        *name = text_of("%s", text_base(value));
    } else {
        *host = text_of("%.*s", (int)(equals - value), value);
        *name = text_of("%s", equals + 1);
    }
}

/* Entries are lines of words (Boot Loader Specification). */
static enum err check_name(const char *name)
{
    if (!*name || strpbrk(name, "/ \t\r\n"))
        return fail(ERR_FORMAT,
                    "`%s` cannot be a file's name in an entry: give one without blanks, "
                    "as FILE=NAME",
                    name);
    return OK;
}

static enum err check_line(const char *what, const char *text)
{
    if (text && strpbrk(text, "\r\n"))
        return fail(ERR_FORMAT, "%s: has more than one line", what);
    return OK;
}

/* ---- the kernel and its entry ---------------------------------------------------------------- */

/* Adds FILE as /boot/NAME, and to the entry a line of that key. */
static enum err add_line(struct tree *tree, const char *key, const char *host, char *name,
                         bool with_argument, char **entry)
{
    const struct tree_file *file;
    char *argument = with_argument ? strchr(name, ' ') : NULL;

    if (argument)
        *argument++ = 0;
    TRY(check_name(name));
    char *path = text_of("/boot/%s", name);
    enum err err = tree_add_file(tree, path, host, &file);
    if (err == OK)
        text_add(entry, "%s %s", key, path);
    if (err == OK && argument)
        text_add(entry, " %s", argument);
    else if (err == OK && with_argument)
        text_add(entry, " crc32=%08x", file->crc32);
    text_add(entry, "\n");
    free(path);
    return err;
}

static enum err add_split(struct tree *tree, const char *key, const char *value, bool with_argument,
                          char **entry)
{
    char *host, *name;
    TRY(check_line(key, value));
    split(value, &host, &name);
    enum err err = add_line(tree, key, host, name, with_argument, entry);
    free(host);
    free(name);
    return err;
}

static enum err add_handed_over(struct tree *tree, const struct image_request *request,
                                char **entry)
{
    for (size_t i = 0; i < request->addition_count; i++) {
        const struct addition *addition = &request->additions[i];
        if (addition->kind == ADD_MODULE)
            TRY(add_split(tree, "module", addition->value, true, entry));
        if (addition->kind == ADD_INITRD)
            TRY(add_split(tree, "initrd", addition->value, false, entry));
    }
    return OK;
}

static enum err write_entry(struct tree *tree, const struct image_request *request,
                            const char *host, char *name, char **entry)
{
    TRY(check_line("--title", request->title));
    TRY(check_line("--cmdline", request->cmdline));
    text_add(entry, "title %s\n", request->title ? request->title : name);
    TRY(add_line(tree, "kernel", host, name, false, entry));
    TRY(add_handed_over(tree, request, entry));
    if (request->cmdline)
        text_add(entry, "options %s\n", request->cmdline);
    return tree_add_text(tree, ENTRIES_PATH OWN_ENTRY, *entry);
}

static enum err add_kernel(struct tree *tree, const struct image_request *request)
{
    char *entry = NULL, *host, *name;
    split(request->kernel, &host, &name);
    enum err err = write_entry(tree, request, host, name, &entry);
    free(entry);
    free(host);
    free(name);
    return err;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static enum err add_entry(struct tree *tree, const char *host)
{
    size_t length = strlen(host);
    if (length < 5 || strcmp(host + length - 5, ".conf") != 0)
        return fail(ERR_FORMAT, "--entry %s: entries are files named *.conf", host);
    char *path = text_of(ENTRIES_PATH "%s", text_base(host));
    enum err err = tree_add_file(tree, path, host, NULL);
    free(path);
    return err;
}

static enum err add_file(struct tree *tree, const char *value)
{
    char *host, *path;
    split(value, &host, &path);
    enum err err = tree_add_file(tree, path, host, NULL);
    free(host);
    free(path);
    return err;
}

static enum err add_others(struct tree *tree, const struct image_request *request)
{
    for (size_t i = 0; i < request->addition_count; i++) {
        const struct addition *addition = &request->additions[i];
        if (addition->kind == ADD_ENTRY)
            TRY(add_entry(tree, addition->value));
        if (addition->kind == ADD_FILE)
            TRY(add_file(tree, addition->value));
    }
    return OK;
}

/* With `listing`, also a line for each entry. */
static enum err add_loader_conf(struct tree *tree, const char *host, bool listing)
{
    struct content given = {(const uint8_t *)DEFAULT_LOADER_CONF, strlen(DEFAULT_LOADER_CONF)};
    if (host)
        TRY(file_map(host, &given));
    char *text = text_of("%.*s", (int)given.size, (const char *)given.bytes);
    for (size_t i = 0; listing && i < tree->count; i++)
        if (strncmp(tree->files[i].path, ENTRIES_PATH, strlen(ENTRIES_PATH)) == 0)
            text_add(&text, "entry %s\n", tree->files[i].path + strlen(ENTRIES_PATH));
    enum err err = tree_add_text(tree, "/loader/loader.conf", text);
    free(text);
    return err;
}

enum err image_add_files(struct image *image, const struct layout *layout,
                         const struct image_request *request)
{
    TRY(add_loader(image, layout));
    if (request->kernel)
        TRY(add_kernel(&image->tree, request));
    TRY(add_others(&image->tree, request));
    return add_loader_conf(&image->tree, request->loader_conf, layout->is_folder);
}
