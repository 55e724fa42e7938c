/* What plan_build() is given, as a whole that tests can change; and such wholes at random. */
#ifndef TEST_PLAN_SCENE_H
#define TEST_PLAN_SCENE_H

#include "common/lib/mem.h"
#include "common/plan/plan.h"
#include "common/protocol/lintel/lintel.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct scene {
    struct memmap_range ranges[400], free_ranges[400];
    struct memmap map, free;
    struct lintel_cpu cpu;
    struct elf kernel, resident;
    struct source kernel_source;
    struct elf_pages kernel_pages[6], resident_pages[3];
    struct elf_segment kernel_segments[2];
    struct plan_module modules[4];
    struct plan_request request;
};

static void *granted[64];
static size_t granted_count;

static inline enum err grow(uint64_t pages, uint64_t *physical)
{
    void *memory = aligned_alloc(PAGE_BYTES, pages * PAGE_BYTES);
    assert_in_range(granted_count, 0, ARRAY_LENGTH(granted) - 1);
    granted[granted_count++] = memset(memory, 0, pages * PAGE_BYTES);
    *physical = (uintptr_t)memory;
    return OK;
}

static inline int free_granted(void **state)
{
    (void)state;
    while (granted_count)
        free(granted[--granted_count]);
    return 0;
}

/* ---- random input ---------------------------------------------------------------------------- */

static uint64_t seed = 1;

static inline uint64_t random64(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static inline uint64_t below(uint64_t limit)
{
    return random64() % limit;
}

static inline void random_map(struct scene *scene)
{
    struct memmap *map = &scene->map;
    *map = (struct memmap){.ranges = scene->ranges, .capacity = ARRAY_LENGTH(scene->ranges)};
    uint64_t top = (16 + below(8192)) * MIB;
    assert_int_equal(memmap_insert(map, 0, MIN(top, 3 * GIB), LINTEL_MEMORY_USABLE), OK);
    if (top > 3 * GIB)
        assert_int_equal(memmap_insert(map, 4 * GIB, top - 3 * GIB, LINTEL_MEMORY_USABLE), OK);
    for (uint64_t i = below(24); i; i--)
        assert_int_equal(memmap_insert(map, below(top) & ~below(8192), 1 + below(64 * MIB),
                                       1 + below(LINTEL_MEMORY_TYPES - 1)),
                         OK);
    assert_int_equal(memmap_normalise(map), OK);
    scene->free = *map;
    scene->free.ranges = scene->free_ranges;
    memcpy(scene->free_ranges, scene->ranges, sizeof scene->ranges);
    for (uint64_t i = below(8); i; i--)
        assert_int_equal(
            memmap_overlay(&scene->free, below(top), 1 + below(16 * MIB), LINTEL_MEMORY_RESERVED),
            OK);
    assert_int_equal(memmap_normalise(&scene->free), OK);
}

static inline void random_pages(struct elf *elf, struct elf_pages *pages, uint32_t count,
                                uint64_t most_bytes)
{
    static const uint32_t flags[] = {0, MAP_WRITE, MAP_EXECUTE};
    uint64_t offset = 0;
    elf->pages = pages;
    elf->pages_count = count;
    for (uint32_t i = 0; i < count; i++) {
        offset += below(3) * PAGE_BYTES * (i != 0);
        pages[i] = (struct elf_pages){offset, (1 + below(most_bytes / PAGE_BYTES)) * PAGE_BYTES,
                                      flags[below(3)]};
        offset += pages[i].bytes;
    }
    elf->end = elf->first + offset;
    elf->entry = elf->first;
    elf->alignment = PAGE_BYTES << below(12);
}

static inline void random_kernel(struct scene *scene)
{
    static const uint64_t addresses[] = {UINT64_C(0xffffffff80000000),
                                         UINT64_C(0xffff900000000000),
                                         UINT64_C(0xffffffffc0123000),
                                         0x100000,
                                         PLAN_WINDOW,
                                         PLAN_DIRECT_MAP_4,
                                         0};
    struct elf *kernel = &scene->kernel;
    kernel->source = &scene->kernel_source;
    kernel->first = addresses[below(10) % ARRAY_LENGTH(addresses)];
    kernel->relocatable = below(2);
    kernel->has_request = true;
    kernel->request = (struct lintel_request){
        .abi_version = 1,
        .flags = random64() & LINTEL_REQUEST_FLAGS_KNOWN,
        .stack_bytes = below(3) ? below(16 * MIB + 1) : 0,
        .paging_levels = below(3) ? 4 : 5,
    };
    if (below(8))
        kernel->request.flags &= ~LINTEL_REQUEST_PHYSICAL;
    random_pages(kernel, scene->kernel_pages, 1 + below(6), below(4) ? 64 * KIB : 64 * MIB);
    scene->kernel_segments[0] = (struct elf_segment){
        .virtual = kernel->first, .physical = align_down(below(5 * GIB), PAGE_BYTES)};
    kernel->segments = scene->kernel_segments;
    kernel->segment_count = 1;
}

static inline void random_scene(struct scene *scene)
{
    static const struct source name = {.name = "random.elf"};
    memset(scene, 0, sizeof *scene);
    random_map(scene);
    scene->kernel_source = name;
    random_kernel(scene);
    scene->resident.source = &scene->kernel_source;
    random_pages(&scene->resident, scene->resident_pages, 3, 16 * KIB);
    scene->cpu.features = (uint32_t)random64();
    for (size_t i = 0; i < ARRAY_LENGTH(scene->modules); i++)
        scene->modules[i] = (struct plan_module){"module", below(4) ? below(300 * MIB) : 0};
    scene->request = (struct plan_request){
        .rules = &lintel_rules.plan,
        .cpu = &scene->cpu,
        .map = &scene->map,
        .free = &scene->free,
        .reachable_end = below(2) ? 4 * GIB : 16 * GIB,
        .kernel = &scene->kernel,
        .resident = &scene->resident,
        .modules = scene->modules,
        .module_count = below(ARRAY_LENGTH(scene->modules) + 1),
        .info_bytes = 1 + below(MIB),
        .cpu_count = below(5) * below(2) + below(200) * !below(200),
        .cpu_stack_bytes = (1 + below(8)) * PAGE_BYTES,
        .random = random64(),
        .loader_levels = 4 + below(2),
        .loader_code = below(4 * GIB),
    };
}

#endif
