/* Does a volume hold the files that it was filled with, as the loader reads it? */
#include "common/lib/mem.h"
#include "common/storage/fs/fs.h"
#include "images/tool/host/disk_image.h"
#include "images/tool/host/firmware.h"
#include "images/tool/image/tree.h"
#include <stdlib.h>

#define CHUNK_BYTES MIB

static enum err compare(const struct reader *found, const struct content *wanted, uint8_t *chunk)
{
    bool same = found->bytes == wanted->size;

    for (uint64_t at = 0, part; same && at < wanted->size; at += part) {
        part = MIN(wanted->size - at, CHUNK_BYTES);
        TRY(reader_read(found, at, part, chunk));
        same = memcmp(chunk, wanted->bytes + at, part) == 0;
    }
    return same ? OK : fail(ERR_FORMAT, "%s: there is another file", found->name);
}

static enum err verify_file(const struct fs *fs, const struct tree_file *wanted, uint8_t *chunk)
{
    struct file file;
    enum err err = fs_open(fs, wanted->path, &file);

    if (err == OK)
        err = compare(&file.reader, &wanted->content, chunk);
    return err == OK ? OK
                     : fail(err,
                            "the volume can't hold these files by their names: %s: give it "
                            "another name",
                            err_message());
}

static enum err verify_all(const struct tree *tree, const struct volume *volume)
{
    uint8_t *chunk = malloc(CHUNK_BYTES);
    struct fs fs;
    enum err err = chunk ? fs_mount(volume, &host_arena, &fs)
                         : fail(ERR_NO_MEMORY, "this machine has no memory left");

    for (size_t i = 0; err == OK && i < tree->count; i++)
        err = verify_file(&fs, &tree->files[i], chunk);
    free(chunk);
    return err;
}

enum err tree_verify(const struct tree *tree, const char *path, uint64_t first,
                     uint32_t sector_bytes)
{
    struct disk_image image;
    struct volume volume = {.firmware = &host_firmware, .disk = &image.disk, .first_lba = first};

    TRY(disk_image_open(path, false, &image));
    image.disk.sector_bytes = sector_bytes;
    image.disk.sectors = image.bytes / sector_bytes;
    volume.sectors = image.disk.sectors - first;
    enum err err = verify_all(tree, &volume);
    disk_image_close(&image);
    return err;
}
