/* The memory map, and what the page tables make of it. */
#include "test/kernels/limine/machine.h"

#define PRESENT    1u
#define WRITABLE   2u
#define LARGE      0x80u
#define ADDRESS    0x000ffffffffff000
#define PAGE       UINT64_C(4096)
#define GIB        (UINT64_C(1) << 30)
#define LOCAL_APIC 0xfee00000
#define PAT_WB     0u
#define PAT_WC     5u

/* ---- page tables ----------------------------------------------------------------------------- */

static uint32_t levels(void)
{
    return paging_mode.response->values[0] ? 5 : 4;
}

static uint64_t *table_at(uint64_t physical)
{
    return virtual_of(physical & ADDRESS);
}

struct page page_at(uint64_t virtual)
{
    struct page page = {.writable = true, .executable = true};
    uint64_t entry = read_cr3();
    uint32_t level = levels();
    for (;; level--) {
        entry = table_at(entry)[virtual >> (12 + 9 * (level - 1)) & 511];
        if (!(entry & PRESENT))
            return (struct page){0};
        page.writable &= entry >> 1 & 1;
        page.executable &= !(entry >> 63);
        if (level == 1 || entry & LARGE)
            break;
    }
    uint64_t inside = (UINT64_C(1) << (12 + 9 * (level - 1))) - 1;
    page.present = true;
    page.physical = (entry & ADDRESS & ~inside) | (virtual & inside);
    page.pat = (uint32_t)((entry >> 3 & 3) | (entry >> (level > 1 ? 12 : 7) & 1) << 2);
    return page;
}

static uint64_t physical_of(const void *image)
{
    return (uintptr_t)image - executable_address.response->values[1] +
           executable_address.response->values[0];
}

/* Tables of the kernel's own, below a top entry that nobody has. */
volatile uint32_t *map_device(uint64_t physical)
{
    static uint64_t tables[4][512] __attribute__((aligned(4096)));
    uint64_t virtual = levels() == 5 ? 0xfff0000000000000 : 0xffffe00000000000;
    uint64_t *table = table_at(read_cr3());
    virtual += physical & 0xfffff000;
    for (uint32_t level = levels(); level > 1; level--) {
        uint64_t *entry = &table[virtual >> (12 + 9 * (level - 1)) & 511];
        table = tables[level - 2];
        *entry = physical_of(table) | PRESENT | WRITABLE;
    }
    table[virtual >> 12 & 511] = (physical & ~(PAGE - 1)) | PRESENT | WRITABLE | 0x18;
    __asm__ volatile("invlpg (%0)" : : "r"(virtual) : "memory");
    return (void *)virtual;
}

/* ---- the memory map -------------------------------------------------------------------------- */

uint64_t type_at(uint64_t physical)
{
    const struct memory_map *map = memory_map.response;
    for (uint64_t i = 0; i < map->count; i++)
        if (physical - map->list[i]->base < map->list[i]->bytes)
            return map->list[i]->type;
    return TYPES;
}

void check_response(const volatile void *response, const char *what)
{
    uint64_t type = response ? type_at((uintptr_t)response - offset()) : TYPES;
    check_value(type == LOADER_RECLAIMABLE, what, (uintptr_t)response);
}

void check_memory_map(void)
{
    const struct memory_map *map = memory_map.response;
    uint64_t end = 0, usable = 0;
    CHECK(map->count > 4);
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memory_range *range = map->list[i];
        check_value(range->base >= end, "ranges are sorted and disjoint", range->base);
        check_value(range->bytes && range->type < TYPES, "a range is sound", range->base);
        check_value((range->base | range->bytes) % PAGE == 0, "a range has pages", range->base);
        check_value(range->type != USABLE || range->base, "page 0 is not usable", range->base);
        CHECK(range->type != RESERVED_MAPPED || REVISION >= 4);
        end = range->base + range->bytes;
        usable += range->type == USABLE ? range->bytes : 0;
    }
    CHECK(usable > 32u << 20);
    CHECK_EQUAL(type_at(physical_of(image_begin)), EXECUTABLE_AND_MODULES);
    CHECK_EQUAL(type_at(read_cr3() & ADDRESS), LOADER_RECLAIMABLE);
}

/* ---- mappings -------------------------------------------------------------------------------- */

static bool should_be_mapped(uint64_t type, bool above_4gib)
{
    if (REVISION == 0 || (REVISION < 3 && !above_4gib))
        return true;
    if (REVISION < 3)
        return type != RESERVED && type != BAD && type != TYPES;
    if (type == ACPI_RECLAIMABLE || type == ACPI_NVS || type == RESERVED_MAPPED)
        return REVISION >= 4;
    return type == USABLE || type == LOADER_RECLAIMABLE || type == EXECUTABLE_AND_MODULES ||
           type == FRAMEBUFFER;
}

static void check_mapped(uint64_t base, uint64_t physical, uint64_t type)
{
    struct page page = page_at(base + physical);
    if (!should_be_mapped(type, physical >= 4 * GIB)) {
        check_value(!page.present, "this is not to be mapped", physical);
        return;
    }
    check_value(page.present && page.physical == physical, "this is to be mapped", physical);
    check_value(page.writable && page.executable, "the direct map is rwx", physical);
    check_value(page.pat == (type == FRAMEBUFFER ? PAT_WC : PAT_WB), "cached", physical);
}

/* Both ends and the middle of each range. */
static void check_map_at(uint64_t base)
{
    const struct memory_map *map = memory_map.response;
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memory_range *range = map->list[i];
        uint64_t first = range->base || base ? range->base : PAGE;
        if (first == range->base + range->bytes)
            continue;
        check_mapped(base, first, range->type);
        check_mapped(base, range->base + range->bytes / 2 / PAGE * PAGE, range->type);
        check_mapped(base, range->base + range->bytes - PAGE, range->type);
    }
}

static void check_lower_half(void)
{
    const uint64_t *top = table_at(read_cr3());
    CHECK(!page_at(0).present);
    if (REVISION == 0) {
        check_map_at(0);
        check_mapped(0, 4 * GIB - PAGE, type_at(4 * GIB - PAGE));
        return;
    }
    for (int i = 0; i < 256; i++)
        check_value(top[i] == 0, "the lower half is empty", (uint64_t)i);
}

static void check_image(const uint8_t *first, const uint8_t *end, bool writable, bool executable)
{
    for (; first < end; first += PAGE) {
        struct page page = page_at((uintptr_t)first);
        CHECK(page.present && page.pat == PAT_WB && page.physical == physical_of(first));
        check_value(page.writable == writable, "a segment's write permission", (uintptr_t)first);
        check_value(page.executable == executable, "a segment's execute permission",
                    (uintptr_t)first);
    }
}

void check_mappings(void)
{
    check_map_at(offset());
    check_mapped(offset(), LOCAL_APIC, type_at(LOCAL_APIC)); /* no map has it */
    check_mapped(offset(), 4 * GIB - PAGE, type_at(4 * GIB - PAGE));
    check_lower_half();
    CHECK((uintptr_t)image_begin >= 0xffffffff80000000);
    CHECK_EQUAL(executable_address.response->values[1], (uintptr_t)image_begin);
    check_image(image_begin, rodata_begin, false, true);
    check_image(rodata_begin, data_begin, false, false);
    check_image(data_begin, image_end, true, false);
}
