/* Is a table of symbols sound, that a file brings? */
#include "kernel/machine/symbols.h"

bool symbols_lie(const struct symbol_table *table, uint64_t bytes)
{
    uint64_t end;
    if (bytes < sizeof *table || __builtin_add_overflow(table->text, table->text_bytes, &end))
        return true;
    uint64_t count = (uint64_t)table->functions + table->lines; /* of two 32-bit numbers */
    uint64_t places_bytes = count * sizeof *table->places, left = bytes - sizeof *table;
    if (places_bytes > left)
        return true;
    uint64_t names_bytes = left - places_bytes;
    const char *names = (const char *)&table->places[count];
    if (count && (!names_bytes || names[names_bytes - 1]))
        return true;
    for (uint64_t i = 0; i < count; i++)
        if (table->places[i].name >= names_bytes)
            return true;
    return false;
}
