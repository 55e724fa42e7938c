/* Which values put the machine into sleep state S5? */
#include "kernel/machine/acpi.h"

/* A constant of one byte: Zero, One, or BytePrefix and the byte. */
static size_t read_constant(const uint8_t *at, const uint8_t *end, uint8_t *value)
{
    if (at < end && (*at == 0x00 || *at == 0x01)) {
        *value = *at;
        return 1;
    }
    if (end - at < 2 || *at != 0x0a)
        return 0;
    *value = at[1];
    return 2;
}

/* The name, then PackageOp. */
static bool is_package(const uint8_t *at, const char name[4])
{
    for (int i = 0; i < 4; i++)
        if (at[i] != (uint8_t)name[i])
            return false;
    return at[4] == 0x12;
}

/* NameOp or its root form before the name, then PackageOp, PkgLength (whose top two bits tell how
 * many bytes follow it), NumElements, and the two constants. */
bool acpi_find_s5(const uint8_t *aml, size_t bytes, uint8_t types[2])
{
    const uint8_t *end = aml + bytes;
    for (size_t i = 1; i + 8 < bytes; i++) {
        const uint8_t *at = aml + i;
        bool is_named = at[-1] == 0x08 || (i > 1 && at[-1] == '\\' && at[-2] == 0x08);
        if (!is_package(at, "_S5_") || !is_named)
            continue;
        size_t first = i + 5 + (at[5] >> 6) + 2;
        if (first >= bytes)
            return false;
        size_t second = first + read_constant(aml + first, end, &types[0]);
        return second > first && read_constant(aml + second, end, &types[1]);
    }
    return false;
}
