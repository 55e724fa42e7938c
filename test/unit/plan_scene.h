/* What plan_build() is given, as a whole that tests can change. */
#pragma once

#include "common/lib/mem.h"
#include "common/protocol/lintel/lintel.h"
#include "common/protocol/protocol.h"
#include <stdio.h>
#include <stdlib.h>

#define SCENE_RANGES  400
#define SCENE_REGIONS 8

struct scene {
    struct memmap_range ranges[SCENE_RANGES], free_ranges[SCENE_RANGES];
    struct memmap map, free;
    struct lintel_cpu cpu;
    struct elf kernel, resident;
    struct elf_pages kernel_pages[6], resident_pages[3];
    struct elf_segment kernel_segments[2];
    struct reader kernel_reader, readers[SCENE_REGIONS];
    struct space_rules space;
    struct facts facts;
    struct firmware firmware;
    struct machine machine; /* whose arena outlives the scene */
    struct attempt attempt; /* its wishes are the request's: protocols fill them there */
    struct plan_request request;
    struct plan plan;
};

/* Ends the program where a promise is broken: a test's, or a fuzzer's. */
static inline void broken(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: this does not hold: %s (%s)\n", file, line, what, err_message());
    abort();
}
#define must(holds) ((holds) ? (void)0 : broken(#holds, __FILE__, __LINE__))

static void *granted[64];
static size_t granted_count;

static inline enum err grow(uint64_t pages, uint64_t *physical)
{
    void *memory = aligned_alloc(PAGE_BYTES, pages * PAGE_BYTES);
    must(granted_count < ARRAY_LENGTH(granted));
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

/* A machine without memory, an entry without wishes. */
static inline void scene_begin(struct scene *scene)
{
    struct arena arena = scene->machine.arena;

    memset(scene, 0, sizeof *scene);
    scene->map = (struct memmap){.ranges = scene->ranges, .capacity = SCENE_RANGES};
    scene->free = (struct memmap){.ranges = scene->free_ranges, .capacity = SCENE_RANGES};
    scene->cpu.physical_bits = 46;
    scene->kernel_reader.name = "kernel.elf";
    scene->kernel.reader = scene->resident.reader = &scene->kernel_reader;
    scene->kernel.pages = scene->kernel_pages;
    scene->kernel.segments = scene->kernel_segments;
    scene->resident.pages = scene->resident_pages;
    scene->machine = (struct machine){&scene->facts, &scene->firmware, arena};
    scene->attempt.machine = &scene->machine;
    scene->request = (struct plan_request){.wishes = &scene->attempt.wishes,
                                           .cpu = &scene->cpu,
                                           .map = &scene->map,
                                           .free = &scene->free,
                                           .reachable_end = 4 * GIB,
                                           .resident = &scene->resident,
                                           .loader_levels = 4,
                                           .loader_code = 0x8000};
}

static inline void scene_add_memory(struct memmap *map, uint64_t base, uint64_t bytes,
                                    enum lintel_memory_type type)
{
    must(memmap_overlay(map, base, bytes, type) == OK);
}

/* Nothing is busy yet. */
static inline void scene_end_map(struct scene *scene)
{
    must(memmap_normalise(&scene->map) == OK);
    memmap_copy(&scene->free, &scene->map);
}

/* The smallest image: one page of code. */
static inline void scene_small_image(struct elf *elf, uint64_t link)
{
    elf->pages[0] = (struct elf_pages){0, PAGE_BYTES, MAP_EXECUTE};
    elf->pages_count = 1;
    elf->first = elf->entry = link;
    elf->end = link + PAGE_BYTES;
    elf->alignment = PAGE_BYTES;
}

static inline enum err scene_plan(struct scene *scene)
{
    return plan_build(&scene->request, &scene->machine.arena, &scene->plan);
}
