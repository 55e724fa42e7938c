/* What does the first sector of a volume hold? */
#include "common/storage/fs/raw.h"

static enum err raw_read(const struct file *file, uint64_t offset, uint64_t bytes, void *to)
{
    return volume_read(file->fs->volume, offset, bytes, to);
}

static const struct fs_driver raw_driver = {.name = "raw", .read = raw_read};

static enum err read_reader(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to)
{
    return raw_read((const struct file *)reader, offset, bytes, to);
}

enum err raw_open(const struct volume *volume, const char *name, struct arena *arena,
                  struct file *file)
{
    struct fs *fs;

    if (!volume->disk->sector_bytes)
        return fail(ERR_UNSUPPORTED, "%s: %s is a server, which has no sectors", name,
                    volume->disk->name);
    TRY(ARENA_TAKE(arena, 1, &fs));
    *fs = (struct fs){.driver = &raw_driver, .volume = volume, .arena = arena};
    *file = (struct file){
        .reader = {.name = name, .bytes = volume->disk->sector_bytes, .read = read_reader},
        .fs = fs,
    };
    return OK;
}
