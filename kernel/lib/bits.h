/* Numbers that are made of fields of bits, told by tables. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bit_row {
    const char *name;
    uint8_t first, count, in; /* `in`: a bit for each kind of number that has it */
    const char *clear, *set;  /* what 0 means, and what another value; "": the value says it all */
};

struct bit_field {
    const char *name;
    uint8_t first, count; /* bits */
    uint64_t value;
    const char *meaning;
};

#define BIT_FIELDS_MAX 24 /* of one number */

/* The fields of a number of one kind, in the order of the rows: from bit 0 up; how many. */
uint32_t bits_decode(const struct bit_row *rows, uint32_t count, uint8_t kind, uint64_t number,
                     struct bit_field fields[BIT_FIELDS_MAX]);
