/* Which memory firmware gives, what its map says, and how boot services end (UEFI 2.10, 7.2 and
 * 7.4.6). */
#include "uefi/memory.h"
#include "common/lib/mem.h"
#include "common/memory/memmap.h"
#include "uefi/protocol.h"
#include "uefi/uefi.h"

/* A map may grow by two descriptors with each allocation, also with the one that holds it. */
#define SLACK_DESCRIPTORS 32
#define MAP_TRIES         32
#define MAP_MOST          (16 * MIB) /* a longer one is a wild one */
#define LEAVE_TRIES       32

extern const uint8_t ImageBase[], ImageEnd[] __attribute__((visibility("hidden"))); /* uefi.lds */

struct allocation {
    struct allocation *next;
    uint64_t physical, pages;
};

/* One copy of firmware's map, as it told it and as the core wants it. Firmware, not a header, says
 * how long a descriptor is: OVMF's has 48 bytes where EFI_MEMORY_DESCRIPTOR has 40. */
struct snapshot {
    uint8_t *descriptors;
    UINTN bytes, room; /* of descriptors: filled, and there */
    UINTN key, descriptor_bytes;
    UINT32 version;
    uint64_t physical, pages; /* of the memory that holds it all */
    struct raw_range *ranges, *busy;
    uint64_t capacity; /* of each */
};

static struct allocation *allocations;
static struct snapshot at_start, fresh;

static bool overlap(uint64_t a, uint64_t a_pages, uint64_t b, uint64_t b_pages)
{
    return a < b ? (b - a) / PAGE_BYTES < a_pages : (a - b) / PAGE_BYTES < b_pages;
}

/* By Lintel's own image, or by what was taken before. */
static bool is_taken(uint64_t physical, uint64_t pages)
{
    const struct snapshot *maps[] = {&at_start, &fresh};
    uint64_t image = (uintptr_t)ImageBase;
    bool taken = overlap(physical, pages, image, pages_of((uintptr_t)ImageEnd - image));

    for (uint32_t i = 0; i < ARRAY_LENGTH(maps); i++)
        taken |= overlap(physical, pages, maps[i]->physical, maps[i]->pages);
    for (const struct allocation *one = allocations; one && !taken; one = one->next)
        taken = overlap(physical, pages, one->physical, one->pages);
    return taken;
}

/* What the loader builds for itself should lie where 32-bit code and devices reach it, but a
 * machine without enough memory below 4 GiB must boot too. */
static enum err take_pages(uint64_t pages, uint64_t *physical)
{
    uint64_t end;

    *physical = 4 * GIB - 1;
    EFI_STATUS status =
        uefi_boot->AllocatePages(AllocateMaxAddress, EfiLoaderData, pages, physical);
    if (EFI_ERROR(status))
        status = uefi_boot->AllocatePages(AllocateAnyPages, EfiLoaderData, pages, physical);
    if (EFI_ERROR(status))
        return fail(ERR_NO_MEMORY, "no %lu KiB of memory for the loader: %s",
                    pages * (PAGE_BYTES / KIB), status_name(status));
    if (!*physical || *physical % PAGE_BYTES || add_wraps(*physical, pages * PAGE_BYTES, &end) ||
        is_taken(*physical, pages))
        return fail(ERR_CHANGED, "the firmware gives %lu KiB of memory at %lXh, which is in use",
                    pages * (PAGE_BYTES / KIB), *physical);
    return OK;
}

enum err memory_allocate(uint64_t pages, uint64_t *physical)
{
    struct allocation *record;
    EFI_STATUS status = uefi_boot->AllocatePool(EfiLoaderData, sizeof *record, (void **)&record);

    if (EFI_ERROR(status))
        return fail(ERR_NO_MEMORY, "no memory for the loader: %s", status_name(status));
    enum err err = take_pages(pages, &record->physical);
    if (err != OK) {
        uefi_boot->FreePool(record);
        return err;
    }
    record->pages = pages;
    record->next = allocations;
    allocations = record;
    *physical = record->physical;
    return OK;
}

