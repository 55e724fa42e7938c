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

struct listing {
    const struct fat *fat;
    const char *directory; /* its name, for messages */
    bool (*each)(void *context, const struct fs_entry *entry);
    void *context;
    struct fat_long_name long_name;
    bool done; /* the end mark, or `each` has seen enough */
};

static void fill_entry(const struct listing *listing, const uint8_t *slot, struct fs_entry *entry)
{
    /* Older systems use the high half of the cluster number for other things. */
    uint32_t high = listing->fat->bits == 32 ? load16(slot + 20) : 0;

    fat_name(&listing->long_name, slot, entry->name);
    entry->directory = slot[11] & ATTRIBUTE_DIRECTORY;
    entry->bytes = entry->directory ? 0 : load32(slot + 28);
    entry->location = high << 16 | load16(slot + 26);
}

static void take_slot(struct listing *listing, const uint8_t *slot)
{
    uint8_t attributes = slot[11] & ATTRIBUTE_MASK;
    struct fs_entry entry;

    if (slot[0] == SLOT_END) {
        listing->done = true;
        return;
    }
    if (slot[0] != SLOT_FREE && attributes == ATTRIBUTE_LONG_NAME) {
        fat_long_name_add(&listing->long_name, slot);
        return;
    }
    if (slot[0] != SLOT_FREE && slot[0] != '.' && !(attributes & ATTRIBUTE_LABEL)) {
        fill_entry(listing, slot, &entry);
        listing->done = !listing->each(listing->context, &entry);
    }
    listing->long_name.valid = false;
}

static enum err list_bytes(struct listing *listing, uint64_t offset, uint64_t bytes)
{
    uint8_t chunk[CHUNK_BYTES];
    uint64_t part;

    for (; bytes && !listing->done; offset += part, bytes -= part) {
        enum err err;
        part = MIN(bytes, sizeof chunk);
        err = volume_read(listing->fat->volume, offset, part, chunk);
        if (err != OK)
            return fail(err, "directory %s: %s", listing->directory, err_message());
        for (uint64_t i = 0; i < part && !listing->done; i += FAT_SLOT_BYTES)
            take_slot(listing, chunk + i);
    }
    return OK;
}

static enum err list_chain(struct listing *listing, struct fat *fat, uint64_t first_cluster)
{
    struct fat_chain chain;
    bool more;

    TRY(fat_chain_begin(&chain, fat, listing->directory, first_cluster, DIRECTORY_BYTES_MAX));
    for (;;) {
        TRY(fat_chain_next(&chain, &more));
        if (!more || listing->done)
            return OK;
        TRY(list_bytes(listing, fat_cluster_offset(fat, chain.first),
                       (uint64_t)(chain.last - chain.first + 1) * fat->cluster_bytes));
    }
}

enum err fat_list(const struct fs *fs, const struct fs_entry *directory,
                  bool (*each)(void *context, const struct fs_entry *entry), void *context)
{
    struct fat *fat = fs->state;
    struct listing listing = {
        .fat = fat,
        .directory = directory->name,
        .each = each,
        .context = context,
    };

    if (directory->location == FAT_FIXED_ROOT)
        return list_bytes(&listing, fat->root_offset, fat->root_bytes);
    return list_chain(&listing, fat, directory->location);
}
