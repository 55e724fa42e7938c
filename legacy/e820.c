/* What memory there is, by the newest of the three BIOS calls that answers. */
#include "legacy/e820.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/memory/memmap.h"
#include "legacy/bios.h"
#include "legacy/ram.h"

#define SMAP 0x534d4150u

struct e820_entry { /* ACPI 6.5, table 15.1 */
    uint64_t base, bytes;
    uint32_t type, attributes;
};

#define ENTRY_BYTES     24u
#define ENTRY_BYTES_OLD 20u /* without attributes */

_Static_assert(sizeof(struct e820_entry) == ENTRY_BYTES, "what the BIOS writes");

/* The bounce buffer holds the BIOS's entry and behind it our ranges. */
#define OWN_RANGES  3
#define RANGES_MOST ((BOUNCE_BYTES - ENTRY_BYTES) / sizeof(struct raw_range) - OWN_RANGES)

static void add(struct raw_map *map, uint64_t base, uint64_t bytes, enum lintel_memory_type type)
{
    map->ranges[map->count++] = (struct raw_range){base, bytes, type};
}

static void add_entry(struct raw_map *map, const struct e820_entry *entry, uint32_t entry_bytes)
{
    enum lintel_memory_type type;
    uint32_t attributes = entry_bytes >= ENTRY_BYTES ? entry->attributes : 1;

    if (memmap_type_of_e820(entry->type, attributes, &type))
        add(map, entry->base, entry->bytes, type);
    else
        note("E820: %lXh bytes at %lXh have type %u, attributes %Xh: ignored\n", entry->bytes,
             entry->base, entry->type, attributes);
}

/* One entry. *next is the BIOS's own cursor, 0 at first, and 0 again behind the last entry. False:
 * there is no such entry. */
static bool read_entry(uint32_t *next, struct e820_entry *entry, uint32_t *entry_bytes)
{
    struct bios_regs regs = {
        .eax = 0xe820,
        .ebx = *next,
        .ecx = ENTRY_BYTES,
        .edx = SMAP,
        .es = segment_of(entry),
    };

    *entry = (struct e820_entry){.attributes = 1}; /* some BIOSes say 24 bytes and write 20 */
    bios_call(0x15, &regs);
    if (bios_carry(&regs) || regs.eax != SMAP || regs.ecx < ENTRY_BYTES_OLD)
        return false;
    *next = regs.ebx;
    *entry_bytes = regs.ecx;
    return true;
}

/* Carry may end the list as well as EBX = 0; on the first entry it means that there is no E820. A
 * map that never ends is none: what is missing might be the reserved part. */
static bool read_e820(struct raw_map *map)
{
    struct e820_entry *entry = (struct e820_entry *)bounce;
    uint32_t next = 0, entry_bytes;

    while (map->count < RANGES_MOST && read_entry(&next, entry, &entry_bytes)) {
        add_entry(map, entry, entry_bytes);
        if (!next)
            return true;
    }
    if (map->count == RANGES_MOST)
        note("E820: no end after %lu entries: ignored\n", map->count);
    return map->count > 0 && map->count < RANGES_MOST;
}

/* AX and CX: KiB from 1 to 16 MiB; BX and DX: blocks of 64 KiB from 16 MiB. BIOSes fill the first
 * two, the last two, or both. */
static bool read_e801(struct raw_map *map)
{
    struct bios_regs regs = {.eax = 0xe801};

    bios_call(0x15, &regs);
    uint32_t low = regs.eax & 0xffff, high = regs.ebx & 0xffff;
    if (!low && !high) {
        low = regs.ecx & 0xffff;
        high = regs.edx & 0xffff;
    }
    if (bios_carry(&regs) || !low || low > 15 * KIB)
        return false;
    add(map, MIB, low * KIB, LINTEL_MEMORY_USABLE);
    if (high)
        add(map, 16 * MIB, high * 64 * KIB, LINTEL_MEMORY_USABLE);
    return true;
}

static bool read_88(struct raw_map *map)
{
    struct bios_regs regs = {.eax = 0x8800};

    bios_call(0x15, &regs);
    uint32_t kib = regs.eax & 0xffff;
    if (bios_carry(&regs) || !kib)
        return false;
    add(map, MIB, kib * KIB, LINTEL_MEMORY_USABLE);
    return true;
}

static uint64_t low_memory_bytes(void)
{
    struct bios_regs regs = {0};

    bios_call(0x12, &regs);
    return (regs.eax & 0xffff) * KIB;
}

/* Where no PC has memory: the screen's and the ROMs', and below 4 GiB the interrupt controllers and
 * the firmware. */
static const struct {
    uint64_t base, end;
} holes[] = {{0xa0000, MIB}, {0xfec00000, 4 * GIB}};

static void keep_free_of_memory(struct raw_map *map, uint64_t base, uint64_t end)
{
    for (uint64_t i = 0; i < map->count; i++)
        if (map->ranges[i].type == LINTEL_MEMORY_USABLE &&
            ram_overlaps(&map->ranges[i], base, end - base)) {
            note("the BIOS tells of memory at %lXh: ignored\n", base);
            add(map, base, end - base, LINTEL_MEMORY_RESERVED);
            return;
        }
}

enum err e820_read(struct raw_map *map)
{
    *map = (struct raw_map){.ranges = (struct raw_range *)(bounce + ENTRY_BYTES)};
    uint64_t low = low_memory_bytes();

    if (!read_e820(map)) {
        map->count = 0;
        if (!read_e801(map) && !read_88(map))
            return fail(ERR_FORMAT, "the BIOS does not say what memory there is: INT 15h AX=E820h, "
                                    "AX=E801h and AH=88h all fail");
        note("no E820 map: memory by INT 15h AX=E801h or AH=88h\n");
        add(map, 0, low, LINTEL_MEMORY_USABLE);
    }
    for (uint32_t i = 0; i < ARRAY_LENGTH(holes); i++)
        keep_free_of_memory(map, holes[i].base, holes[i].end);
    /* Resident option ROMs (PXE) lower INT 12h's answer and may leave the E820 map as it was. */
    if (low < 640 * KIB)
        add(map, low, 640 * KIB - low, LINTEL_MEMORY_RESERVED);
    return OK;
}