enum err memory_reserve(uint64_t physical, uint64_t pages)
{
    EFI_STATUS status = uefi_boot->AllocatePages(AllocateAddress, EfiLoaderData, pages, &physical);

    if (EFI_ERROR(status))
        return fail(ERR_CHANGED, "firmware holds memory at %lXh that its map called free: %s",
                    physical, status_name(status));
    return OK;
}

void memory_release(uint64_t physical, uint64_t pages)
{
    uefi_boot->FreePages(physical, pages);
}

/* A range of no pages is none for anybody. */
static void drop_empty(struct snapshot *map)
{
    uint8_t *from = map->descriptors, *to = from, *end = from + map->bytes;

    for (; end - from >= (ptrdiff_t)map->descriptor_bytes; from += map->descriptor_bytes) {
        if (!((const EFI_MEMORY_DESCRIPTOR *)from)->NumberOfPages)
            continue;
        memmove(to, from, map->descriptor_bytes);
        to += map->descriptor_bytes;
    }
    map->bytes = (UINTN)(to - map->descriptors);
}

/* `fits`: the whole map is there; else map->bytes is what it takes. */
static enum err fetch(struct snapshot *map, bool *fits)
{
    map->bytes = map->room;
    EFI_STATUS status =
        uefi_boot->GetMemoryMap(&map->bytes, (EFI_MEMORY_DESCRIPTOR *)map->descriptors, &map->key,
                                &map->descriptor_bytes, &map->version);
    if (EFI_ERROR(status) && status != EFI_BUFFER_TOO_SMALL)
        return fail(ERR_UNSUPPORTED, "the firmware gives no memory map: %s", status_name(status));
    if (map->descriptor_bytes < sizeof(EFI_MEMORY_DESCRIPTOR) ||
        map->descriptor_bytes > PAGE_BYTES || map->descriptor_bytes % sizeof(uint64_t) ||
        map->bytes > MAP_MOST)
        return fail(ERR_UNSUPPORTED,
                    "the firmware's memory map has %lu bytes, in descriptors of %lu bytes",
                    map->bytes, map->descriptor_bytes);
    if (!EFI_ERROR(status) && map->bytes < map->descriptor_bytes)
        return fail(ERR_UNSUPPORTED, "the firmware gives no memory map: it is empty");
    *fits = !EFI_ERROR(status) && map->bytes <= map->room &&
            map->bytes / map->descriptor_bytes <= map->capacity;
    if (*fits)
        drop_empty(map);
    return OK;
}

static void drop(struct snapshot *map)
{
    if (map->pages)
        uefi_boot->FreePages(map->physical, map->pages);
    map->pages = map->room = map->capacity = 0;
}

/* Makes room for the map's bytes and slack, and for one range in each array per descriptor. */
static enum err make_room(struct snapshot *map)
{
    uint64_t count = map->bytes / map->descriptor_bytes + 2 * SLACK_DESCRIPTORS;
    uint64_t room = align_up(count * map->descriptor_bytes, 16);
    uint64_t pages = pages_of(room + 2 * count * sizeof(struct raw_range));

    drop(map);
    TRY(take_pages(pages, &map->physical));
    map->pages = pages;
    map->descriptors = at_physical(map->physical);
    map->room = count * map->descriptor_bytes;
    map->capacity = count;
    map->ranges = at_physical(map->physical + room);
    map->busy = map->ranges + count;
    return OK;
}

static enum err refresh(struct snapshot *map)
{
    for (int i = 0; i < MAP_TRIES; i++) {
        bool fits;
        TRY(fetch(map, &fits));
        if (fits && map->room - map->bytes >= SLACK_DESCRIPTORS * map->descriptor_bytes)
            return OK;
        TRY(make_room(map));
    }
    return fail(ERR_NO_MEMORY, "the firmware's memory map grew %d times while it was read",
                MAP_TRIES);
}

static const EFI_MEMORY_DESCRIPTOR *descriptor_at(const struct snapshot *map, uint64_t offset)
{
    return (const EFI_MEMORY_DESCRIPTOR *)(map->descriptors + offset);
}

