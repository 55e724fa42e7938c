/* Names in FAT directories: 8.3 names, and VFAT long names in UTF-16 (pages 22 to 30). */
#include "common/lib/mem.h"
#include "common/lib/utf8.h"
#include "common/storage/fs/fat.h"

#define SLOT_UNITS      13
#define SLOTS_MAX       20
#define LAST_PART       0x40
#define LOWER_BASE      0x08 /* Windows NT: the base, or the extension, is in lower case */
#define LOWER_EXTENSION 0x10

static uint32_t unit_offset(uint32_t index)
{
    return index < 5 ? 1 + 2 * index : index < 11 ? 14 + 2 * (index - 5) : 28 + 2 * (index - 11);
}

/* Copies a slot's units to their place. The last part of a name ends at a 0 unit, if it is not
 * full. */
static void add_units(struct fat_long_name *name, uint32_t part, const uint8_t *slot)
{
    uint16_t *units = name->units + part * SLOT_UNITS;

    for (uint32_t i = 0; i < SLOT_UNITS; i++) {
        units[i] = load16(slot + unit_offset(i));
        if (!units[i]) {
            name->valid &= name->length == (part + 1) * SLOT_UNITS;
            name->length = part * SLOT_UNITS + i;
            return;
        }
    }
}

void fat_long_name_add(struct fat_long_name *name, const uint8_t slot[FAT_SLOT_BYTES])
{
    uint32_t part = slot[0] & ~LAST_PART, checksum = slot[13];

    if (slot[0] & LAST_PART) {
        name->valid = part >= 1 && part <= SLOTS_MAX;
        name->length = part * SLOT_UNITS;
        name->missing = part;
        name->checksum = (uint8_t)checksum;
    }
    name->valid &= part && part == name->missing && checksum == name->checksum;
    if (!name->valid)
        return;
    name->missing--;
    add_units(name, part - 1, slot);
}

static uint8_t checksum_of(const uint8_t *short_name)
{
    uint8_t sum = 0;

    for (int i = 0; i < 11; i++)
        sum = (uint8_t)((sum << 7 | sum >> 1) + short_name[i]);
    return sum;
}

/* Characters above 7Fh are in a code page that nothing names, and below 20h there are none. */
static char *put_short(char *to, const uint8_t *from, uint32_t length, bool lower)
{
    while (length && from[length - 1] == ' ')
        length--;
    for (uint32_t i = 0; i < length; i++) {
        uint8_t c = from[i];
        if (lower && c >= 'A' && c <= 'Z')
            c |= 0x20;
        to = utf8_put(to, c < 0x20 || c >= 0x80 ? UTF8_REPLACEMENT : c);
    }
    return to;
}

static void short_to_utf8(const uint8_t *slot, char *to)
{
    char *dot = put_short(to, slot, 8, slot[12] & LOWER_BASE);
    char *end = put_short(dot + 1, slot + 8, 3, slot[12] & LOWER_EXTENSION);

    *dot = '.';
    *(end == dot + 1 ? dot : end) = 0;
}

void fat_name(const struct fat_long_name *name, const uint8_t slot[FAT_SLOT_BYTES],
              char text[FS_NAME_BYTES])
{
    bool whole = name->valid && !name->missing && name->length &&
                 name->length <= FAT_LONG_UNITS_MAX && name->checksum == checksum_of(slot);

    if (whole)
        utf8_from_utf16(name->units, name->length, text);
    else
        short_to_utf8(slot, text);
}
