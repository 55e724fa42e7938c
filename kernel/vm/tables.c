#include "tables.h"
#include <stddef.h>

#define SLOTS      512u
#define PAGE_SHIFT 12
#define SLOT_BITS  9

static uint64_t *table_at(const struct tables *tables, uint64_t physical)
{
    return (uint64_t *)(tables->physical + physical);
}

static unsigned slot_of(uint64_t address, uint32_t level)
{
    return address >> (PAGE_SHIFT + SLOT_BITS * (level - 1)) & (SLOTS - 1);
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
    for (uint32_t level = tables->levels; level > 1; level--) {
        uint64_t *entry = &table[slot_of(address, level)];
        if (!(*entry & ENTRY_PRESENT) && !(create && add_table(tables, entry)))
            return NULL;
        table = table_at(tables, *entry & ENTRY_FRAME);
    }
    return &table[slot_of(address, 1)];
}

/* Where the table of this level that holds `address` ends. */
static uint64_t end_of_table(uint64_t address, uint32_t level)
{
    uint64_t bytes = UINT64_C(1) << (PAGE_SHIFT + SLOT_BITS * level);
    return (address & ~(bytes - 1)) + bytes;
}

uint64_t tables_next_backed(const struct tables *tables, uint64_t from, uint64_t end,
                            uint64_t **entry)
{
    while (from < end) {
        uint64_t *table = table_at(tables, tables->root);
        uint32_t level = tables->levels;
        while (level > 1 && table[slot_of(from, level)] & ENTRY_PRESENT)
            table = table_at(tables, table[slot_of(from, level--)] & ENTRY_FRAME);
        *entry = &table[slot_of(from, level)];
        if (level > 1)
            from = end_of_table(from, level - 1);
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

static void give_tables(const struct tables *tables, uint64_t *table, uint32_t level,
                        unsigned slots)
{
    for (unsigned i = 0; i < slots; i++) {
        uint64_t below = table[i] & ENTRY_FRAME;
        if (!(table[i] & ENTRY_PRESENT))
            continue;
        if (level > 2)
            give_tables(tables, table_at(tables, below), level - 1, SLOTS);
        table[i] = 0;
        tables_give_frame(tables, below);
    }
}

void tables_end(const struct tables *tables)
{
    give_tables(tables, table_at(tables, tables->root), tables->levels, SLOTS / 2);
}
