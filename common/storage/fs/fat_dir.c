/* Directories of FAT volumes. */
#include "common/lib/mem.h"
#include "common/storage/fs/fat.h"

#define DIRECTORY_BYTES_MAX (2 * MIB) /* 65,536 slots (page 31) */
#define CHUNK_BYTES         4096
#define SLOT_END            0x00 /* nothing behind this counts, whatever it looks like */
#define SLOT_FREE           0xe5
#define ATTRIBUTE_MASK      0x3f
#define ATTRIBUTE_LONG_NAME 0x0f
#define ATTRIBUTE_LABEL     0x08
#define ATTRIBUTE_DIRECTORY 0x10

/* A walk along the slots that count. */
struct slots {
    const struct fat *fat;
    const char *directory; /* its name, for messages */
    bool (*each)(void *context, const uint8_t *slot, uint64_t offset);
    void *context;
    bool done; /* the end mark, or `each` has seen enough */
};

static enum err walk_bytes(struct slots *slots, uint64_t offset, uint64_t bytes)
{
    uint8_t chunk[CHUNK_BYTES];
    uint64_t part;

    for (; bytes && !slots->done; offset += part, bytes -= part) {
        enum err err;
        part = MIN(bytes, sizeof chunk);
        err = volume_read(slots->fat->volume, offset, part, chunk);
        if (err != OK)
            return fail(err, "directory %s: %s", slots->directory, err_message());
        for (uint64_t i = 0; i < part && !slots->done; i += FAT_SLOT_BYTES)
            slots->done =
                chunk[i] == SLOT_END || !slots->each(slots->context, chunk + i, offset + i);
    }
    return OK;
}

/* Walks one cluster further than a directory may have. */
static enum err walk_chain(struct slots *slots, struct fat *fat, uint64_t first_cluster)
{
    uint64_t most = MAX(DIRECTORY_BYTES_MAX / fat->cluster_bytes, 1);
    struct fat_chain chain;
    bool more;

    TRY(fat_chain_begin(&chain, fat, slots->directory, first_cluster, most + 1));
    for (;;) {
        TRY(fat_chain_next(&chain, &more));
        if (!more || slots->done)
            return OK;
        if (chain.walked > most)
            return fail(ERR_FORMAT,
                        "%s: its cluster chain is still going on at cluster %u after %lu clusters, "
                        "but FAT allows %lu: the file system is damaged",
                        chain.name, chain.last, chain.walked, most);
        TRY(walk_bytes(slots, fat_cluster_offset(fat, chain.first),
                       (uint64_t)(chain.last - chain.first + 1) * fat->cluster_bytes));
    }
}

enum err fat_walk_slots(const struct fs *fs, const struct fs_entry *directory,
                        bool (*each)(void *context, const uint8_t *slot, uint64_t offset),
                        void *context)
{
    struct fat *fat = fs->state;
    struct slots slots = {
        .fat = fat, .directory = directory->name, .each = each, .context = context};

    if (directory->location == FAT_FIXED_ROOT)
        return walk_bytes(&slots, fat->root_offset, fat->root_bytes);
    return walk_chain(&slots, fat, directory->location);
}

/* ---- what a slot holds ----------------------------------------------------------------------- */

bool fat_is_long_name(const uint8_t *slot)
{
    return slot[0] != SLOT_FREE && (slot[11] & ATTRIBUTE_MASK) == ATTRIBUTE_LONG_NAME;
}

/* A label, or a part of a long name, has no contents (pages 27 and 31): this bit has hidden a file.
 */
static bool is_hidden_file(const uint8_t *slot)
{
    return slot[0] != SLOT_FREE && slot[11] & ATTRIBUTE_LABEL && load16(slot + 26);
}

static bool is_label(const uint8_t *slot)
{
    return slot[0] != SLOT_FREE && !fat_is_long_name(slot) && slot[11] & ATTRIBUTE_LABEL &&
           !is_hidden_file(slot);
}

bool fat_is_file(const uint8_t *slot)
{
    return slot[0] != SLOT_FREE && slot[0] != '.' && !(slot[11] & ATTRIBUTE_LABEL);
}

struct listing {
    const struct fat *fat;
    bool (*each)(void *context, const struct fs_entry *entry);
    void *context;
    struct fat_long_name long_name;
    bool is_root;
    uint8_t damaged[11]; /* the short name of what can't be what its attributes say; 0: none */
};

static void fill_entry(const struct listing *listing, const uint8_t *slot, struct fs_entry *entry)
{
    /* Older systems use the high half of the cluster number for other things. */
    uint32_t high = listing->fat->bits == 32 ? load16(slot + 20) : 0;

    fat_name(&listing->long_name, slot, entry);
    entry->directory = slot[11] & ATTRIBUTE_DIRECTORY;
    entry->bytes = entry->directory ? 0 : load32(slot + 28);
    entry->location = high << 16 | load16(slot + 26);
}

static bool list_slot(void *context, const uint8_t *slot, uint64_t offset)
{
    struct listing *listing = context;
    struct fs_entry entry;
    bool more = true;

    if (is_hidden_file(slot) || (is_label(slot) && !listing->is_root)) {
        memcpy(listing->damaged, slot, sizeof listing->damaged);
    } else if (fat_is_long_name(slot)) {
        fat_long_name_add(&listing->long_name, slot, offset);
        return true;
    }
    if (fat_is_file(slot)) {
        fill_entry(listing, slot, &entry);
        more = listing->each(listing->context, &entry);
    }
    listing->long_name.valid = false;
    return more;
}

enum err fat_list(const struct fs *fs, const struct fs_entry *directory,
                  bool (*each)(void *context, const struct fs_entry *entry), void *context)
{
    char name[FS_LABEL_BYTES];
    struct listing listing = {
        .fat = fs->state,
        .each = each,
        .context = context,
        .is_root = directory->location == fs->root.location,
    };

    TRY(fat_walk_slots(fs, directory, list_slot, &listing));
    if (!listing.damaged[0])
        return OK;
    fat_label(listing.damaged, name);
    return fail(ERR_FORMAT,
                "directory %s: %s has the attribute 08h, and is no volume label: repair the file "
                "system with fsck.fat or chkdsk",
                directory->name, name);
}

static bool take_label(void *context, const uint8_t *slot, uint64_t offset)
{
    (void)offset;
    if (!is_label(slot))
        return true;
    fat_label(slot, context);
    return false;
}

enum err fat_find_label(const struct fs *fs, char label[FS_LABEL_BYTES])
{
    label[0] = 0;
    return fat_walk_slots(fs, &fs->root, take_label, label);
}
