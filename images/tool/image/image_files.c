/* Which files go onto an image? */
#include "images/tool/image/image_files.h"
#include "common/lib/mem.h"
#include "images/tool/host/text.h"
#include "images/tool/image/keyboard.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOADER_CONF "/loader/loader.conf"

static enum err add_loader(struct image *image, const struct layout *layout)
{
    struct tree *tree = &image->tree;
    TRY(tree_add(tree, "/EFI/BOOT/BOOTX64.EFI", &image->application));
    if (layout->small)
        return OK;
    TRY(tree_add(tree, "/EFI/lintel/lintelx64.efi", &image->application));
    return tree_add(tree, STAGE_PATH, &image->stage);
}

enum err image_tell_stage(struct image *image, const struct stage_place *place, uint64_t room,
                          uint64_t volume_lba)
{
    struct installed installed = {
        .stage_offset = place->lba * place->sector_bytes,
        .volume_offset = volume_lba * place->sector_bytes,
        .area_offset = stage_area_offset(place, room),
    };

    identity_of_stage(&image->identity, installed.identity);
    TRY(stage_tell(&image->stage, &installed, &image->stage));
    for (size_t i = 0; i < image->tree.count; i++)
        if (strcmp(image->tree.files[i].path, STAGE_PATH) == 0)
            return file_write_at(image->tree.files[i].host, 0, image->stage.bytes,
                                 STAGE_HEADER_BYTES);
    return OK;
}

/* ---- FILE=NAME ARGUMENT ---------------------------------------------------------------------- */

struct named_file {
    char *host;
    char *name;     /* on the volume */
    char *argument; /* NULL: none is given */
};

/* Where FILE ends in FILE=NAME: it is as much of the value as names a file, so that a name may hold
 * a "=". Where none does, the value's end or its first "=", for the message. */
static size_t host_length(const char *value)
{
    size_t length = strlen(value), first = strcspn(value, "=");

    for (size_t end = length; end > first; end--) {
        char *host = value[end] && value[end] != '=' ? NULL : text_of("%.*s", (int)end, value);
        bool there = host && access(host, F_OK) == 0;
        free(host);
        if (there)
            return end;
    }
    return first;
}

/* The name is the file's own where none is given; only one that is given may have an argument. */
static struct named_file split(const char *value)
{
    size_t length = host_length(value);
    const char *given = value + length + (value[length] == '=');
    size_t name_length = strcspn(given, " ");
    struct named_file file = {.host = text_of("%.*s", (int)length, value)};

    file.name = name_length ? text_of("%.*s", (int)name_length, given)
                            : text_of("%s", text_base(file.host));
    if (given[name_length])
        file.argument = text_of("%s", given + name_length + 1);
    return file;
}

