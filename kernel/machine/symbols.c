#include "symbols.h"
#include "../handover/handover.h"
#include "../lib/text.h"

#define JUMP INT8_MIN /* kernel/symbols.py */

struct symbol {
    uint32_t offset, name;
};

extern const struct symbol_table symbol_table; /* symbols.asm */

static const struct symbol_table *program_table;

static const void *part(const struct symbol_table *table, uint32_t offset)
{
    return (const char *)table + offset;
}

static const char *name_at(const struct symbol_table *table, uint32_t offset)
{
    return (const char *)part(table, table->names) + offset;
}

/* The last function that begins at or below an offset; NULL: none. */
static const struct symbol *function_at(const struct symbol_table *table, uint64_t offset)
{
    const struct symbol *symbols = part(table, table->symbols), *found = NULL;
    for (uint32_t i = 0; i < table->count && symbols[i].offset <= offset; i++)
        found = &symbols[i];
    return found;
}

/* Follows the steps from line to line up to an offset; 0: none was found. */
static uint32_t line_at(const struct symbol_table *table, uint64_t offset, const char **file)
{
    const uint8_t *at = part(table, table->lines), *end = at + table->lines_bytes;
    const uint32_t *files = part(table, table->files);
    uint64_t reached = 0;
    uint32_t line = 0;
    while (at < end && reached + at[0] <= offset) {
        int8_t step = (int8_t)at[1];
        reached += at[0];
        if (step == JUMP) {
            *file = name_at(table, files[at[2]]);
            line = at[3] | (uint32_t)at[4] << 8;
        } else {
            line += (uint32_t)step;
        }
        at += step == JUMP ? 5 : 2;
    }
    return line;
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
    const struct symbol *symbol = table ? function_at(table, address - start) : NULL;
    const char *file = "?";
    text[0] = 0;
    if (!symbol)
        return;
    uint32_t line = line_at(table, address - start, &file);
    text_print(text, bytes, "%s+%#lx (%s:%u)", name_at(table, symbol->name),
               address - start - symbol->offset, file, line);
}

void symbols_of_program(const struct symbol_table *table)
{
    program_table = table;
}

bool symbols_find(const char *name, uint64_t *address)
{
    const struct symbol *symbols = part(&symbol_table, symbol_table.symbols);
    for (uint32_t i = 0; i < symbol_table.count; i++) {
        if (!text_equal(name_at(&symbol_table, symbols[i].name), name))
            continue;
        *address = address_of(text_start) + symbols[i].offset;
        return true;
    }
    return false;
}
