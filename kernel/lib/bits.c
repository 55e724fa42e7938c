/* What do the bits of a number say? */
#include "kernel/lib/bits.h"

uint32_t bits_decode(const struct bit_row *rows, uint32_t count, uint8_t kind, uint64_t number,
                     struct bit_field fields[BIT_FIELDS_MAX])
{
    uint32_t found = 0;
    for (const struct bit_row *row = rows; row < rows + count; row++) {
        uint64_t value = number >> row->first & ((UINT64_C(1) << row->count) - 1);
        if (row->in & kind)
            fields[found++] = (struct bit_field){row->name, row->first, row->count, value,
                                                 value ? row->set : row->clear};
    }
    return found;
}
