/* The modules that a kernel names itself, and those of its entry. */
#include "common/storage/reference.h"
#include "common/format/gzip.h"
#include "common/lib/blake2b.h"
#include "common/lib/mem.h"
#include "common/protocol/limine/limine.h"

#define INTERNAL_MAX   1024 /* modules that a kernel names itself */
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
    const struct elf *elf = &limine->job.kernel;
    const char *found = limine_at(&limine->image, address, 1);
    const char *end = (const char *)limine->image.bytes + (elf->end - elf->first);
    for (const char *at = found; at && at < end; at++)
        if (!*at) {
            *text = found;
            return OK;
        }
    return refuse(limine, "the text of an internal module", address);
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
    const char *kernel = limine->file->source.name;
    uint64_t prefix = limine_prefix_length(kernel), bytes = strlen(kernel) + strlen(path) + 3;
    TRY(arena_take(&limine->job.boot->machine.arena, bytes, (void **)resolved));
    memcpy(*resolved, kernel, prefix);
    if (path[0] != '/') {
        append_names(*resolved, prefix, kernel + prefix);
        append_names(*resolved, prefix, "..");
    }
    append_names(*resolved, prefix, path);
    return OK;
}

static bool is_there(const struct limine *limine, const char *path)
{
    struct boot *boot = limine->job.boot;
    struct arena_mark mark = arena_mark(&boot->machine.arena);
    struct file file;
    bool found = reference_open(&boot->volumes, limine->job.entry->fs, path, &file) == OK;
    arena_reset(&boot->machine.arena, mark);
    return found;
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
    TRY(arena_text(&limine->job.boot->machine.arena, *path, (uint64_t)(mark - *path), &copy));
    *path = copy;
    *hash = mark + 1;
    return OK;
}

/* A module that is not required may be missing; job_open_modules() says so of one that is. */
static enum err add_internal(struct limine *limine, const struct internal_module *module,
                             struct entry_file ***end)
{
    struct entry_file *item;
    const char *path, *string;
    TRY(find_text(limine, module->path, &path));
    TRY(find_text(limine, module->string, &string));
    struct limine_internal *internal = &limine->internals[limine->internals_count];
    internal->compressed = module->flags & LIMINE_INTERNAL_COMPRESSED;
    TRY(split_hash(limine, &path, &internal->hash));
    TRY(ARENA_TAKE(&limine->job.boot->machine.arena, 1, &item));
    TRY(resolve(limine, path, &item->path));
    item->argument = (char *)string;
    if (!(module->flags & LIMINE_INTERNAL_REQUIRED) && !is_there(limine, item->path))
        return OK;
    **end = item;
    *end = &item->next;
    limine->internals_count++;
    return OK;
}

static enum err add_internals(struct limine *limine, struct entry_file ***end)
{
    const struct limine_image *image = &limine->image;
    uint64_t at = image->requests[LIMINE_MODULES];
    if (at == LIMINE_NONE || load64(image->bytes + at + 32) < 1)
        return OK;
    if (limine->job.kernel.end - limine->job.kernel.first - at < REQUEST_1)
        return refuse(limine, "the module request", limine->job.kernel.first + at);
    uint64_t count = limine_member(image, LIMINE_MODULES, INTERNAL_COUNT);
    uint64_t address = limine_member(image, LIMINE_MODULES, INTERNAL_LIST);
    const uint8_t *list = NULL;
    if (count > INTERNAL_MAX || (count && !(list = limine_at(image, address, count * 8))))
        return refuse(limine, "the list of internal modules", address);
    TRY(ARENA_TAKE(&limine->job.boot->machine.arena, count, &limine->internals));
    for (uint64_t i = 0; i < count; i++) {
        struct internal_module module;
        uint64_t pointer = load64(list + i * 8);
        const void *from = limine_at(image, pointer, sizeof module);
        if (!from)
            return refuse(limine, "an internal module", pointer);
        memcpy(&module, from, sizeof module);
        TRY(add_internal(limine, &module, end));
    }
    return OK;
}

enum err limine_list_modules(struct limine *limine, struct entry_file **list)
{
    struct arena *arena = &limine->job.boot->machine.arena;
    struct entry_file **end = list, *item;

    *list = NULL;
    limine->executable_place = LIMINE_NONE;
    TRY(add_internals(limine, &end));
    for (const struct entry_file *m = limine->job.entry->modules; m; m = m->next) {
        TRY(ARENA_TAKE(arena, 1, &item));
        *item = (struct entry_file){m->path, m->argument, NULL};
        *end = item;
        end = &item->next;
    }
    limine->module_count = entry_count_files(*list);
    if (!limine_has(limine, LIMINE_EXECUTABLE_FILE))
        return OK;
    TRY(ARENA_TAKE(arena, 1, &item));
    *item =
        (struct entry_file){(char *)limine->file->source.name, limine->job.entry->options, NULL};
    *end = item;
    limine->executable_place = limine->module_count;
    return OK;
}

static uint32_t digit_value(char digit)
{
    return digit >= '0' && digit <= '9'   ? (uint32_t)(digit - '0')
           : digit >= 'a' && digit <= 'f' ? (uint32_t)(digit - 'a' + 10)
           : digit >= 'A' && digit <= 'F' ? (uint32_t)(digit - 'A' + 10)
                                          : 16;
}

static enum err check_hash(const struct limine *limine, uint64_t index, const uint8_t *bytes)
{
    const struct source *source = &limine->job.modules[index].source;
    const char *hash = limine->internals[index].hash;
    uint8_t digest[BLAKE2B_BYTES];
    bool same = true;

    if (!hash)
        return OK;
    blake2b(bytes, source->bytes, digest);
    for (size_t i = 0; i < BLAKE2B_BYTES; i++)
        same &= digit_value(hash[2 * i]) << 4 == (digest[i] & 0xf0u) &&
                digit_value(hash[2 * i + 1]) == (digest[i] & 0xfu);
    return same ? OK
                : fail(ERR_FORMAT, "%s: %s is not what its hash says: it was changed",
                       limine->memory.name, source->name);
}

static enum err unpack(struct limine *limine, uint64_t index)
{
    struct job *job = &limine->job;
    struct source *source = &job->modules[index].source;
    uint8_t *packed;

    TRY(arena_take(&job->boot->machine.arena, source->bytes, (void **)&packed));
    TRY(source_load(source, 0, source->bytes, packed));
    TRY(check_hash(limine, index, packed));
    *source = source_from_memory(source->name, packed, source->bytes);
    TRY(gzip_unpack(source, &job->boot->machine.arena));
    job->module_sizes[index].bytes = source->bytes;
    limine->internals[index].hash = NULL;
    return OK;
}

enum err limine_unpack_modules(struct limine *limine)
{
    for (uint64_t i = 0; i < limine->internals_count; i++)
        if (limine->internals[i].compressed)
            TRY(unpack(limine, i));
    return OK;
}

enum err limine_check_hashes(const struct job *job)
{
    const struct limine *limine = (const struct limine *)job;
    for (uint64_t i = 0; i < limine->internals_count; i++)
        TRY(check_hash(limine, i, at_physical(job->plan.places[PLACE_MODULES + i].physical)));
    return OK;
}
