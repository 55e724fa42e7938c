/* Where does systemd, in the initial file system, find the files that an entry names by `extra`?
 * (UAPI.1; systemd-stub(7), which hands over those of a unified kernel image in the same way) */
#include "common/format/cpio.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/protocol/linux/linux.h"
#include "common/storage/reference.h"

#define ROOT ".extra"

static const struct kind {
    const char *suffix, *directory;
    uint32_t directory_mode, file_mode;
} kinds[] = {
    {".cred", ROOT "/credentials", 0500, 0400},
    {".sysext.raw", ROOT "/sysext", 0555, 0444},
    {".confext.raw", ROOT "/confext", 0555, 0444},
};

/* entry_parse() lets no other pass. */
static const struct kind *kind_of(const char *path)
{
    const struct kind *kind = kinds;

    while (kind < kinds + ARRAY_LENGTH(kinds) - 1 && !text_ends(path, kind->suffix))
        kind++;
    return kind;
}

static const char *last_name(const char *reference)
{
    const char *path = reference_path(reference), *name = path;

    for (; *path; path++)
        if (*path == '/' || *path == '\\')
            name = path + 1;
    return name;
}

static enum err add(struct linux_boot *boot, struct arena *arena, const char *archive,
                    uint64_t bytes)
{
    struct reader *reader;

    TRY(ARENA_TAKE(arena, 1, &reader));
    *reader = reader_from_memory("the archive of `extra` files", archive, bytes);
    boot->initrds[boot->initrd_count++] = reader;
    return OK;
}

/* Directories may come again. The region of the initrds pads each file. */
static enum err add_extra(struct attempt *attempt, const struct entry_file *extra,
                          struct linux_boot *boot)
{
    const struct kind *kind = kind_of(extra->path);
    struct arena *arena = &attempt->machine->arena;
    const struct reader *file;
    char name[FS_NAME_BYTES + 32], *archive, *end;

    TRY(linux_open_file(attempt, "extra", extra, &file));
    if (file->bytes > UINT32_MAX)
        return fail(ERR_UNSUPPORTED, "extra: %s has %lu bytes: an archive has room for %u",
                    extra->path, file->bytes, UINT32_MAX);
    fmt(name, sizeof name, "%s/%s", kind->directory, last_name(extra->path));
    TRY(arena_take(arena,
                   cpio_head_bytes(ROOT) + cpio_head_bytes(kind->directory) + cpio_head_bytes(name),
                   (void **)&archive));
    end = cpio_put_head(archive, ROOT, CPIO_DIRECTORY | 0555, 0);
    end = cpio_put_head(end, kind->directory, CPIO_DIRECTORY | kind->directory_mode, 0);
    end = cpio_put_head(end, name, CPIO_FILE | kind->file_mode, (uint32_t)file->bytes);
    TRY(add(boot, arena, archive, (uint64_t)(end - archive)));
    boot->initrds[boot->initrd_count++] = file;
    return OK;
}

uint64_t linux_count_initrds(const struct entry *entry)
{
    return entry_count_files(entry->initrds) + 2 * entry_count_files(entry->extras) + 1;
}

enum err linux_open_extras(struct attempt *attempt, struct linux_boot *boot)
{
    static char end[128];

    for (const struct entry_file *extra = attempt->entry->extras; extra; extra = extra->next)
        TRY(add_extra(attempt, extra, boot));
    if (!attempt->entry->extras)
        return OK;
    cpio_put_head(end, CPIO_END, 0, 0);
    return add(boot, &attempt->machine->arena, end, cpio_head_bytes(CPIO_END));
}
