/* Files that a kernel gets: its modules and itself. */
#include "../entry/reference.h"
#include "../lib/blake2b.h"
#include "../lib/mem.h"
#include "limine.h"

#define INTERNAL_MAX   1024 /* modules that a kernel names itself */
#define INTERNAL_COUNT 48   /* members of the module request, revision 1 */
#define INTERNAL_LIST  56
#define REQUEST_1      64

#define MEDIA_GENERIC 0
#define MEDIA_OPTICAL 1
#define MEDIA_NETWORK 2

struct internal_module { /* in the image; all are addresses */
    uint64_t path, string, flags;
};

struct file_response {
    uint64_t revision;
    uint64_t file;
};

struct modules_response {
    uint64_t revision, count, list;
};

struct uuid {
    uint8_t bytes[16];
};

struct loaded_file {
    uint64_t revision;
    uint64_t address, bytes;
    uint64_t path, string;
    uint32_t media, unused;
    uint8_t server[4];
    uint32_t server_port;
    uint32_t partition;
    uint32_t mbr_signature;
    struct uuid disk, partition_guid, file_system;
};

_Static_assert(sizeof(struct loaded_file) == 112, "the protocol's struct limine_file");

/* ---- what the kernel names ------------------------------------------------------------------- */

static enum err refuse(const struct limine *limine, const char *what, uint64_t address)
{
    return fail(ERR_FORMAT, "%s: %s at %lXh is not wholly inside of the image", limine->memory.name,
                what, (unsigned long)address);
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

/* "LABEL=X:" of a reference, or nothing. */
static uint64_t prefix_length(const char *reference)
{
    const char *colon = strchr(reference, ':'), *slash = strchr(reference, '/');
    return colon && (!slash || colon < slash) ? (uint64_t)(colon - reference) + 1 : 0;
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
    uint64_t prefix = prefix_length(kernel), bytes = strlen(kernel) + strlen(path) + 3;
    TRY(arena_take(&limine->job.boot->arena, bytes, (void **)resolved));
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
    struct arena_mark mark = arena_mark(&boot->arena);
    struct file file;
    bool found = reference_open(boot, limine->job.entry, path, &file) == OK;
    arena_reset(&boot->arena, mark);
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
    TRY(arena_text(&limine->job.boot->arena, *path, (uint64_t)(mark - *path), &copy));
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
    TRY(split_hash(limine, &path, &limine->hashes[limine->hashes_count]));
    TRY(ARENA_TAKE(&limine->job.boot->arena, 1, &item));
    TRY(resolve(limine, path, &item->path));
    item->argument = (char *)string;
    if (!(module->flags & LIMINE_INTERNAL_REQUIRED) && !is_there(limine, item->path))
        return OK;
    **end = item;
    *end = &item->next;
    limine->hashes_count++;
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
    TRY(ARENA_TAKE(&limine->job.boot->arena, count, &limine->hashes));
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
    struct arena *arena = &limine->job.boot->arena;
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
    for (item = *list; item; item = item->next)
        limine->module_count++;
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

static bool has_hash(const uint8_t *bytes, uint64_t count, const char *hash)
{
    uint8_t digest[BLAKE2B_BYTES];
    bool same = true;
    blake2b(bytes, count, digest);
    for (size_t i = 0; i < BLAKE2B_BYTES; i++)
        same &= digit_value(hash[2 * i]) << 4 == (digest[i] & 0xf0u) &&
                digit_value(hash[2 * i + 1]) == (digest[i] & 0xfu);
    return same;
}

enum err limine_check_hashes(const struct job *job)
{
    const struct limine *limine = (const struct limine *)job;
    for (uint64_t i = 0; i < limine->hashes_count; i++) {
        const uint8_t *bytes = at_physical(job->plan.places[PLACE_MODULES + i].physical);
        const struct source *source = &job->modules[i].source;
        if (limine->hashes[i] && !has_hash(bytes, source->bytes, limine->hashes[i]))
            return fail(ERR_FORMAT, "%s: %s is not what its hash says: it was changed",
                        limine->memory.name, source->name);
    }
    return OK;
}

/* ---- what it is told of them ----------------------------------------------------------------- */

/* The protocol's UUIDs begin with integers, as GUIDs on disk do. */
static void describe_volume(const struct volume *volume, struct loaded_file *to)
{
    enum lintel_medium medium = volume->disk->medium;
    to->media = medium == LINTEL_MEDIUM_CD        ? MEDIA_OPTICAL
                : medium == LINTEL_MEDIUM_NETWORK ? MEDIA_NETWORK
                                                  : MEDIA_GENERIC;
    to->partition = volume->number;
    if (volume->partitioning == LINTEL_PARTITIONING_MBR)
        to->mbr_signature = load32(volume->disk_guid);
    if (volume->partitioning == LINTEL_PARTITIONING_GPT) {
        memcpy(to->disk.bytes, volume->disk_guid, sizeof to->disk);
        memcpy(to->partition_guid.bytes, volume->guid, sizeof to->partition_guid);
    }
}

static enum err copy_path(struct block *block, const char *reference, uint64_t *path)
{
    const char *text = reference + prefix_length(reference);
    char *copy;
    TRY(block_take(block, strlen(text) + 2, (void **)&copy));
    copy[0] = '/';
    memcpy(copy + 1, text + (text[0] == '/'), strlen(text + (text[0] == '/')));
    *path = (uintptr_t)block_virtual(block, copy);
    return OK;
}

static enum err describe(const struct limine *limine, struct block *block, uint64_t index,
                         struct loaded_file *to)
{
    const struct job *job = &limine->job;
    const struct file *file = &job->modules[index];
    uint64_t physical = job->plan.places[PLACE_MODULES + index].physical;
    to->address = (uintptr_t)block_virtual(block, at_physical(physical));
    to->bytes = file->source.bytes;
    TRY(copy_path(block, file->source.name, &to->path));
    TRY(block_copy_text(block, job->module_arguments[index], (const char **)&to->string));
    describe_volume(file->fs->volume, to);
    return OK;
}

enum err limine_modules(const struct limine *limine, struct block *block, void **out)
{
    struct modules_response *response;
    struct loaded_file *files;
    uint64_t *list;
    if (!limine->module_count)
        return OK;
    TRY(block_take(block, sizeof *response, (void **)&response));
    TRY(block_take(block, limine->module_count * sizeof *list, (void **)&list));
    TRY(block_take(block, limine->module_count * sizeof *files, (void **)&files));
    for (uint64_t i = 0; i < limine->module_count; i++) {
        TRY(describe(limine, block, i, &files[i]));
        list[i] = (uintptr_t)block_virtual(block, &files[i]);
    }
    *response =
        (struct modules_response){1, limine->module_count, (uintptr_t)block_virtual(block, list)};
    *out = response;
    return OK;
}

/* The command line's text is the same memory as the file's. */
enum err limine_executable_file(const struct limine *limine, struct block *block, void **out)
{
    struct file_response *response;
    struct loaded_file *file;
    TRY(block_take(block, sizeof *response, (void **)&response));
    TRY(block_take(block, sizeof *file, (void **)&file));
    TRY(describe(limine, block, limine->executable_place, file));
    file->string = limine_command_line(limine);
    response->file = (uintptr_t)block_virtual(block, file);
    *out = response;
    return OK;
}

uint64_t limine_files_bytes(const struct limine *limine)
{
    const struct job *job = &limine->job;
    uint64_t bytes = sizeof(struct modules_response) + sizeof(struct file_response);
    for (uint64_t i = 0; i < job->request.module_count; i++)
        bytes += sizeof(struct loaded_file) + 8 + block_text_bytes(job->modules[i].source.name) +
                 block_text_bytes(job->module_arguments[i]) + 2 * BLOCK_ALIGNMENT;
    return bytes;
}