static struct raw_range translate(const EFI_MEMORY_DESCRIPTOR *descriptor)
{
    uint64_t bytes;

    if (mul_wraps(descriptor->NumberOfPages, PAGE_BYTES, &bytes))
        bytes = UINT64_MAX;
    return (struct raw_range){
        .base = descriptor->PhysicalStart,
        .bytes = bytes,
        .type = memmap_type_of_efi(descriptor->Type, descriptor->Attribute),
    };
}

/* Whoever loaded us (GRUB, a shell) owns pages of these types as well: all are busy till we
 * leave. */
static bool is_loaders(const EFI_MEMORY_DESCRIPTOR *descriptor)
{
    return descriptor->Type == EfiLoaderCode || descriptor->Type == EfiLoaderData;
}

static void describe(const struct snapshot *map, struct raw_map *all, struct raw_map *busy)
{
    *all = (struct raw_map){
        .ranges = map->ranges,
        .capacity = map->capacity,
        .efi = map->descriptors,
        .efi_bytes = map->bytes,
        .efi_capacity_bytes = map->room,
        .efi_descriptor_bytes = (uint32_t)map->descriptor_bytes,
        .efi_descriptor_version = map->version,
    };
    *busy = (struct raw_map){.ranges = map->busy};
    for (uint64_t at = 0; at + map->descriptor_bytes <= map->bytes; at += map->descriptor_bytes) {
        const EFI_MEMORY_DESCRIPTOR *descriptor = descriptor_at(map, at);
        all->ranges[all->count] = translate(descriptor);
        if (is_loaders(descriptor))
            busy->ranges[busy->count++] = all->ranges[all->count];
        all->count++;
    }
}

enum err memory_map(struct raw_map *map, struct raw_map *busy)
{
    TRY(refresh(&fresh));
    describe(&fresh, map, busy);
    return OK;
}

enum err memory_first_map(struct raw_map *map, uint64_t *end)
{
    struct raw_map busy;

    TRY(refresh(&at_start));
    describe(&at_start, map, &busy);
    *end = 0;
    for (uint64_t i = 0; i < map->count; i++) {
        uint64_t range_end;
        if (!add_wraps(map->ranges[i].base, map->ranges[i].bytes, &range_end))
            *end = MAX(*end, range_end);
    }
    return OK;
}

uint64_t memory_room(uint64_t physical)
{
    struct raw_map map, busy;

    describe(&at_start, &map, &busy);
    for (uint64_t i = 0; i < map.count; i++) {
        const struct raw_range *range = &map.ranges[i];
        if (physical >= range->base && physical - range->base < range->bytes)
            return range->bytes - (physical - range->base);
    }
    return 0;
}

void memory_free_all(void)
{
    drop(&at_start);
    drop(&fresh);
    while (allocations) {
        struct allocation *next = allocations->next;
        uefi_boot->FreePages(allocations->physical, allocations->pages);
        uefi_boot->FreePool(allocations);
        allocations = next;
    }
}

/* A driver that allocates when it hears of the end makes the map's key stale. From the first
 * failure on only the memory services may be called, and nothing may be allocated: the next map
 * goes to the room that is there. */
enum err memory_leave(struct raw_map *map)
{
    struct raw_map busy;

    bool fits;

    TRY(refresh(&fresh));
    EFI_STATUS status = uefi_boot->ExitBootServices(uefi_image, fresh.key);
    for (int i = 1; i < LEAVE_TRIES && status == EFI_INVALID_PARAMETER; i++) {
        TRY(fetch(&fresh, &fits));
        status = fits ? uefi_boot->ExitBootServices(uefi_image, fresh.key) : EFI_BUFFER_TOO_SMALL;
    }
    if (EFI_ERROR(status))
        return fail(ERR_CHANGED,
                    "the firmware does not let go of the machine (%s), and may no longer work: "
                    "turn it off and on again",
                    status_name(status));
    __asm__ volatile("cli");
    describe(&fresh, map, &busy);
    return OK;
}
