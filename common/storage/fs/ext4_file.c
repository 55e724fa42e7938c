/* Files and directories of ext2, ext3 and ext4: what do they hold? */
#include "common/lib/mem.h"
#include "common/storage/fs/ext4.h"

#define DIRECTORY_BYTES_MAX (64 * MIB)
#define FILE_TYPES          0x2 /* incompatible feature */
#define TYPE_DIRECTORY      2
#define ENTRY_BYTES         8 /* without its name */
#define PARENT_BYTES        4 /* before the entries of a directory in its inode */

/* ---- contents -------------------------------------------------------------------------------- */

static void read_inline(const struct ext4_inode *inode, uint64_t offset, uint64_t bytes,
                        uint8_t *to)
{
    for (; bytes; bytes--, offset++)
        *to++ = offset < EXT4_MAP_BYTES ? inode->map[offset] : inode->rest[offset - EXT4_MAP_BYTES];
}

/* The neighbours that lie together on the volume, for one request: extents end at 128 MiB, and
 * indirect blocks lie between what they lead to. */
static enum err map_run(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t index,
                        uint64_t blocks, struct ext4_run *run)
{
    struct ext4_run next;

    TRY(ext4_map(ext4, inode, index, run));
    while (run->count < blocks) {
        TRY(ext4_map(ext4, inode, index + run->count, &next));
        if (next.block != (run->block ? run->block + run->count : 0))
            break;
        run->count += next.count;
    }
    return OK;
}

