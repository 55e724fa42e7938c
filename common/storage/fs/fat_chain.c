/* The file allocation table: chains of clusters, taken apart into runs of neighbours. */
#include "common/lib/mem.h"
#include "common/storage/fs/fat.h"

#define FAT32_MASK 0x0fffffffu /* the top four bits of an entry are reserved */

static uint32_t mask_of(const struct fat *fat)
{
    return fat->bits == 32 ? FAT32_MASK : (1u << fat->bits) - 1;
}

/* Entries from the highest value downwards: eight end marks, the bad mark. */
static uint32_t bad_mark(const struct fat *fat)
{
    return mask_of(fat) - 8;
}

static enum err fill_window(struct fat *fat, uint64_t offset)
{
    uint64_t bytes = MIN(fat->table_bytes - offset, FAT_WINDOW_BYTES);

    fat->window_bytes = 0; /* in case that the read fails */
    TRY(volume_read(fat->volume, fat->table_offset + offset, bytes, fat->window));
    fat->window_offset = offset;
    fat->window_bytes = bytes;
    return OK;
}

/* Makes the window hold a cluster's entry. */
static enum err show(struct fat *fat, uint32_t cluster)
{
    uint64_t offset = align_down((uint64_t)cluster * fat->bits / 8, FAT_WINDOW_BYTES);

    return fat->window_bytes && fat->window_offset == offset ? OK : fill_window(fat, offset);
}

/* Where an entry that the window shows lies in it. */
static const uint8_t *place_of(const struct fat *fat, uint32_t cluster)
{
    return fat->window + ((uint64_t)cluster * fat->bits / 8 - fat->window_offset);
}

static uint32_t entry_of(const struct fat *fat, uint32_t cluster)
{
    const uint8_t *entry = place_of(fat, cluster);

    switch (fat->bits) {
    case 12:
        return cluster % 2 ? load16(entry) >> 4 : load16(entry) & 0xfff;
    case 16:
        return load16(entry);
    default:
        return load32(entry) & FAT32_MASK;
    }
}

static uint32_t last_shown(const struct fat *fat)
{
    uint64_t entries = (fat->window_offset + fat->window_bytes) * 8 / fat->bits;

    return (uint32_t)MIN(entries - 1, fat->last_cluster);
}

/* How four 64-bit words of a table look where each entry points to its neighbour. */
struct pattern {
    uint32_t entries;            /* in the four words */
    uint32_t step;               /* bytes from one word to the next: 12-bit entries leave a rest */
    uint64_t ones, ramp, stride; /* word i is next * ones + ramp + i * stride */
    uint64_t mask;               /* bits that count */
};

static const struct pattern pattern12 = {
    16, 6, 0x001001001001, 0x003002001000, 0x004004004004, 0xffffffffffff};
static const struct pattern pattern16 = {
    16, 8, 0x0001000100010001, 0x0003000200010000, 0x0004000400040004, UINT64_MAX};
static const struct pattern pattern32 = {
    8, 8, 0x0000000100000001, 0x0000000100000000, 0x0000000200000002, 0x0fffffff0fffffff};

static bool is_contiguous(const uint8_t *words, const struct pattern *pattern, uint32_t next)
{
    uint64_t expected = next * pattern->ones + pattern->ramp, difference;

    difference = load64(words) ^ expected;
    difference |= load64(words += pattern->step) ^ (expected += pattern->stride);
    difference |= load64(words += pattern->step) ^ (expected += pattern->stride);
    difference |= load64(words + pattern->step) ^ (expected += pattern->stride);
    return !(difference & pattern->mask);
}

/* Skips whole groups of neighbours at about three instructions a cluster: walking the table must
 * not cost more than a few percent of reading the file, even with clusters of 512 bytes. */
