/* A server is asked for files by name and gives them whole: directories can't be listed, and a file
 * that is read in pieces, as an ELF kernel is, is fetched once and kept. */
#include "common/storage/fs/net.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

#define SMALL_BYTES (64 * KIB) /* kept: a kernel's head, which is read first, may be all of it */
#define LARGE_BYTES (4 * MIB)  /* from here on a person may wonder what takes so long */

struct net_file {
    char *path;        /* as firmware.fetch() takes it */
    uint8_t *contents; /* NULL: not fetched, or straight to where it was wanted */
};

static enum err net_mount(struct fs *fs)
{
    char name[VOLUME_NAME_BYTES];

    if (fs->volume->disk->medium == LINTEL_MEDIUM_NETWORK)
        return OK;
    return fail(ERR_NOT_FOUND, "%s: no server", volume_name(fs->volume, name));
}

/* The name that the server is asked for: with "/" between names, whatever the path has. */
static enum err net_find(const struct fs *fs, const char *path, struct fs_entry *entry)
{
    uint64_t length, used = 0;

    memset(entry, 0, sizeof *entry);
    for (const char *name = path;; name += length) {
        TRY(fs_next_name(path, &name, &length));
        if (!length)
            return fs->volume->firmware->fetch_size(entry->name, &entry->bytes);
        used += fmt(entry->name + used, sizeof entry->name - used, "%s%.*s", used ? "/" : "",
                    (int)MIN(length, sizeof entry->name), name);
        if (used >= sizeof entry->name)
            return fail(ERR_NOT_FOUND, "%.64s...: a name of more than %u bytes", entry->name,
                        FS_NAME_BYTES - 1);
    }
}

static enum err net_open(const struct fs *fs, const struct fs_entry *entry, struct file *file)
{
    struct net_file *state;

    TRY(ARENA_TAKE(fs->arena, 1, &state));
    TRY(arena_text(fs->arena, entry->name, strlen(entry->name), &state->path));
    file->state = state;
    file->reader.whole = true;
    return OK;
}

/* Where the server still says the old size, the message of what came instead stands. */
static enum err explain_size(const struct file *file)
{
    const struct net_file *state = file->state;
    const struct volume *volume = file->fs->volume;
    uint64_t before = file->reader.bytes, now;

    if (volume->firmware->fetch_size(state->path, &now) != OK || now == before)
        return ERR_IO;
    return fail(ERR_IO, "%s: %s: had %lu bytes a moment ago, and has %lu now", volume->disk->name,
                state->path, before, now);
}

static enum err fetch(const struct file *file, void *to)
{
    const struct net_file *state = file->state;
    const struct volume *volume = file->fs->volume;

    if (file->reader.bytes >= LARGE_BYTES)
        say("  fetching %s: %lu MiB\n", file->reader.name, file->reader.bytes / MIB);
    enum err err = volume->firmware->fetch(state->path, file->reader.bytes, to);
    return err == ERR_CHANGED ? explain_size(file) : err;
}

static enum err net_read(const struct file *file, uint64_t offset, uint64_t bytes, void *to)
{
    struct net_file *state = file->state;
    void *contents;

    if (bytes == file->reader.bytes && bytes > SMALL_BYTES && !state->contents)
        return fetch(file, to);
    if (!state->contents) {
        TRY(arena_take(file->fs->arena, file->reader.bytes, &contents));
        TRY(fetch(file, contents));
        state->contents = contents;
    }
    memcpy(to, state->contents + offset, bytes);
    return OK;
}

const struct fs_driver net_driver = {
    .name = "network",
    .mount = net_mount,
    .find = net_find,
    .open = net_open,
    .read = net_read,
};
