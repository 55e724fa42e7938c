/* Has this directory been read before, and what has this name there? */
#include "common/storage/fs/directory.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

#define BUCKETS 256

struct name {
    struct name *next;     /* in the directory's order */
    struct name *behind;   /* of the same bucket, the newest first */
    const struct name *of; /* itself, or what it is an alias of */
    uint32_t hash;
    bool directory;
    uint64_t bytes, location;
    char *text;
};

struct directory {
    struct directory *older;
    uint64_t location;
    struct name *first, **end;
    struct name *buckets[BUCKETS];
    enum err err;
    char *why;
};

/* All that were read since the arena was last reset, which may have taken their memory. */
struct fs_directories {
    struct directory *newest;
    uint64_t resets;
};

enum err fs_keep_directories(struct fs *fs)
{
    return ARENA_TAKE(fs->arena, 1, &fs->directories);
}

/* FNV-1a, without regard to case in ASCII. */
static uint32_t hash_of(const char *text, uint64_t length)
{
    uint32_t hash = 0x811c9dc5;

    for (; length; length--)
        hash = (hash ^ (uint8_t)text_lower(*text++)) * 0x01000193;
    return hash;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
    struct arena *arena;
    struct directory *directory;
    enum err err;
};

static enum err add_name(struct reading *reading, const struct fs_entry *entry, const char *text,
                         struct name **added)
{
    struct directory *directory = reading->directory;
    uint64_t length = strlen(text);
    struct name *name;

    TRY(ARENA_TAKE(reading->arena, 1, &name));
    *name = (struct name){
        .of = name,
        .hash = hash_of(text, length),
        .directory = entry->directory,
        .bytes = entry->bytes,
        .location = entry->location,
    };
    TRY(arena_text(reading->arena, text, length, &name->text));
    struct name **bucket = &directory->buckets[name->hash % BUCKETS];
    name->behind = *bucket;
    *bucket = name;
    *directory->end = name;
    directory->end = &name->next;
    *added = name;
    return OK;
}

static bool add_entry(void *context, const struct fs_entry *entry)
{
    struct reading *reading = context;
    struct name *name, *alias;

    reading->err = add_name(reading, entry, entry->name, &name);
    if (reading->err != OK || !entry->alias[0])
        return reading->err == OK;
    reading->err = add_name(reading, entry, entry->alias, &alias);
    if (reading->err == OK)
        alias->of = name;
    return reading->err == OK;
}

static enum err read(const struct fs *fs, const struct fs_entry *at, struct directory *directory)
{
    struct reading reading = {.arena = fs->arena, .directory = directory};

    directory->location = at->location;
    directory->end = &directory->first;
    directory->err = fs->driver->list(fs, at, add_entry, &reading);
    if (directory->err == OK)
        directory->err = reading.err;
    if (directory->err == OK)
        return OK;
    note("%s\n", err_message());
    return arena_text(fs->arena, err_message(), strlen(err_message()), &directory->why);
}

static struct directory *find_read(const struct fs *fs, uint64_t location)
{
    struct directory *directory;

    if (!fs->directories)
        return NULL;
    if (fs->directories->resets != fs->arena->resets)
        *fs->directories = (struct fs_directories){.resets = fs->arena->resets};
    directory = fs->directories->newest;
    while (directory && directory->location != location)
        directory = directory->older;
    return directory;
}

enum err directory_of(const struct fs *fs, const struct fs_entry *at,
                      const struct directory **directory)
{
    struct directory *found = find_read(fs, at->location);

    if (!found) {
        TRY(ARENA_TAKE(fs->arena, 1, &found));
        TRY(read(fs, at, found));
        if (fs->directories) {
            found->older = fs->directories->newest;
            fs->directories->newest = found;
        }
    }
    *directory = found;
    return OK;
}

void directory_forget(const struct fs *fs)
{
    if (fs->directories)
        fs->directories->newest = NULL;
}

enum err directory_error(const struct directory *directory)
{
    return directory->err == OK ? OK : fail(directory->err, "%s", directory->why);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void describe(const struct name *name, struct fs_entry *entry)
{
    entry->bytes = name->bytes;
    entry->location = name->location;
    entry->directory = name->directory;
    entry->alias[0] = 0;
    fmt(entry->name, sizeof entry->name, "%s", name->text);
}

static bool is_called(const struct name *name, uint32_t hash, const char *text, uint64_t length)
{
    return name->hash == hash && strlen(name->text) == length &&
           text_same(name->text, text, length);
}

bool directory_find(const struct directory *directory, const char *name, uint64_t length,
                    struct fs_entry *entry)
{
    uint32_t hash = hash_of(name, length);
    const struct name *found = NULL, *exact = NULL;

    for (const struct name *next = directory->buckets[hash % BUCKETS]; next; next = next->behind)
        if (is_called(next, hash, name, length)) {
            found = next;
            if (memcmp(next->text, name, length) == 0)
                exact = next;
        }
    if (exact)
        found = exact;
    if (!found)
        return false;
    describe(found->of, entry);
    return true;
}

void directory_list(const struct directory *directory,
                    bool (*each)(void *context, const struct fs_entry *entry), void *context)
{
    struct fs_entry entry;
    bool more = true;

    for (const struct name *name = directory->first; name && more; name = name->next) {
        if (name->of != name)
            continue;
        describe(name, &entry);
        more = each(context, &entry);
    }
}