enum err ext4_read_contents(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t offset,
                            uint64_t bytes, void *to)
{
    uint32_t size = ext4->block_bytes;
    uint64_t skip, part;
    uint8_t *next = to;
    struct ext4_run run;

    if (inode->flags & EXT4_INODE_INLINE) {
        read_inline(inode, offset, bytes, to);
        return OK;
    }
    for (; bytes; bytes -= part, next += part, offset += part) {
        skip = offset % size;
        TRY(map_run(ext4, inode, offset / size, (skip + bytes + size - 1) / size, &run));
        part = run.count > (skip + bytes) / size ? bytes : run.count * size - skip;
        if (run.block)
            TRY(ext4_read(ext4, run.block, skip, part, next));
        else
            memset(next, 0, part);
    }
    return OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static enum err check_file(const struct ext4_inode *inode, const char *name)
{
    uint16_t kind = inode->mode & EXT4_MODE_KIND;

    if (kind == EXT4_MODE_LINK)
        return fail(ERR_UNSUPPORTED,
                    "%s: a symbolic link, which Lintel does not follow: name the file itself",
                    name);
    if (kind != EXT4_MODE_FILE)
        return fail(ERR_UNSUPPORTED, "%s: not a file (mode %Xh)", name, inode->mode);
    if (inode->flags & EXT4_INODE_ENCRYPTED)
        return fail(ERR_UNSUPPORTED, "%s: encrypted, and only its owner has the key", name);
    return OK;
}

/* What went wrong is told with the file's name. */
static enum err name_error(enum err err, const char *name)
{
    return err == OK ? OK : fail(err, "%s: %s", name, err_message());
}

enum err ext4_open(const struct fs *fs, const struct fs_entry *entry, struct file *file)
{
    const char *name = file->reader.name;
    struct ext4_inode *inode;

    TRY(ARENA_TAKE(fs->arena, 1, &inode));
    TRY(name_error(ext4_read_inode(fs->state, fs->arena, entry->location, inode), name));
    file->reader.bytes = inode->bytes;
    file->state = inode;
    return check_file(inode, name);
}

enum err ext4_read_file(const struct file *file, uint64_t offset, uint64_t bytes, void *to)
{
    return name_error(ext4_read_contents(file->fs->state, file->state, offset, bytes, to),
                      file->reader.name);
}

/* ---- directories ----------------------------------------------------------------------------- */

struct listing {
    const struct fs *fs;
    struct ext4 *ext4;
    bool (*each)(void *context, const struct fs_entry *entry);
    void *context;
    bool done;
};

/* The root of an old volume's directory does not say what its files are. */
static enum err is_directory(const struct listing *listing, const uint8_t *record, bool *directory)
{
    struct ext4_inode inode;

    *directory = record[7] == TYPE_DIRECTORY;
    if (listing->ext4->features & FILE_TYPES)
        return OK;
    TRY(ext4_read_inode(listing->ext4, listing->fs->arena, load32(record), &inode));
    *directory = (inode.mode & EXT4_MODE_KIND) == EXT4_MODE_DIRECTORY;
    return OK;
}

static enum err take_record(struct listing *listing, const uint8_t *record)
{
    struct fs_entry entry = {.location = load32(record)};
    const char *name = (const char *)record + ENTRY_BYTES;
    uint32_t length = record[6];

    if (!entry.location || (name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'))))
        return OK;
    TRY(is_directory(listing, record, &entry.directory));
    memcpy(entry.name, name, length);
    listing->done = !listing->each(listing->context, &entry);
    return OK;
}

/* Of 65,536 bytes that two bytes can't tell. */
static uint32_t record_bytes(const uint8_t *record)
{
    uint32_t bytes = load16(record + 4);

    return bytes == 0 || bytes == UINT16_MAX ? UINT16_MAX + 1 : bytes;
}

static enum err take_records(struct listing *listing, const uint8_t *records, uint32_t bytes)
{
    uint32_t length;

    for (; bytes && !listing->done; bytes -= length, records += length) {
        length = bytes >= ENTRY_BYTES ? record_bytes(records) : 0;
        if (length < ENTRY_BYTES || length > bytes || (uint32_t)ENTRY_BYTES + records[6] > length)
            return fail(ERR_FORMAT, "an entry of %u bytes where %u are left: " EXT4_REPAIR, length,
                        bytes);
        TRY(take_record(listing, records));
    }
    return OK;
}

static enum err list_inline(struct listing *listing, const struct ext4_inode *inode)
{
    TRY(take_records(listing, inode->map + PARENT_BYTES, EXT4_MAP_BYTES - PARENT_BYTES));
    return take_records(listing, inode->rest, inode->rest_bytes);
}

/* What a tree of hashes leads to lies in the same blocks; its own nodes look like empty entries. */
static enum err list_blocks(struct listing *listing, const struct ext4_inode *inode)
{
    uint32_t size = listing->ext4->block_bytes;
    uint8_t *block;

    TRY(arena_take(listing->fs->arena, size, (void **)&block));
    for (uint64_t at = 0; at < inode->bytes && !listing->done; at += size) {
        TRY(ext4_read_contents(listing->ext4, inode, at, size, block));
        TRY(take_records(listing, block, size));
    }
    return OK;
}

static enum err list(struct listing *listing, uint64_t number)
{
    struct ext4_inode inode;

    TRY(ext4_read_inode(listing->ext4, listing->fs->arena, number, &inode));
    if ((inode.mode & EXT4_MODE_KIND) != EXT4_MODE_DIRECTORY || inode.bytes > DIRECTORY_BYTES_MAX)
        return fail(ERR_FORMAT, "no directory of up to 64 MiB (mode %Xh, %lu bytes): " EXT4_REPAIR,
                    inode.mode, inode.bytes);
    if (inode.flags & EXT4_INODE_ENCRYPTED)
        return fail(ERR_UNSUPPORTED, "encrypted, and only its owner has the key");
    return (inode.flags & EXT4_INODE_INLINE ? list_inline : list_blocks)(listing, &inode);
}

enum err ext4_list(const struct fs *fs, const struct fs_entry *directory,
                   bool (*each)(void *context, const struct fs_entry *entry), void *context)
{
    struct listing listing = {.fs = fs, .ext4 = fs->state, .each = each, .context = context};

    return name_error(list(&listing, directory->location), directory->name);
}
