#include "symbols.h"
#include "../handover/handover.h"
#include "../lib/text.h"

#define JUMP INT8_MIN /* kernel/symbols.py */

struct symbol {
    uint32_t offset, name;
};

extern const struct symbol_table symbol_table; /* symbols.asm */

static const void *part(uint32_t offset)
{
    return (const char *)&symbol_table + offset;
}

static const char *name_at(uint32_t offset)
{
    return (const char *)part(symbol_table.names) + offset;
}

/* The last function that begins at or below an offset; NULL: none. */
static const struct symbol *function_at(uint64_t offset)
{
    const struct symbol *symbols = part(symbol_table.symbols), *found = NULL;
    for (uint32_t i = 0; i < symbol_table.count && symbols[i].offset <= offset; i++)
        found = &symbols[i];
    return found;
}

/* Follows the steps from line to line up to an offset; 0: none was found. */
static uint32_t line_at(uint64_t offset, const char **file)
{
    const uint8_t *at = part(symbol_table.lines), *end = at + symbol_table.lines_bytes;
    const uint32_t *files = part(symbol_table.files);
    uint64_t reached = 0;
    uint32_t line = 0;
    while (at < end && reached + at[0] <= offset) {
        int8_t step = (int8_t)at[1];
        reached += at[0];
        if (step == JUMP) {
            *file = name_at(files[at[2]]);
            line = at[3] | (uint32_t)at[4] << 8;
        } else {
            line += (uint32_t)step;
        }
        at += step == JUMP ? 5 : 2;
    }
    return line;
}

void symbols_describe(uint64_t address, char *text, size_t bytes)
{
    uint64_t offset = address - address_of(text_start);
    const struct symbol *symbol = function_at(offset);
    const char *file = "?";
    text[0] = 0;
    if (address < address_of(text_start) || address >= address_of(text_end) || !symbol)
        return;
    uint32_t line = line_at(offset, &file);
    text_print(text, bytes, "%s+%#lx (%s:%u)", name_at(symbol->name), offset - symbol->offset, file,
               line);
}

bool symbols_find(const char *name, uint64_t *address)
{
    const struct symbol *symbols = part(symbol_table.symbols);
    for (uint32_t i = 0; i < symbol_table.count; i++) {
        if (!text_equal(name_at(symbols[i].name), name))
            continue;
        *address = address_of(text_start) + symbols[i].offset;
        return true;
    }
    return false;
}
