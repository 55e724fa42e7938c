/* Machines and wishes at random, of all protocols and of none. Who includes this first defines
 * where chance comes from: below(limit) is a number below the limit. */
#pragma once

#include "common/protocol/efi.h"
#include "common/protocol/limine/limine.h"
#include "common/protocol/linux/linux.h"
#include "common/protocol/multiboot/multiboot.h"
#include "test/unit/plan_scene.h"

static uint64_t below(uint64_t limit);

/* ---- machines -------------------------------------------------------------------------------- */

static inline void random_map(struct scene *scene)
{
    struct memmap *map = &scene->map;
    uint64_t top = (16 + below(8192)) * MIB;

    scene_add_memory(map, 0, MIN(top, 3 * GIB), LINTEL_MEMORY_USABLE);
    if (top > 3 * GIB)
        scene_add_memory(map, 4 * GIB, top - 3 * GIB, LINTEL_MEMORY_USABLE);
    for (uint64_t i = below(24); i; i--)
        must(memmap_insert(map, below(top) & ~below(8192), 1 + below(64 * MIB),
                           below(2) ? LINTEL_MEMORY_RECLAIMABLE
                                    : 1 + below(LINTEL_MEMORY_TYPES - 1)) == OK);
    if (!below(4)) /* as AMD's CPUs have it, far above all memory */
        scene_add_memory(map, UINT64_C(0xfd00000000), 12 * GIB, LINTEL_MEMORY_RESERVED);
    if (!below(16))
        scene_add_memory(map, 0, PLAN_LOW_END, 1 + below(LINTEL_MEMORY_TYPES - 1));
    must(memmap_insert(map, PLAN_LOCAL_APIC, PAGE_BYTES, LINTEL_MEMORY_MMIO) == OK);
    scene_end_map(scene);
    for (uint64_t i = below(8); i; i--)
        scene_add_memory(&scene->free, below(top), 1 + below(16 * MIB), LINTEL_MEMORY_RESERVED);
}

/* The loader's own code is in no plan's way. */
static inline void random_loader(struct scene *scene)
{
    struct plan_request *request = &scene->request;

    request->reachable_end = below(2) ? 4 * GIB : 16 * GIB;
    request->random = below(UINT64_MAX);
    request->loader_levels = 4 + (uint32_t)below(2);
    request->loader_code = below(4 * GIB);
    scene_add_memory(&scene->free, align_down(request->loader_code, PAGE_BYTES), 2 * PAGE_BYTES,
                     LINTEL_MEMORY_RESERVED);
    must(memmap_normalise(&scene->free) == OK);
}

/* ---- regions of any kind --------------------------------------------------------------------- */

static inline uint64_t some_bytes(void)
{
    switch (below(8)) {
    case 0:
        return 0;
    case 1:
    case 2:
    case 3:
        return 1 + below(3 * PAGE_BYTES);
    case 4:
    case 5:
        return 1 + below(MIB);
    case 6:
        return 1 + below(300 * MIB);
    default:
        return below(16) ? 1 + below(64 * MIB) : UINT64_MAX - below(2 * PAGE_BYTES);
    }
}

/* Somewhere in a range of a map, or just beyond its borders. */
static inline uint64_t somewhere_in(const struct memmap *map)
{
    const struct memmap_range *range = &map->ranges[below(map->count)];

    switch (below(4)) {
    case 0:
        return range->last - below(3 * PAGE_BYTES);
    case 1:
        return range->first + below(3 * PAGE_BYTES) - PAGE_BYTES;
    default:
        return range->first + below(range->last - range->first);
    }
}

/* In the same page, beside it, or over it. */
static inline uint64_t somewhere_near(const struct region *other)
{
    return other->target + below(2) * other->bytes + below(2 * PAGE_BYTES) - PAGE_BYTES;
}

static inline uint64_t some_target(const struct scene *scene)
{
    const struct wishes *wishes = &scene->attempt.wishes;

    switch (below(8)) {
    case 0:
        return wishes->region_count ? somewhere_near(&wishes->regions[below(wishes->region_count)])
                                    : below(MIB);
    case 1:
        return below(8) ? below(MIB) : (UINT64_MAX >> below(40)) - below(2 * PAGE_BYTES);
    case 2:
    case 3:
        return somewhere_in(&scene->map);
    default:
        return somewhere_in(&scene->free); /* which knows more ranges: also the busy ones */
    }
}

static inline struct region_window some_window(void)
{
    static const uint64_t firsts[] = {0, PAGE_BYTES, 64 * KIB, MIB, 16 * MIB},
                          ends[] = {0, 4 * GIB, 640 * KIB, 896 * MIB, 1, UINT64_MAX};

    return (struct region_window){
        .first = below(4) ? firsts[below(ARRAY_LENGTH(firsts))] : below(5 * GIB),
        .end = below(4)   ? ends[below(2)]
               : below(2) ? ends[below(ARRAY_LENGTH(ends))]
                          : below(9 * GIB),
        .alignment = below(2) ? 0 : UINT64_C(1) << below(32),
        .lowest = below(2),
    };
}

