/* Files of ISO 9660 volumes. */
#include "common/lib/mem.h"
#include "common/storage/fs/iso9660.h"

/* Contents that lie in one piece. Writers cut files of 4 GiB and more into extents that touch, so
 * nearly every file has one. */
struct run {
    struct run *next;
    uint64_t offset, bytes;
};

struct runs {
    struct run *first, *last;
};

static enum err add_extent(const struct fs *fs, const char *name, const struct iso_record *record,
                           struct runs *runs)
{
    struct run *run = runs->last;

    if (!record->bytes)
        return OK;
    if (record->interleaved)
        return fail(ERR_UNSUPPORTED, "%s: its parts are interleaved, which Lintel does not read",
                    name);
    TRY(iso_check_range(fs->state, name, record->data, record->bytes));
    if (run && run->offset + run->bytes == record->data) {
        run->bytes += record->bytes;
        return OK;
    }
    TRY(ARENA_TAKE(fs->arena, 1, &run));
    *run = (struct run){.offset = record->data, .bytes = record->bytes};
    *(runs->last ? &runs->last->next : &runs->first) = run;
    runs->last = run;
    return OK;
}

enum err iso_open(const struct fs *fs, const struct fs_entry *entry, struct file *file)
{
    const char *name = file->reader.name;
    struct iso_walk walk;
    struct iso_record record;
    struct runs runs = {0};
    uint64_t bytes = 0;
    bool more;

    if (entry->location == ISO_SYMBOLIC_LINK)
        return fail(ERR_UNSUPPORTED,
                    "%s: a symbolic link, which Lintel does not follow: name the file itself",
                    name);
    iso_walk_begin(&walk, fs->state, name, entry->location, UINT64_MAX);
    do {
        TRY(iso_walk_next(&walk, &record, &more));
        if (!more)
            break;
        TRY(add_extent(fs, name, &record, &runs));
        bytes += record.bytes;
    } while (record.flags & ISO_RECORD_CONTINUES);
    if (bytes != entry->bytes)
        return fail(ERR_IO, "%s: its directory has changed since it was listed", name);
    file->state = runs.first;
    return OK;
}

enum err iso_read(const struct file *file, uint64_t offset, uint64_t bytes, void *to)
{
    const struct iso *iso = file->fs->state;
    uint8_t *next = to;

    for (const struct run *run = file->state; bytes; run = run->next) {
        uint64_t part = MIN(bytes, run->bytes - MIN(offset, run->bytes));
        enum err err = part ? volume_read(iso->volume, run->offset + offset, part, next) : OK;
        if (err != OK)
            return fail(err, "%s: %s", file->reader.name, err_message());
        offset -= MIN(offset, run->bytes);
        next += part;
        bytes -= part;
    }
    return OK;
}
