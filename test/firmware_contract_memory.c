/* The contract's questions about memory and about the end (firmware_contract.c). */
#include "common/lib/mem.h"
#include "test/firmware_contract_parts.h"

#define SMALL_PIECES   1000
#define RAW_RANGES_MAX 4096

uint8_t *take(uint64_t bytes)
{
    uint64_t physical = 0;

    expect_ok(contract.firmware->allocate(pages_of(bytes), &physical), "allocate");
    return contract.why[0] ? NULL : at_physical(physical);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool touches(const struct raw_range *range, uint64_t base, uint64_t bytes)
{
    return base < range->base ? range->base - base < bytes : base - range->base < range->bytes;
}

/* True when one range holds all of the bytes. */
static bool is_held(const struct raw_map *map, uint64_t base, uint64_t bytes)
{
    for (uint64_t i = 0; i < map->count; i++) {
        const struct raw_range *range = &map->ranges[i];
        if (base >= range->base && bytes <= range->bytes &&
            base - range->base <= range->bytes - bytes)
            return true;
    }
    return false;
}

/* True when one range holds all of the bytes, and none that isn't usable has a part of them. */
static bool is_usable(const struct raw_map *map, uint64_t base, uint64_t bytes)
{
    for (uint64_t i = 0; i < map->count; i++)
        if (map->ranges[i].type != LINTEL_MEMORY_USABLE && touches(&map->ranges[i], base, bytes))
            return false;
    return is_held(map, base, bytes);
}

static bool is_busy(const struct raw_map *busy, uint64_t base, uint64_t bytes)
{
    for (uint64_t i = 0; i < busy->count; i++)
        if (touches(&busy->ranges[i], base, bytes))
            return true;
    return false;
}

/* Pieces are page-aligned, distinct, and each holds what was written to it. */
void check_allocate(void)
{
    static uint64_t pieces[SMALL_PIECES];
    uint64_t big = 0;

    for (uint32_t i = 0; i < SMALL_PIECES; i++) {
        expect_ok(contract.firmware->allocate(1, &pieces[i]), "allocate");
        if (contract.why[0])
            return;
        expect(pieces[i] % PAGE_BYTES == 0, "not page-aligned");
        expect(pieces[i] && pieces[i] < contract.facts->reachable_end, "not reachable");
        expect(contract.facts->firmware != LINTEL_FIRMWARE_BIOS || pieces[i] < 4 * GIB,
               "above 4 GiB on BIOS");
        memset(at_physical(pieces[i]), (int)(i % 255) + 1, PAGE_BYTES);
    }
    for (uint32_t i = 0; i < SMALL_PIECES; i++)
        expect(*(uint8_t *)at_physical(pieces[i]) == i % 255 + 1, "given twice");
    expect_ok(contract.firmware->allocate(512, &big), "allocate of 2 MiB");
}

void check_allocate_too_much(void)
{
    uint64_t physical;

    expect(contract.firmware->allocate(UINT64_C(1) << 40, &physical) == ERR_NO_MEMORY,
           "2^52 bytes were not refused");
    expect(contract.firmware->allocate(UINT64_MAX, &physical) == ERR_NO_MEMORY,
           "2^64 pages were not refused");
    expect_ok(contract.firmware->allocate(1, &physical), "a page after refusals");
}

void check_memory_map(void)
{
    struct raw_map map = {0}, busy = {0};
    uint64_t usable = 0, piece;

    expect_ok(contract.firmware->allocate(3, &piece), "allocate");
    expect_ok(contract.firmware->memory_map(&map, &busy), "memory_map");
    if (contract.why[0])
        return;
    expect(map.count > 0 && map.count < RAW_RANGES_MAX, "implausible number of ranges");
    for (uint64_t i = 0; i < map.count; i++) {
        expect(map.ranges[i].type > 0 && map.ranges[i].type < LINTEL_MEMORY_TYPES, "unknown type");
        usable += map.ranges[i].type == LINTEL_MEMORY_USABLE ? map.ranges[i].bytes : 0;
    }
    expect(usable >= 16 * MIB, "less than 16 MiB usable");
    expect(map.count <= map.capacity, "more ranges than the capacity");
    expect(map.efi_bytes <= map.efi_capacity_bytes, "more UEFI descriptors than the capacity");
    contract.capacity = map.capacity;
    contract.efi_capacity_bytes = map.efi_capacity_bytes;
    expect(is_held(&busy, piece, 3 * PAGE_BYTES), "an allocation is not in busy");
    expect(is_usable(&map, piece, 3 * PAGE_BYTES), "an allocation does not show as usable");
    expect((map.efi != NULL) == (contract.facts->firmware == LINTEL_FIRMWARE_UEFI),
           "UEFI descriptors on the wrong firmware");
    expect(!map.efi || (map.efi_descriptor_bytes >= 40 && map.efi_bytes &&
                        map.efi_bytes % map.efi_descriptor_bytes == 0),
           "size of the UEFI descriptors");
}

/* The highest whole free MiB, below 4 GiB and reachable; 0 where there is none. */
static uint64_t find_free_mib(const struct raw_map *map, const struct raw_map *busy)
{
    uint64_t limit = MIN(contract.facts->reachable_end, 4 * GIB);

    for (uint64_t place = align_down(limit, MIB) - MIB; place >= MIB; place -= MIB)
        if (is_usable(map, place, MIB) && !is_busy(busy, place, MIB))
            return place;
    return 0;
}

void check_reserve(void)
{
    const struct firmware *firmware = contract.firmware;
    struct raw_map map, busy;
    uint64_t place = 0, piece, pages = MIB / PAGE_BYTES;

    expect_ok(firmware->memory_map(&map, &busy), "memory_map");
    if (!contract.why[0])
        place = find_free_mib(&map, &busy);
    if (!place) {
        complain("no free MiB to reserve");
        return;
    }
    expect_ok(firmware->reserve(place, pages), "reserve");
    expect(firmware->reserve(place, pages) == ERR_CHANGED, "reserved twice");
    expect(firmware->reserve(place + MIB / 2, 1) == ERR_CHANGED,
           "a page in the middle reserved twice");
    expect_ok(firmware->memory_map(&map, &busy), "memory_map");
    expect(is_usable(&map, place, MIB), "a reserved range does not show as usable");
    memset(at_physical(place), 0x77, MIB);
    for (uint32_t i = 0; i < 64; i++) {
        expect_ok(firmware->allocate(1, &piece), "allocate");
        expect(piece < place || piece >= place + MIB, "allocate gave reserved memory away");
    }
    firmware->release(place, pages);
    expect_ok(firmware->reserve(place, pages), "reserve after release");
    firmware->release(place, pages);
}

void check_reserve_of_others(void)
{
    uint64_t piece;

    expect_ok(contract.firmware->allocate(2, &piece), "allocate");
    if (contract.why[0])
        return;
    expect(contract.firmware->reserve(piece, 2) == ERR_CHANGED, "the loader's own memory reserved");
    expect(contract.firmware->reserve(piece + PAGE_BYTES, 1) == ERR_CHANGED,
           "a page of it reserved");
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Allocated and reserved memory is usable in the final map, and stays where it is. */
void check_leave(void)
{
    struct raw_map map = {0};
    uint8_t *piece = take(PAGE_BYTES);

    if (!piece)
        return;
    memset(piece, 0x33, PAGE_BYTES);
    expect_ok(contract.firmware->leave(&map), "leave");
    if (contract.why[0])
        return;
    expect(map.count <= contract.capacity, "more ranges than memory_map() had announced");
    expect(map.efi_bytes <= contract.efi_capacity_bytes, "more descriptors than announced");
    expect(is_usable(&map, (uintptr_t)piece, PAGE_BYTES), "an allocation is not usable at the end");
    for (uint64_t i = 0; i < PAGE_BYTES; i++)
        expect(piece[i] == 0x33, "leave() touched allocated memory");
    expect(contract.after->is_quiet(), "interrupts may still arrive");
}
