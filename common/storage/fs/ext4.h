/* What the parts of the ext2, ext3 and ext4 driver share (Linux, Documentation/filesystems/ext4).
 * All reads see the file system as it is after its journal was replayed; nothing is written. */
#pragma once

#include "common/storage/fs/fs.h"

#define EXT4_REPAIR    "the file system is damaged; repair it with e2fsck"
#define EXT4_MAP_BYTES 60

/* A block whose newest contents lie in the journal. */
struct ext4_replaced {
    uint64_t block;
    uint64_t log;         /* the block that holds them; 0: revoked, what older transactions hold is
                             not to be used */
    uint32_t order;       /* in the log */
    uint32_t transaction; /* from 0 */
    uint32_t sum;
    bool escaped; /* its first four bytes were the journal's magic number */
};

struct ext4_journal;

/* A mounted volume. Blocks are numbered from the volume's start. */
struct ext4 {
    const struct volume *volume;
    uint32_t block_bytes;
    uint64_t blocks;
    uint32_t features, compatible, read_only; /* incompat, compat and ro_compat */
    uint32_t inodes, group_inodes, inode_bytes;
    uint32_t group_blocks, first_block, descriptor_bytes, first_meta_group;
    uint32_t backup_groups[2];      /* sparse_super2 */
    uint32_t journal;               /* its inode */
    struct ext4_replaced *replaced; /* by block */
    uint32_t replaced_count;
    const struct ext4_journal *log; /* where they lie; NULL: nowhere */
    uint8_t *node;                  /* the newest block of a map, and its number */
    uint64_t node_block;
    uint8_t *copy; /* the newest block that was read from the journal, and its number there */
    uint64_t copy_block;
};

struct ext4_inode {
    uint16_t mode;
    uint32_t flags;
    uint64_t bytes;
    uint8_t map[EXT4_MAP_BYTES]; /* where its blocks lie, or its first bytes */
    const uint8_t *rest;         /* what follows these, where all of it lies in the inode */
    uint32_t rest_bytes;
};

#define EXT4_MODE_KIND      0xf000
#define EXT4_MODE_DIRECTORY 0x4000
#define EXT4_MODE_FILE      0x8000
#define EXT4_MODE_LINK      0xa000

#define EXT4_INODE_ENCRYPTED 0x800
#define EXT4_INODE_EXTENTS   0x80000
#define EXT4_INODE_INLINE    0x10000000

/* Neighbouring blocks of a file. */
struct ext4_run {
    uint64_t block; /* 0: they are not there, and read as zeros */
    uint64_t count;
};

/* Reads bytes from that block on, `skip` bytes behind its start. ERR_FORMAT: they lie behind the
 * file system's end, or their copy in the journal is damaged. ERR_IO. */
enum err ext4_read(struct ext4 *ext4, uint64_t block, uint64_t skip, uint64_t bytes, void *to);

/* Where the file's block `index` and those behind it lie. ERR_FORMAT, ERR_IO. */
enum err ext4_map(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t index,
                  struct ext4_run *run);

/* ERR_FORMAT: there is no such inode. The arena is for what lies in the inode itself. */
enum err ext4_read_inode(struct ext4 *ext4, struct arena *arena, uint64_t number,
                         struct ext4_inode *inode);

/* Reads bytes of a file or directory, which has them. */
enum err ext4_read_contents(struct ext4 *ext4, const struct ext4_inode *inode, uint64_t offset,
                            uint64_t bytes, void *to);

/* Finds out what the journal holds. Errors say why it can't be read. `fs->doubt` is set where some
 * of it can't be used. */
enum err ext4_replay(struct ext4 *ext4, struct fs *fs);

/* ERR_FORMAT: it is not what was written to the journal. */
enum err ext4_check_copy(const struct ext4 *ext4, const struct ext4_replaced *replaced);

/* The first block of the journal that is not behind it; NULL: all are. */
const struct ext4_replaced *ext4_find_replaced(const struct ext4 *ext4, uint64_t block);

/* The driver's functions but mount and identify (see fs.h). */
enum err ext4_list(const struct fs *fs, const struct fs_entry *directory,
                   bool (*each)(void *context, const struct fs_entry *entry), void *context);
enum err ext4_open(const struct fs *fs, const struct fs_entry *entry, struct file *file);
enum err ext4_read_file(const struct file *file, uint64_t offset, uint64_t bytes, void *to);

extern const struct fs_driver ext4_driver;
