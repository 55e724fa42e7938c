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

void fat_long_name_add(struct fat_long_name *name, const uint8_t slot[FAT_SLOT_BYTES],
                       uint64_t offset)
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
    name->offsets[part - 1] = offset;
    add_units(name, part - 1, slot);
}

uint64_t fat_long_name_unit(const struct fat_long_name *name, uint32_t unit)
{
    return name->offsets[unit / SLOT_UNITS] + unit_offset(unit % SLOT_UNITS);
}

static uint8_t checksum_of(const uint8_t *short_name)
{
    uint8_t sum = 0;

    for (int i = 0; i < 11; i++)
        sum = (uint8_t)((sum << 7 | sum >> 1) + short_name[i]);
    return sum;
}

/* Nothing says which code page a short name is in. Linux takes this one, too, where nobody told it
 * another: 437, from 80h on. */
static const uint16_t code_page[128] = {
    0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7, 0x00ea, 0x00eb, 0x00e8, 0x00ef,
    0x00ee, 0x00ec, 0x00c4, 0x00c5, 0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
    0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192, 0x00e1, 0x00ed, 0x00f3, 0x00fa,
    0x00f1, 0x00d1, 0x00aa, 0x00ba, 0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
    0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556, 0x2555, 0x2563, 0x2551, 0x2557,
    0x255d, 0x255c, 0x255b, 0x2510, 0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
    0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567, 0x2568, 0x2564, 0x2565, 0x2559,
    0x2558, 0x2552, 0x2553, 0x256b, 0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
    0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4, 0x03a6, 0x0398, 0x03a9, 0x03b4,
    0x221e, 0x03c6, 0x03b5, 0x2229, 0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
    0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

/* Below 20h there are no characters. */
static uint32_t character_of(uint8_t byte)
{
    if (byte >= 0x80)
        return code_page[byte - 0x80];
    return byte < 0x20 ? UTF8_REPLACEMENT : byte;
}

static char *put_short(char *to, const uint8_t *from, uint32_t length, bool lower)
{
    while (length && from[length - 1] == ' ')
        length--;
    for (uint32_t i = 0; i < length; i++) {
        uint8_t c = from[i];
        if (lower && c >= 'A' && c <= 'Z')
            c |= 0x20;
        to = utf8_put(to, character_of(c));
    }
    return to;
}

/* A first byte of 05h stands for E5h, which would mean that the slot is free (page 23). */
static void copy_characters(const uint8_t *slot, uint8_t to[11])
{
    memcpy(to, slot, 11);
    if (to[0] == 0x05)
        to[0] = 0xe5;
}

static void short_to_utf8(const uint8_t *slot, char *to)
{
    uint8_t name[11];

    copy_characters(slot, name);
    char *dot = put_short(to, name, 8, slot[12] & LOWER_BASE);
    char *end = put_short(dot + 1, name + 8, 3, slot[12] & LOWER_EXTENSION);

    *dot = '.';
    *(end == dot + 1 ? dot : end) = 0;
}

void fat_label(const uint8_t *characters, char label[FS_LABEL_BYTES])
{
    uint8_t name[11];

    copy_characters(characters, name);
    *put_short(label, name, sizeof name, false) = 0;
}

void fat_name(const struct fat_long_name *name, const uint8_t slot[FAT_SLOT_BYTES],
              struct fs_entry *entry)
{
    bool whole = name->valid && !name->missing && name->length &&
                 name->length <= FAT_LONG_UNITS_MAX && name->checksum == checksum_of(slot);

    entry->alias[0] = 0;
    if (!whole) {
        short_to_utf8(slot, entry->name);
        return;
    }
    utf8_from_utf16(name->units, name->length, entry->name);
    short_to_utf8(slot, entry->alias);
}
