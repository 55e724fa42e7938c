/* Where is the entry of an address in the tables of its space? */
#include "kernel/vm/tables.h"
#include <stddef.h>

static uint64_t *table_at(const struct tables *tables, uint64_t physical)
{
    return (uint64_t *)(tables->physical + physical);
}

uint64_t tables_take_frame(const struct tables *tables)
{
    uint64_t frame = frames_take(tables->frames, 1);
    if (frame == FRAMES_NONE)
        return FRAMES_NONE;
    __builtin_memset(tables->physical + frame * FRAME_BYTES, 0, FRAME_BYTES);
    return frame * FRAME_BYTES;
}

void tables_give_frame(const struct tables *tables, uint64_t physical)
{
    frames_give(tables->frames, physical / FRAME_BYTES, 1);
}

/* What a page may be is said by the last entry alone: those above allow everything. */
static bool add_table(const struct tables *tables, uint64_t *entry)
{
    uint64_t table = tables_take_frame(tables);
    if (table == FRAMES_NONE)
        return false;
    *entry = table | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER;
    return true;
}

uint64_t *tables_entry(const struct tables *tables, uint64_t address, bool create)
{
    uint64_t *table = table_at(tables, tables->root);
    for (int level = tables->levels; level > 1; level--) {
        uint64_t *entry = &table[index_at(address, level)];
        if (!(*entry & ENTRY_PRESENT) && !(create && add_table(tables, entry)))
            return NULL;
        table = table_at(tables, *entry & ENTRY_ADDRESS);
    }
    return &table[index_at(address, 1)];
}

uint64_t tables_next_backed(const struct tables *tables, uint64_t from, uint64_t end,
                            uint64_t **entry)
{
    while (from < end) {
        uint64_t *table = table_at(tables, tables->root);
        int level = tables->levels;
        while (level > 1 && table[index_at(from, level)] & ENTRY_PRESENT)
            table = table_at(tables, table[index_at(from, level--)] & ENTRY_ADDRESS);
        *entry = &table[index_at(from, level)];
        if (level > 1)
            from = (from | (page_bytes_at(level) - 1)) + 1;
        else if (**entry & ENTRY_BACKED)
            return from;
        else
            from += FRAME_BYTES;
    }
    return end;
}

void tables_set(const struct tables *tables, uint64_t address, uint64_t *entry, uint64_t value)
{
    *entry = value;
    tables->invalidate(address);
}

static void give_tables(const struct tables *tables, uint64_t *table, int level, int slots)
{
    for (int i = 0; i < slots; i++) {
        uint64_t below = table[i] & ENTRY_ADDRESS;
        if (!(table[i] & ENTRY_PRESENT))
            continue;
        if (level > 2)
            give_tables(tables, table_at(tables, below), level - 1, TABLE_ENTRIES);
        table[i] = 0;
        tables_give_frame(tables, below);
    }
}

void tables_end(const struct tables *tables)
{
    give_tables(tables, table_at(tables, tables->root), tables->levels, TABLE_ENTRIES / 2);
}