static uint32_t skip_groups(const struct fat *fat, uint32_t cluster, uint32_t last)
{
    const struct pattern pattern = fat->bits == 32   ? pattern32
                                   : fat->bits == 16 ? pattern16
                                                     : pattern12;
    const uint8_t *words;

    if (fat->bits == 12 && cluster % 2) { /* a group of these begins with an even one, at a byte */
        if (cluster == last || entry_of(fat, cluster) != cluster + 1)
            return cluster;
        cluster++;
    }
    words = place_of(fat, cluster);
    /* The entry behind a group is shown too: the last word of 12-bit entries reaches into it. */
    for (; last - cluster >= pattern.entries; cluster += pattern.entries) {
        if (!is_contiguous(words, &pattern, cluster + 1))
            break;
        words += 4 * pattern.step;
    }
    return cluster;
}

/* Finds the last cluster of the run that begins at `first`, and the value of its entry; at most
 * `most`, whose entry is not looked at. */
static enum err find_run(struct fat *fat, uint32_t first, uint32_t most, uint32_t *last,
                         uint32_t *value)
{
    uint32_t cluster = first;

    while (cluster < most) {
        uint32_t end;
        TRY(show(fat, cluster));
        end = MIN(last_shown(fat), most - 1);
        cluster = skip_groups(fat, cluster, end);
        while ((*value = entry_of(fat, cluster)) == cluster + 1 && cluster < end)
            cluster++;
        if (*value != cluster + 1 || cluster == fat->last_cluster)
            break;
        cluster++;
    }
    *last = cluster;
    return OK;
}

static bool is_cluster(const struct fat *fat, uint64_t value)
{
    return value >= FAT_FIRST_CLUSTER && value <= fat->last_cluster;
}

static enum err refuse_value(const struct fat_chain *chain, uint32_t cluster, uint32_t value)
{
    const struct fat *fat = chain->fat;
    const char *meaning = value == 0               ? "which means free"
                          : value == bad_mark(fat) ? "which means bad"
                                                   : "which is no cluster of the volume";

    return fail(ERR_FORMAT,
                "%s: its cluster %u is followed by %u (%Xh), %s: the file system is damaged; "
                "repair it with fsck.fat or chkdsk",
                chain->name, cluster, value, value, meaning);
}

enum err fat_chain_begin(struct fat_chain *chain, struct fat *fat, const char *name,
                         uint64_t first_cluster, uint64_t clusters)
{
    if (!is_cluster(fat, first_cluster))
        return fail(ERR_FORMAT,
                    "%s: begins at cluster %lu, but the volume has clusters 2 to %u: the file "
                    "system is damaged; repair it with fsck.fat or chkdsk",
                    name, first_cluster, fat->last_cluster);
    *chain = (struct fat_chain){
        .fat = fat,
        .name = name,
        .wanted = clusters,
        .next = (uint32_t)first_cluster,
        .next_anchor = 1,
    };
    return OK;
}

/* Brent's method, over the starts of runs: a loop has at least one, and they come again. */
static enum err check_for_loop(struct fat_chain *chain)
{
    if (chain->next == chain->anchor)
        return fail(ERR_FORMAT,
                    "%s: its cluster chain loops: cluster %u leads back to cluster %u; repair the "
                    "file system with fsck.fat or chkdsk",
                    chain->name, chain->last, chain->next);
    if (chain->runs++ == chain->next_anchor) {
        chain->anchor = chain->first;
        chain->next_anchor *= 2;
    }
    return OK;
}

/* The furthest cluster that the run may reach: one more than are wanted would be of no use. */
static uint32_t furthest(const struct fat_chain *chain)
{
    uint64_t left = chain->wanted - chain->walked;

    return (uint32_t)MIN(chain->first + left - 1, UINT32_MAX);
}

enum err fat_chain_next(struct fat_chain *chain, bool *more)
{
    struct fat *fat = chain->fat;
    uint32_t value = 0;

    *more = chain->next && chain->walked < chain->wanted;
    if (!*more)
        return OK;
    chain->first = chain->next;
    TRY(find_run(fat, chain->first, furthest(chain), &chain->last, &value));
    chain->walked += chain->last - chain->first + 1;
    if (chain->walked == chain->wanted)
        return OK;
    chain->next = 0;
    if (value > bad_mark(fat))
        return OK;
    if (!is_cluster(fat, value))
        return refuse_value(chain, chain->last, value);
    chain->next = value;
    return check_for_loop(chain);
}
