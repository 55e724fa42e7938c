/* A firmware that fails at any call and lies, and memory that remembers what was taken of it
 * (fuzz_boot.c). */
#pragma once

#include "test/fuzz/boot_checks.h"
#include "test/unit/acpi_tables.h"

/* ---- memory ---------------------------------------------------------------------------------- */

#define MAIN_BYTES    (6 * MIB)
#define REACHABLE_END (ACPI_TABLES_BASE + 16 * KIB)

static const struct area {
    uint64_t base, bytes;
} areas[] = {{64 * KIB, 572 * KIB}, {MIB, MIB}, {FAKE_MEMORY_BASE, MAIN_BYTES}};

static bool taken[ARRAY_LENGTH(areas)][MAIN_BYTES / PAGE_BYTES]; /* ever */

static void mark_taken(uint64_t physical, uint64_t pages)
{
    for (size_t i = 0; i < ARRAY_LENGTH(areas); i++)
        if (physical - areas[i].base < areas[i].bytes)
            memset(&taken[i][(physical - areas[i].base) / PAGE_BYTES], true, pages);
}

static void make_memory(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(areas); i++) {
        must(mmap(at_physical(areas[i].base), areas[i].bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != MAP_FAILED,
             "no memory");
        memset(at_physical(areas[i].base), FAKE_POISON, areas[i].bytes);
    }
}

static void poison_again(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(areas); i++)
        for (uint64_t page = 0; page < areas[i].bytes / PAGE_BYTES; page++)
            if (taken[i][page])
                memset(at_physical(areas[i].base + page * PAGE_BYTES), FAKE_POISON, PAGE_BYTES);
    memset(taken, 0, sizeof taken);
}

__attribute__((no_sanitize("address", "undefined", "coverage"))) static bool
is_poison(uint64_t physical)
{
    const uint64_t *words = at_physical(physical);
    uint64_t changed = 0;

    for (uint64_t i = 0; i < PAGE_BYTES / sizeof *words; i++)
        changed |= words[i] ^ UINT64_C(0xa5a5a5a5a5a5a5a5);
    return !changed;
}

static void check_writes(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(areas); i++)
        for (uint64_t page = 0; page < areas[i].bytes / PAGE_BYTES; page++)
            must(taken[i][page] || is_poison(areas[i].base + page * PAGE_BYTES),
                 "a write to what was never taken");
}

/* ---- a firmware that fails and lies ---------------------------------------------------------- */

enum verb {
    NONE,
    ALLOCATE,
    RESERVE,
    MEMORY_MAP,
    LEAVE,
    READ,
    SET_VIDEO,
    FETCH_SIZE,
    FETCH,
    START,
    CONNECT_APM,
    EVENT_LOG,
    GET_VARIABLE,
    SET_VARIABLE,
    VERBS
};

static struct failure {
    uint32_t verb, call;
} failures[3], lie;
static uint32_t calls[VERBS];
static enum { NO_LIE, TAKES_MEMORY, GROWS, LONGEST, EMPTY, LIES } lie_kind;
static bool has_lied;
static uint32_t keys_left, silent_milliseconds;
static bool quits;
static struct firmware firmware;

static bool fails(enum verb verb)
{
    bool due = false;

    calls[verb]++;
    for (size_t i = 0; i < ARRAY_LENGTH(failures); i++)
        due |= failures[i].verb == verb && failures[i].call == calls[verb];
    return due;
}

static enum err allocate(uint64_t pages, uint64_t *physical)
{
    if (fails(ALLOCATE))
        return fail(ERR_NO_MEMORY, "allocate() fails");
    TRY(fake_firmware.allocate(pages, physical));
    mark_taken(*physical, pages);
    return OK;
}

static enum err reserve(uint64_t physical, uint64_t pages)
{
    if (fails(RESERVE))
        return fail(ERR_CHANGED, "reserve() fails");
    TRY(fake_firmware.reserve(physical, pages));
    mark_taken(physical, pages);
    return OK;
}

/* The same map as UEFI has it: descriptors of 48 bytes. */
static void tell_efi(struct raw_map *map)
{
    static uint64_t descriptors[4096][6];

    if (machine.facts.firmware != LINTEL_FIRMWARE_UEFI)
        return;
    must(map->count <= ARRAY_LENGTH(descriptors), "too many ranges");
    for (uint64_t i = 0; i < map->count; i++) {
        descriptors[i][0] = map->ranges[i].type == LINTEL_MEMORY_USABLE ? 7 : i % 3;
        descriptors[i][1] = map->ranges[i].base;
        descriptors[i][3] = map->ranges[i].bytes / PAGE_BYTES;
    }
    map->efi = descriptors;
    map->efi_descriptor_bytes = sizeof *descriptors;
    map->efi_bytes = map->count * sizeof *descriptors;
    map->efi_capacity_bytes = map->capacity * sizeof *descriptors;
}

