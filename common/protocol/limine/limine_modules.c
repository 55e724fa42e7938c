/* Which files is a kernel given? Those that it names itself, its entry's modules, and its own. */
#include "common/format/gzip.h"
#include "common/lib/blake2b.h"
#include "common/lib/mem.h"
#include "common/protocol/limine/limine.h"

#define INTERNAL_MAX   1024 /* modules that a kernel names itself */
#define TEXT_MAX       4096 /* bytes of a module's path, or string */
#define INTERNAL_COUNT 48   /* members of the module request, revision 1 */
#define INTERNAL_LIST  56
#define REQUEST_1      64

struct internal_module { /* in the image; all are addresses */
    uint64_t path, string, flags;
};

uint64_t limine_prefix_length(const char *reference)
{
    const char *colon = strchr(reference, ':'), *slash = strchr(reference, '/');
    return colon && (!slash || colon < slash) ? (uint64_t)(colon - reference) + 1 : 0;
}

static enum err refuse(const struct limine *limine, const char *what, uint64_t address)
{
    return fail(ERR_FORMAT, "%s: %s at %lXh is not wholly inside of the image", limine->memory.name,
                what, address);
}

static enum err find_text(const struct limine *limine, uint64_t address, const char **text)
{
    const struct elf *elf = &limine->elf;
    const char *found = limine_at(&limine->image, address, 1);
    const char *end = (const char *)limine->image.bytes + (elf->end - elf->first);
    for (const char *at = found; at && at < end && at - found < TEXT_MAX; at++)
        if (!*at) {
            *text = found;
            return OK;
        }
    return refuse(limine, "the text of an internal module, of at most 4095 bytes,", address);
}

/* Appends a path's names; "." and ".." are resolved, never above the root. */
static void append_names(char *to, uint64_t root, const char *path)
{
    uint64_t length = strlen(to);
    while (*path) {
        uint64_t name = 0;
        while (path[name] && path[name] != '/')
            name++;
        if (name == 2 && path[0] == '.' && path[1] == '.') {
            while (length > root && to[--length] != '/')
                ;
        } else if (name && !(name == 1 && path[0] == '.')) {
            to[length++] = '/';
            memcpy(to + length, path, name);
            length += name;
        }
        to[length] = 0;
        path += name + (path[name] == '/');
    }
}

/* A path leads from the executable's folder, with a "/" first from the root of its volume. */
static enum err resolve(const struct limine *limine, const char *path, char **resolved)
{
    const char *kernel = limine->attempt->kernel.reader.name;
    uint64_t prefix = limine_prefix_length(kernel), bytes = strlen(kernel) + strlen(path) + 3;
    TRY(arena_take(&limine->attempt->machine->arena, bytes, (void **)resolved));
    memcpy(*resolved, kernel, prefix);
    if (path[0] != '/') {
        append_names(*resolved, prefix, kernel + prefix);
        append_names(*resolved, prefix, "..");
    }
    append_names(*resolved, prefix, path);
    return OK;
}

/* "path#hash": the hash, or NULL. The path is cut off in arena memory. */
static enum err split_hash(struct limine *limine, const char **path, const char **hash)
{
    const char *mark = strchr(*path, '#');
    char *copy;
    *hash = NULL;
    if (!mark)
        return OK;
    if (strlen(mark + 1) != 2 * BLAKE2B_BYTES)
        return fail(ERR_FORMAT, "%s: the internal module %s has no hash of 128 digits",
                    limine->memory.name, *path);
    TRY(arena_text(&limine->attempt->machine->arena, *path, (uint64_t)(mark - *path), &copy));
    *path = copy;
    *hash = mark + 1;
    return OK;
}

/* A module that is not required may be missing. */
static enum err add_internal(struct limine *limine, const struct internal_module *module)
{
    struct limine_file file = {.compressed = module->flags & LIMINE_INTERNAL_COMPRESSED};
    struct attempt *attempt = limine->attempt;
    const char *path;
    char *resolved;

    TRY(find_text(limine, module->path, &path));
    TRY(find_text(limine, module->string, &file.argument));
    TRY(split_hash(limine, &path, &file.hash));
    TRY(resolve(limine, path, &resolved));
    enum err err = attempt->open_file(attempt, resolved, &file.file);
    if (err == ERR_NOT_FOUND && !(module->flags & LIMINE_INTERNAL_REQUIRED))
        return OK;
    if (err != OK)
        return fail(err, "module: %s", err_message());
    limine->files[limine->file_count++] = file;
    return OK;
}

