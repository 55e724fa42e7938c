/* Which sectors lead from the disk as it is to the disk as it is to be? */
#include "images/tool/install/transition.h"
#include "common/lib/mem.h"

struct planning {
    const struct transition *transition;
    const uint8_t *old_table, *new_table; /* the first copy of each */
    struct writes *writes;
};

static bool is_in(uint64_t offset, uint64_t start, uint64_t bytes)
{
    return offset >= start && offset - start < bytes;
}

static bool is_in_tables(const struct fat_layout *fat, uint64_t offset)
{
    return is_in(offset, fat_table_at(fat, 0), fat->tables * fat->table_bytes);
}

/* A boot sector that someone else may have changed in part: its extents don't fill it. */
static bool is_code(const struct transition *transition, uint64_t offset)
{
    return record_has(transition->found, EXTENT_CODE, offset) ||
           record_has(transition->record, EXTENT_CODE, offset);
}

/* A cluster that only the old files have, or nobody; only the new ones; or a directory that stays.
 */
static enum phase phase_of_cluster(const struct planning *planning, uint64_t offset,
                                   uint32_t cluster)
{
    const struct transition *transition = planning->transition;

    if (!fat_get(transition->fat, planning->new_table, cluster))
        return record_has(transition->found, EXTENT_RECORD, offset) ? PHASE_FORGET : PHASE_CLEAN;
    if (fat_get(transition->fat, planning->old_table, cluster))
        return PHASE_ENTRIES;
    return record_has(transition->record, EXTENT_RECORD, offset) ? PHASE_RECORD : PHASE_DATA;
}

static enum phase phase_of(const struct planning *planning, uint64_t offset)
{
    const struct transition *transition = planning->transition;
    const struct fat_layout *fat = transition->fat;
    uint32_t cluster = fat_cluster_at(fat, offset);
    uint64_t tables_end = fat_table_at(fat, fat->tables);

    if (is_code(transition, offset))
        return transition->boot_first ? PHASE_BOOT_FIRST : PHASE_BOOT;
    if (is_in(offset, transition->stage.offset, transition->stage.bytes))
        return PHASE_DATA;
    if (cluster &&
        is_in(offset, fat->offset, fat->volume->sectors * fat->volume->disk->sector_bytes))
        return phase_of_cluster(planning, offset, cluster);
    if (is_in(offset, tables_end, fat->offset + fat->data_offset - tables_end))
        return PHASE_ENTRIES; /* the root directory of FAT12 and FAT16 */
    if (fat->info_sector &&
        is_in(offset, fat->offset + (uint64_t)fat->info_sector * fat->sector_bytes,
              fat->sector_bytes))
        return PHASE_UNLINK;
    return PHASE_CLEAN; /* an older second stage */
}

static enum err compare_sector(struct planning *planning, uint64_t offset)
{
    const struct transition *transition = planning->transition;
    uint32_t bytes = transition->disk->disk.sector_bytes;
    uint8_t old[SECTOR_BYTES_MAX], new[SECTOR_BYTES_MAX];

    if (is_in_tables(transition->fat, offset))
        return OK;
    TRY(disk_image_read(transition->disk, offset, bytes, old));
    TRY(disk_image_read(&transition->target->image, offset, bytes, new));
    if (memcmp(old, new, bytes) == 0)
        return OK;
    enum phase phase = phase_of(planning, offset);
    if (phase == PHASE_RECORD && record_bytes_at(new))
        phase = PHASE_RECORD_HEAD;
    if (phase == PHASE_FORGET && record_bytes_at(old))
        phase = PHASE_FORGET_HEAD;
    return writes_add(planning->writes, phase, offset, bytes, new);
}

static enum err compare_range(struct planning *planning, const struct range *range)
{
    uint32_t sector_bytes = planning->transition->disk->disk.sector_bytes;

    for (uint64_t done = 0; done < range->bytes; done += sector_bytes)
        TRY(compare_sector(planning, range->offset + done));
    return OK;
}

/* ---- the tables ------------------------------------------------------------------------------ */

/* Adds what differs between two states of one copy of the table. */
static enum err add_table_writes(struct planning *planning, enum phase phase, uint32_t copy,
                                 const uint8_t *old, const uint8_t *new)
{
    const struct fat_layout *fat = planning->transition->fat;
    uint32_t bytes = planning->transition->disk->disk.sector_bytes;

    for (uint64_t at = 0; at < fat->table_bytes; at += bytes)
        if (memcmp(old + at, new + at, bytes) != 0)
            TRY(writes_add(planning->writes, phase, fat_table_at(fat, copy) + at, bytes, new + at));
    return OK;
}

enum err transition_linked_table(const struct fat_layout *fat, const struct disk_image *disk,
                                 const struct disk_image *target, uint32_t copy, uint8_t **table)
{
    uint8_t *old;

    TRY(fat_read_table(fat, disk, copy, &old));
    TRY(fat_read_table(fat, target, copy, table));
    for (uint32_t cluster = 2; cluster <= fat->last_cluster; cluster++)
        if (!fat_get(fat, *table, cluster))
            fat_set(fat, *table, cluster, fat_get(fat, old, cluster));
    return OK;
}

/* Each entry goes over in two steps, from free to used and from used to free. */
static enum err plan_table(struct planning *planning, uint32_t copy)
{
    const struct transition *transition = planning->transition;
    const struct fat_layout *fat = transition->fat;
    const struct disk_image *target = &transition->target->image;
    uint8_t *old, *linked, *new;

    TRY(fat_read_table(fat, transition->disk, copy, &old));
    TRY(transition_linked_table(fat, transition->disk, target, copy, &linked));
    TRY(fat_read_table(fat, target, copy, &new));
    TRY(add_table_writes(planning, PHASE_LINK, copy, old, linked));
    return add_table_writes(planning, PHASE_UNLINK, copy, linked, new);
}

enum err transition_plan(const struct transition *transition, struct writes *writes)
{
    const struct overlay *target = transition->target;
    struct planning planning = {.transition = transition, .writes = writes};

    TRY(fat_read_table(transition->fat, transition->disk, 0, (uint8_t **)&planning.old_table));
    TRY(fat_read_table(transition->fat, &target->image, 0, (uint8_t **)&planning.new_table));
    for (size_t i = 0; i < target->count; i++)
        TRY(compare_range(&planning, &target->ranges[i]));
    for (uint32_t copy = 0; copy < transition->fat->tables; copy++)
        TRY(plan_table(&planning, copy));
    return OK;
}