/* Where the firmware stays, nothing is moved. */
static inline struct region some_region(const struct scene *scene, bool moves)
{
    static const char *const names[SCENE_REGIONS] = {"region 0", "region 1", "region 2",
                                                     "region 3", "region 4", "region 5",
                                                     "region 6", "region 7"};
    struct region region = {.name = names[scene->attempt.wishes.region_count],
                            .type = LINTEL_MEMORY_KERNEL};

    region.fixed = below(2);
    region.bytes = region.fixed && below(8) ? 1 + below(4 * PAGE_BYTES) : some_bytes();
    region.moves = region.fixed && moves && below(4);
    region.target = region.fixed ? some_target(scene) : 0;
    region.window_count = region.fixed ? 0 : 1 + (uint32_t)below(REGION_WINDOWS);
    for (uint32_t i = 0; i < region.window_count; i++)
        region.windows[i] = some_window();
    region.is_trial = !region.fixed && !below(6);
    region.advice = below(2) ? NULL : "make another";
    return region;
}

static inline void wish_for_anything(struct scene *scene)
{
    static const enum entry_mode modes[] = {ENTRY_LONG, ENTRY_PROTECTED, ENTRY_REAL,
                                            ENTRY_WITH_SERVICES, ENTRY_PROGRAM};
    struct wishes *wishes = &scene->attempt.wishes;

    wishes->mode = modes[below(ARRAY_LENGTH(modes))];
    must(wishes_begin(wishes, SCENE_REGIONS, &scene->machine.arena) == OK);
    for (uint64_t i = below(4) ? 1 + below(3) : below(SCENE_REGIONS + 1); i; i--)
        wishes_add(wishes, some_region(scene, !entry_keeps_firmware(wishes->mode)));
    wishes->information_bytes = below(2) ? 0 : 1 + below(MIB);
    wishes->information_window = some_window();
}

/* ---- kernels of the upper half --------------------------------------------------------------- */