static void end_split(struct named_file *file)
{
    free(file->host);
    free(file->name);
    free(file->argument);
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
static enum err add_line(struct tree *tree, const char *key, const struct named_file *named,
                         char **entry)
{
    const struct tree_file *file;

    TRY(check_name(named->name));
    char *path = text_of("/boot/%s", named->name);
    enum err err = tree_add_file(tree, path, named->host, &file);
    if (err == OK)
        text_add(entry, "%s %s", key, path);
    if (err == OK && named->argument)
        text_add(entry, " %s", named->argument);
    else if (err == OK && strcmp(key, "module") == 0)
        text_add(entry, " crc32=%08x", file->crc32);
    text_add(entry, "\n");
    free(path);
    return err;
}

static enum err add_named(struct tree *tree, const char *key, const char *value, char **entry)
{
    TRY(check_line(key, value));
    struct named_file named = split(value);
    enum err err =
        named.argument && strcmp(key, "module") != 0
            ? fail(ERR_FORMAT, "--%s %s: only a module has an argument behind its name", key, value)
            : add_line(tree, key, &named, entry);
    end_split(&named);
    return err;
}

static enum err add_handed_over(struct tree *tree, const struct image_request *request,
                                char **entry)
{
    for (size_t i = 0; i < request->addition_count; i++) {
        const struct addition *addition = &request->additions[i];
        if (addition->kind == ADD_MODULE)
            TRY(add_named(tree, "module", addition->value, entry));
        if (addition->kind == ADD_INITRD)
            TRY(add_named(tree, "initrd", addition->value, entry));
    }
    return OK;
}

static enum err write_entry(struct tree *tree, const struct image_request *request, char **entry)
{
    TRY(check_line("--title", request->title));
    TRY(check_line("--cmdline", request->cmdline));
    text_add(entry, "title %s\n", request->title);
    TRY(add_named(tree, "kernel", request->kernel, entry));
    TRY(add_handed_over(tree, request, entry));
    if (request->cmdline)
        text_add(entry, "options %s\n", request->cmdline);
    return tree_add_text(tree, ENTRIES_PATH OWN_ENTRY, *entry);
}

static enum err add_kernel(struct tree *tree, const struct image_request *request)
{
    struct named_file kernel = split(request->kernel);
    struct image_request titled = *request;
    char *entry = NULL;

    if (!titled.title)
        titled.title = kernel.name;
    enum err err = write_entry(tree, &titled, &entry);
    end_split(&kernel);
    free(entry);
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
    size_t length = host_length(value);
    char *host = text_of("%.*s", (int)length, value);
    enum err err = tree_add_file(tree, value + length + (value[length] == '='), host, NULL);
    free(host);
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

/* Adds the layout, and to loader.conf the line that names it. */
static enum err add_keymap(struct tree *tree, const char *name, char **lines)
{
    char *text;

    TRY(keyboard_layout(name, &text));
    char *path = text_of(KEYMAPS_PATH "%s", name);
    enum err err = tree_add_text(tree, path, text);
    text_add(lines, "keymap %s\n", name);
    free(path);
    free(text);
    return err;
}

static void list_entries(const struct tree *tree, char **lines)
{
    for (size_t i = 0; i < tree->count; i++)
        if (strncmp(tree->files[i].path, ENTRIES_PATH, strlen(ENTRIES_PATH)) == 0)
            text_add(lines, "entry %s\n", tree->files[i].path + strlen(ENTRIES_PATH));
}

/* The lines stand behind the text, however it ends. */
static enum err add_longer(struct tree *tree, const struct content *text, const char *lines)
{
    bool ended = !text->size || text->bytes[text->size - 1] == '\n';
    size_t length = strlen(lines), at = text->size + !ended;
    uint8_t *bytes = malloc(at + length + 1);

    if (!bytes)
        abort();
    bytes[text->size] = '\n';
    memcpy(bytes, text->bytes, text->size);
    memcpy(bytes + at, lines, length);
    enum err err = tree_add(tree, LOADER_CONF, &(struct content){bytes, at + length});
    free(bytes);
    return err;
}

/* On a server each entry is listed. */
static enum err add_loader_conf(struct tree *tree, const struct image_request *request,
                                bool listing)
{
    const char *usual = request->kernel ? "timeout 0\ndefault lintel\n" : "timeout 0\n";
    struct content text = {(const uint8_t *)usual, strlen(usual)};
    char *lines = text_of("%s", "");
    enum err err = OK;

    if (request->loader_conf)
        err = file_map_text(request->loader_conf, &text);
    if (err == OK && request->keymap)
        err = add_keymap(tree, request->keymap, &lines);
    if (listing)
        list_entries(tree, &lines);
    if (err == OK)
        err = *lines ? add_longer(tree, &text, lines) : tree_add(tree, LOADER_CONF, &text);
    free(lines);
    return err;
}

enum err image_add_files(struct image *image, const struct layout *layout,
                         const struct image_request *request)
{
    TRY(add_loader(image, layout));
    if (request->kernel)
        TRY(add_kernel(&image->tree, request));
    TRY(add_others(&image->tree, request));
    return add_loader_conf(&image->tree, request, layout->is_folder);
}