/* The list in the image, of `count` pointers; 0 where the kernel names none. */
static enum err find_internals(const struct limine *limine, const uint8_t **list, uint64_t *count)
{
    const struct limine_image *image = &limine->image;
    uint64_t at = image->requests[LIMINE_MODULES];

    *count = 0;
    if (at == LIMINE_NONE || load64(image->bytes + at + 32) < 1)
        return OK;
    if (limine->elf.end - limine->elf.first - at < REQUEST_1)
        return refuse(limine, "the module request", limine->elf.first + at);
    *count = limine_member(image, LIMINE_MODULES, INTERNAL_COUNT);
    uint64_t address = limine_member(image, LIMINE_MODULES, INTERNAL_LIST);
    if (*count > INTERNAL_MAX || (*count && !(*list = limine_at(image, address, *count * 8))))
        return refuse(limine, "the list of internal modules", address);
    return OK;
}

static enum err add_internals(struct limine *limine, const uint8_t *list, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct internal_module module;
        uint64_t pointer = load64(list + i * 8);
        const void *from = limine_at(&limine->image, pointer, sizeof module);
        if (!from)
            return refuse(limine, "an internal module", pointer);
        memcpy(&module, from, sizeof module);
        TRY(add_internal(limine, &module));
    }
    return OK;
}

static enum err add_modules(struct limine *limine, const struct entry_file *list)
{
    struct attempt *attempt = limine->attempt;

    for (; list; list = list->next) {
        struct limine_file *file = &limine->files[limine->file_count++];
        file->argument = list->argument;
        if (attempt->open_file(attempt, list->path, &file->file) != OK)
            return fail(ERR_NOT_FOUND, "module: %s", err_message());
    }
    return OK;
}

/* As it was read for its requests, and unpacked. */
static void add_executable(struct limine *limine)
{
    struct limine_file *file = &limine->files[limine->file_count++];

    file->file = limine->attempt->kernel;
    file->file.reader = limine->memory;
    file->argument = limine->attempt->entry->options;
}

static uint32_t digit_value(char digit)
{
    return digit >= '0' && digit <= '9'   ? (uint32_t)(digit - '0')
           : digit >= 'a' && digit <= 'f' ? (uint32_t)(digit - 'a' + 10)
           : digit >= 'A' && digit <= 'F' ? (uint32_t)(digit - 'A' + 10)
                                          : 16;
}

static enum err check_hash(const struct limine *limine, const struct limine_file *file,
                           const uint8_t *bytes)
{
    uint8_t digest[BLAKE2B_BYTES];
    bool same = true;

    if (!file->hash)
        return OK;
    blake2b(bytes, file->file.reader.bytes, digest);
    for (size_t i = 0; i < BLAKE2B_BYTES; i++)
        same &= digit_value(file->hash[2 * i]) << 4 == (digest[i] & 0xf0u) &&
                digit_value(file->hash[2 * i + 1]) == (digest[i] & 0xfu);
    return same ? OK
                : fail(ERR_FORMAT, "%s: %s is not what its hash says: it was changed",
                       limine->memory.name, file->file.reader.name);
}

static enum err unpack(const struct limine *limine, struct limine_file *file)
{
    struct reader *reader = &file->file.reader;
    struct arena *arena = &limine->attempt->machine->arena;
    uint8_t *packed;

    if (!file->compressed)
        return OK;
    TRY(arena_take(arena, reader->bytes, (void **)&packed));
    TRY(reader_load(reader, 0, reader->bytes, packed));
    TRY(check_hash(limine, file, packed));
    file->hash = NULL;
    *reader = reader_from_memory(reader->name, packed, reader->bytes);
    return gzip_unpack(reader, arena);
}

enum err limine_open_files(struct limine *limine)
{
    const struct entry_file *modules = limine->attempt->entry->modules;
    const uint8_t *internals = NULL;
    uint64_t count;

    TRY(find_internals(limine, &internals, &count));
    TRY(ARENA_TAKE(&limine->attempt->machine->arena, count + entry_count_files(modules) + 1,
                   &limine->files));
    TRY(add_internals(limine, internals, count));
    TRY(add_modules(limine, modules));
    limine->module_count = limine->file_count;
    for (uint64_t i = 0; i < limine->module_count; i++)
        TRY(unpack(limine, &limine->files[i]));
    if (limine_has(limine, LIMINE_EXECUTABLE_FILE))
        add_executable(limine);
    return OK;
}

enum err limine_check_hashes(const struct limine *limine)
{
    for (uint64_t i = 0; i < limine->module_count; i++)
        TRY(check_hash(limine, &limine->files[i],
                       at_physical(attempt_place(limine->attempt, 1 + i)->physical)));
    return OK;
}