static void tell_lie(struct raw_map *map)
{
    has_lied = true;
    if (lie_kind == TAKES_MEMORY)
        fake_map_add(FAKE_MEMORY_BASE + MAIN_BYTES - 64 * KIB, PAGE_BYTES, LINTEL_MEMORY_RESERVED);
    if (lie_kind == GROWS)
        for (uint64_t i = 0; i < 100; i++)
            fake_map_add(100 * GIB + 2 * i * PAGE_BYTES, PAGE_BYTES, LINTEL_MEMORY_USABLE);
    if (lie_kind == LONGEST)
        map->capacity = UINT64_MAX;
    if (lie_kind == EMPTY)
        map->count = 0;
}

/* What lies below 64 KiB is the loader's, as on a BIOS. The fake machine has room for one more. */
static enum err memory_map(struct raw_map *map, struct raw_map *busy)
{
    if (fails(MEMORY_MAP))
        return fail(ERR_UNSUPPORTED, "memory_map() fails");
    TRY(fake_firmware.memory_map(map, busy));
    busy->ranges[busy->count++] = (struct raw_range){0, areas[0].base, LINTEL_MEMORY_RECLAIMABLE};
    if (lie.verb == MEMORY_MAP && lie.call == calls[MEMORY_MAP])
        tell_lie(map);
    tell_efi(map);
    return OK;
}

static enum err leave(struct raw_map *map)
{
    if (fails(LEAVE))
        return fail(ERR_CHANGED, "leave() fails");
    TRY(fake_firmware.leave(map));
    if (lie.verb == LEAVE)
        tell_lie(map);
    tell_efi(map);
    return OK;
}

/* From some call on another disk answers. */
static enum err read(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to)
{
    if (fails(READ))
        return fail(ERR_IO, "read() fails");
    must(calls[READ] < 5000, "a boot that reads for ever");
    TRY(fake_firmware.read(disk, lba, sectors, to));
    if (lie.verb == READ && calls[READ] >= lie.call)
        ((uint8_t *)to)[lie_kind * 100 % (sectors * disk->sector_bytes)] ^= 0x81;
    return OK;
}

/* The menu would draw on it. */
static enum err set_video(uint32_t width, uint32_t height, struct video *video)
{
    if (fails(SET_VIDEO) || !current)
        return fail(ERR_UNSUPPORTED, "set_video() fails");
    return fake_firmware.set_video(width, height, video);
}

static enum err fetch_size(const char *path, uint64_t *bytes)
{
    static const uint64_t sizes[] = {0, 1, 5000, UINT64_C(1) << 40, UINT64_MAX};

    if (fails(FETCH_SIZE))
        return fail(ERR_IO, "fetch_size() fails");
    TRY(fake_firmware.fetch_size(path, bytes));
    if (lie.verb == FETCH_SIZE && lie.call == calls[FETCH_SIZE])
        *bytes = sizes[lie_kind % ARRAY_LENGTH(sizes)];
    return OK;
}

static enum err fetch(const char *path, uint64_t bytes, void *to)
{
    if (fails(FETCH))
        return fail(ERR_IO, "fetch() fails");
    return fake_firmware.fetch(path, bytes, to);
}

static enum err connect_apm(struct apm *apm)
{
    memset(apm, 0x55, sizeof *apm);
    return fails(CONNECT_APM) ? fail(ERR_UNSUPPORTED, "connect_apm() fails") : OK;
}

static enum err event_log(struct event_log *log)
{
    static const uint8_t events[100];

    *log = (struct event_log){EVENT_LOG_2, events, sizeof events};
    return fails(EVENT_LOG) ? fail(ERR_UNSUPPORTED, "event_log() fails") : OK;
}

static enum err get_variable(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes)
{
    return fails(GET_VARIABLE) ? fail(ERR_IO, "get_variable() fails")
                               : fake_get_variable(vendor, name, to, bytes);
}

static enum err set_variable(const uint8_t vendor[16], const char *name, bool kept,
                             const void *value, uint64_t bytes)
{
    return fails(SET_VARIABLE) ? fail(ERR_IO, "set_variable() fails")
                               : fake_set_variable(vendor, name, kept, value, bytes);
}

static enum key key(bool marked)
{
    (void)marked;
    if (silent_milliseconds <
        1000) /* of a person's that come one by one, and none before the menu */
        return KEY_NONE;
    silent_milliseconds = 0;
    if (!keys_left)
        return (quits = !quits) ? 'q' : KEY_ENTER; /* which confirms it */
    keys_left--;
    return KEY_ENTER;
}

static void pass_time(uint32_t milliseconds)
{
    silent_milliseconds += milliseconds;
}

/* All that is shown is text, or a sequence of the loader's own. */
static void put_char(char c)
{
    static char before;

    must(before != 033 || c == '[', "a sequence that is not the loader's");
    must((uint8_t)c >= ' ' || c == 033 || c == '\n' || c == '\r', "a control character is shown");
    before = c;
}
