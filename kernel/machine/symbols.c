/* Which function and line does an address belong to? */
#include "kernel/machine/symbols.h"
#include "kernel/handover/handover.h"
#include "kernel/lib/text.h"

extern const struct symbol_table symbol_table; /* symbols.asm */

static const struct symbol_table *program_table;

static const char *name_of(const struct symbol_table *table, const struct place *place)
{
    return (const char *)&table->places[table->functions + table->lines] + place->name;
}

/* The last of some places that begins at or below an offset; NULL: none. */
static const struct place *last_at(const struct place *places, uint32_t count, uint64_t offset)
{
    const struct place *found = NULL;
    for (const struct place *at = places; at < places + count && at->offset <= offset; at++)
        found = at;
    return found;
}

/* The table that an address belongs to, and where its text begins; NULL: none. */
static const struct symbol_table *table_of(uint64_t address, uint64_t *text)
{
    if (address >= address_of(text_start) && address < address_of(text_end)) {
        *text = address_of(text_start);
        return &symbol_table;
    }
    *text = program_table ? program_table->text : 0;
    return program_table && address - *text < program_table->text_bytes ? program_table : NULL;
}

void symbols_describe(uint64_t address, char *text, size_t bytes)
{
    uint64_t start;
    const struct symbol_table *table = table_of(address, &start);
    text[0] = 0;
    if (!table)
        return;
    const struct place *function = last_at(table->places, table->functions, address - start);
    const struct place *line =
        last_at(table->places + table->functions, table->lines, address - start);
    if (function && line)
        text_print(text, bytes, "%s+%#lx (%s:%u)", name_of(table, function),
                   address - start - function->offset, name_of(table, line), line->line);
}

void symbols_of_program(const struct symbol_table *table)
{
    program_table = table;
}

bool symbols_find(const char *name, uint64_t *address)
{
    for (uint32_t i = 0; i < symbol_table.functions; i++) {
        const struct place *function = &symbol_table.places[i];
        if (!text_equal(name_of(&symbol_table, function), name))
            continue;
        *address = address_of(text_start) + function->offset;
        return true;
    }
    return false;
}