static inline void random_pages(struct elf *elf, uint32_t count, uint64_t most_bytes, bool mixed)
{
    static const uint32_t flags[] = {0, MAP_WRITE, MAP_EXECUTE, MAP_WRITE | MAP_EXECUTE};
    uint64_t offset = 0;

    elf->pages_count = count;
    for (uint32_t i = 0; i < count; i++) {
        offset += below(3) * PAGE_BYTES * (i != 0);
        elf->pages[i] = (struct elf_pages){
            offset, (1 + below(most_bytes / PAGE_BYTES)) * PAGE_BYTES, flags[below(mixed ? 4 : 3)]};
        offset += elf->pages[i].bytes;
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

    kernel->first = addresses[below(10) % ARRAY_LENGTH(addresses)];
    kernel->relocatable = below(2);
    random_pages(kernel, 1 + (uint32_t)below(6), below(4) ? 64 * KIB : 64 * MIB,
                 scene->space.mixed);
    kernel->segments[0] = (struct elf_segment){.virtual = kernel->first};
    kernel->segment_count = 1;
}

static inline void wish_for_files(struct scene *scene)
{
    uint64_t count = below(SCENE_REGIONS - 1);

    must(upper_half_begin(&scene->attempt, &scene->kernel, SCENE_REGIONS) == OK);
    for (uint64_t i = 0; i < count; i++) {
        scene->readers[i] =
            (struct reader){.name = "module", .bytes = below(4) ? below(300 * MIB) : 0};
        must(upper_half_add_module(&scene->attempt, "module", &scene->readers[i]) == OK);
    }
}

/* All that a Lintel note and Limine's requests can say. */
static inline void wish_for_upper_half(struct scene *scene)
{
    struct wishes *wishes = &scene->attempt.wishes;
    struct region *kernel;

    scene->space = below(2) ? lintel_space : limine_space_rules(below(LIMINE_REVISION_MAX + 1));
    random_kernel(scene);
    random_pages(&scene->resident, 3, 16 * KIB, false);
    wish_for_files(scene);
    kernel = &wishes->regions[0];
    kernel->fixed = !below(8);
    kernel->target = kernel->fixed ? align_down(below(5 * GIB), PAGE_BYTES) : 0;
    wishes->space = &scene->space;
    wishes->information_bytes = 1 + below(MIB);
    wishes->paging_levels = below(3) ? 4 : 5;
    wishes->paging_required = !below(4);
    wishes->keeps_address = !below(4);
    wishes->stack_bytes = below(3) ? below(16 * MIB + 1) : 0;
    wishes->cpu_count = below(5) * below(2) + below(200) * !below(200);
    wishes->cpu_stack_bytes = (1 + below(8)) * PAGE_BYTES;
}

/* ---- other protocols' kernels ---------------------------------------------------------------- */

static inline struct linux_image random_linux(void)
{
    static const uint64_t addresses[] = {64 * KIB, MIB, MIB, 16 * MIB};
    struct linux_image image = {
        .setup_bytes = 512 * (1 + below(64)),
        .payload_bytes = 1 + below(16 * MIB),
        .entry = (enum linux_entry)below(3),
        .relocatable = below(2),
        .address = below(4) ? addresses[below(ARRAY_LENGTH(addresses))] : below(8 * GIB),
        .alignment = PAGE_BYTES << below(13),
        .initrd_end = below(2) ? 0x38000000 : 2 * GIB,
        .above_4gib = below(2),
    };

    image.memory_bytes = image.payload_bytes + below(64 * MIB);
    return image;
}

static inline void wish_for_linux(struct scene *scene)
{
    static const struct reader *initrds[2];
    static struct linux_boot boot;
    struct reader *kernel = &scene->attempt.kernel.reader;

    *kernel = (struct reader){.name = "kernel", .bytes = 1 + below(16 * MIB)};
    boot = (struct linux_boot){.kernel = kernel,
                               .image = random_linux(),
                               .initrds = initrds,
                               .initrd_count = below(3),
                               .options = below(4) ? "" : "mem=256M"};
    for (uint64_t i = 0; i < boot.initrd_count; i++) {
        scene->readers[i] = (struct reader){.name = "initrd", .bytes = 1 + below(128 * MIB)};
        initrds[i] = &scene->readers[i];
    }
    scene->facts.firmware = LINTEL_FIRMWARE_BIOS;
    must((below(4) ? linux_wish : linux_wish_efi)(&scene->attempt, &boot) == OK);
    scene->attempt.wishes.information_bytes = PAGE_BYTES + below(64 * KIB);
}

static inline void random_segments(struct multiboot_image *image)
{
    uint64_t next = below(4) ? MIB : below(3 * GIB);

    image->first = next;
    for (uint32_t i = 0; i < image->segment_count; i++) {
        image->segments[i] = (struct multiboot_segment){
            .physical = next, .bytes = 1 + below(below(4) ? MIB : 32 * MIB)};
        image->end = next + image->segments[i].bytes;
        next = image->end + below(2) * below(3 * PAGE_BYTES);
    }
}

static inline void wish_for_multiboot(struct scene *scene)
{
    static struct multiboot_segment segments[3];
    struct multiboot multiboot = {
        .header = {.relocatable = below(2),
                   .lowest = (uint32_t)below(4 * MIB),
                   .highest = UINT32_MAX - (uint32_t)below(4 * GIB),
                   .alignment = 1u << below(25),
                   .preference = (enum multiboot_preference)below(3)},
        .image = {.reader = &scene->kernel_reader,
                  .segments = segments,
                  .segment_count = 1 + (uint32_t)below(ARRAY_LENGTH(segments))},
        .info.efi_services = !below(4),
    };
    struct wishes *wishes = &scene->attempt.wishes;

    random_segments(&multiboot.image);
    must(wishes_begin(wishes, SCENE_REGIONS, &scene->machine.arena) == OK);
    must(multiboot_wish_for_image(&scene->attempt, &multiboot) == OK);
    while (wishes->region_count < SCENE_REGIONS && below(3))
        wishes_add(wishes, (struct region){.name = "module",
                                           .bytes = 1 + below(64 * MIB),
                                           .type = LINTEL_MEMORY_KERNEL,
                                           .windows = {{MIB, MULTIBOOT_END, 0, true}},
                                           .window_count = 1});
    wishes->information_window = (struct region_window){MIB, MULTIBOOT_END, 0, true};
    wishes->information_bytes = 1 + below(64 * KIB);
    wishes->mode = multiboot.info.efi_services ? ENTRY_WITH_SERVICES : ENTRY_PROTECTED;
}

static inline void wish_for_sector(struct scene *scene)
{
    static struct disk disk = {.handle = 0x80, .sector_bytes = 512};
    static struct volume volume = {.disk = &disk};
    static struct fs fs = {.volume = &volume};

    scene->attempt.kernel = (struct file){
        .reader = {.name = "boot sector", .bytes = below(4) ? 512 : 512 + below(640 * KIB)},
        .fs = &fs};
    must(protocol_sector.hooks.open(&scene->attempt) == OK);
}

static inline void wish_for_program(struct scene *scene)
{
    scene->attempt.kernel.reader = (struct reader){.name = "program", .bytes = below(32 * MIB)};
    must(efi_wish(&scene->attempt, "", 0) == OK);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static inline void random_wishes(struct scene *scene)
{
    static void (*const wish[])(struct scene *) = {
        wish_for_upper_half, wish_for_upper_half, wish_for_upper_half, wish_for_upper_half,
        wish_for_anything,   wish_for_anything,   wish_for_anything,   wish_for_linux,
        wish_for_linux,      wish_for_multiboot,  wish_for_sector,     wish_for_program,
    };

    wish[below(ARRAY_LENGTH(wish))](scene);
}

static inline void random_scene(struct scene *scene)
{
    scene_begin(scene);
    scene->cpu.features = (uint32_t)below(UINT32_MAX);
    scene->cpu.physical_bits = 36 + (uint32_t)below(17);
    random_map(scene);
    random_loader(scene);
    random_wishes(scene);
}
