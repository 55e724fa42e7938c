/* Attempts with firmware and files that lie: what is not to be believed does not reach the kernel,
 * nor the loader's own pointers. */
#include "common/protocol/limine/limine.h"
#include "test/unit/acpi_tables.h"
#include "test/unit/attempt_scene.h"
#include "test/unit/bzimage.h"
#include "test/unit/elf_builder.h"

#define MEMORY (16 * MIB)

static struct facts *facts;
static uint32_t texts; /* how often the text screen was asked for */

static void count_text(void)
{
    texts++;
}

static int begin(void **state)
{
    (void)state;
    facts = scene_begin(MEMORY, "kernel");
    scene.firmware.set_text = count_text;
    texts = 0;
    return 0;
}

static void add_lintel(uint32_t flags, uint64_t link)
{
    struct built_note note = built_note();

    note.request.flags = flags;
    build_kernel(ET_EXEC, link);
    memcpy(built.bytes + built.programs[3].p_offset, &note, sizeof note);
    scene_add("kernel", built.bytes, built.size);
}

/* ---- a framebuffer that cannot be ------------------------------------------------------------ */

static void set_framebuffer(uint64_t base, uint64_t bytes)
{
    const struct video video = {.fb = {.base_physical = base,
                                       .bytes = bytes,
                                       .width = 640,
                                       .height = 480,
                                       .pitch = 2560,
                                       FAKE_XRGB}};
    fake_video(&video);
}

static void expect_no_framebuffer(uint64_t base, uint64_t bytes, const char *why)
{
    fake_end();
    begin(NULL);
    add_lintel(LINTEL_REQUEST_FRAMEBUFFER_MUST, BUILT_LINK);
    set_framebuffer(base, bytes);
    scene_refuse(ERR_UNSUPPORTED, why);
    assert_int_equal(texts, 1);
}

static void refuses_a_framebuffer_that_is_nowhere(void **state)
{
    (void)state;
    expect_no_framebuffer(UINT64_MAX - 4095, 4096, "lies at FFFFFFFFFFFFF000h");
    expect_no_framebuffer(0xe0000000, UINT64_MAX, "lies at E0000000h");
    expect_no_framebuffer(0xe0000000, 0, "lies at E0000000h");
    expect_no_framebuffer(UINT64_C(1) << 47, 4096, "lies at 800000000000h");
}

static void refuses_a_framebuffer_on_the_kernel(void **state)
{
    (void)state;
    expect_no_framebuffer(FAKE_MEMORY_BASE, MEMORY, "where its map has usable memory from");
}

static void refuses_a_framebuffer_in_any_memory(void **state)
{
    (void)state;
    for (enum lintel_memory_type type = 1; type < LINTEL_MEMORY_TYPES; type++) {
        fake_end();
        begin(NULL);
        add_lintel(LINTEL_REQUEST_FRAMEBUFFER_MUST, BUILT_LINK);
        set_framebuffer(0xe0000000, 2560 * 480);
        fake_map_add(0xe0000000 + 2560 * 480 - 1, 1, type);
        fake_map_add(0xe0000000 - MIB, MIB, LINTEL_MEMORY_ACPI_NVS); /* before it */
        fake_map_add(0xe0000000, 0, LINTEL_MEMORY_USABLE);           /* none at all */
        if (type == LINTEL_MEMORY_RESERVED || type == LINTEL_MEMORY_MMIO ||
            type == LINTEL_MEMORY_FRAMEBUFFER)
            scene_boot();
        else
            scene_refuse(ERR_UNSUPPORTED, "memory from E012BFFFh on");
    }
}

static void refuses_a_framebuffer_that_contradicts_itself(void **state)
{
    static const struct lintel_framebuffer sound = {
        .base_physical = 0xe0000000,
        .bytes = 2560 * 480,
        .width = 640,
        .height = 480,
        .pitch = 2560,
        FAKE_XRGB,
    };
    struct video videos[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(videos); i++)
        videos[i] = (struct video){.fb = sound};
    videos[0].fb.width = 0;
    videos[1].fb.height = 0;
    videos[2].fb.width++;
    videos[3].fb.height++;
    videos[4].fb.bits_per_pixel = 30;
    videos[5].fb.bits_per_pixel = 64;
    videos[6].fb.red_shift = 25;
    videos[7].fb.blue_bits = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(videos); i++) {
        fake_end();
        begin(NULL);
        add_lintel(LINTEL_REQUEST_FRAMEBUFFER_MUST, BUILT_LINK);
        fake_video(&videos[i]);
        scene_refuse(ERR_UNSUPPORTED, "the firmware describes one of");
    }
}

static void refuses_a_framebuffer_that_is_not_there(void **state)
{
    (void)state;
    fake_blind(true);
    add_lintel(LINTEL_REQUEST_FRAMEBUFFER_MUST, BUILT_LINK);
    set_framebuffer(0xe0000000, 2560 * 480);
    scene_refuse(ERR_UNSUPPORTED, "nothing there keeps what is drawn");
    assert_int_equal(texts, 1);
}

static void boots_without_what_it_need_not_have(void **state)
{
    (void)state;
    add_lintel(LINTEL_REQUEST_FRAMEBUFFER, BUILT_LINK);
    set_framebuffer(FAKE_MEMORY_BASE, MEMORY);
    scene_boot();
    assert_false(scene.attempt.has_video);
    assert_int_equal(texts, 1);
}

/* ---- memory that no direct map has room for -------------------------------------------------- */

#define BEYOND (UINT64_C(1) << 47)

static uint64_t last_in_map(void)
{
    const struct memmap *map = &scene.attempt.map;

    return map->ranges[map->count - 1].last;
}

static void tells_only_of_what_the_direct_map_shows(void **state)
{
    (void)state;
    facts->cpu.physical_bits = 52;
    fake_map_add(BEYOND - 4 * GIB, 8 * GIB, LINTEL_MEMORY_USABLE);
    fake_map_add(PLAN_WINDOW - PLAN_DIRECT_MAP_4 - GIB, 2 * GIB, LINTEL_MEMORY_USABLE);
    add_lintel(0, BUILT_LINK);
    scene_boot();
    assert_int_equal(last_in_map(), PLAN_WINDOW - PLAN_DIRECT_MAP_4 - 1);
}

static void tells_a_kernel_with_five_levels_of_more(void **state)
{
    struct built_note note = built_note();

    (void)state;
    facts->cpu.physical_bits = 52;
    facts->cpu.features |= LINTEL_CPU_LA57;
    fake_map_add(BEYOND - 4 * GIB, 8 * GIB, LINTEL_MEMORY_USABLE);
    add_lintel(0, BUILT_LINK);
    note.request.paging_levels = 5;
    memcpy(built.bytes + built.programs[3].p_offset, &note, sizeof note);
    scene_boot();
    assert_int_equal(last_in_map(), BEYOND + 4 * GIB - 1);
}

static void refuses_a_kernel_inside_of_the_largest_direct_map(void **state)
{
    (void)state;
    facts->cpu.physical_bits = 52;
    fake_map_add(BEYOND, GIB, LINTEL_MEMORY_USABLE);
    fake_map_add(BEYOND - 4 * GIB, GIB, LINTEL_MEMORY_ACPI_NVS);
    add_lintel(0, PLAN_DIRECT_MAP_4 + 0x100000);
    scene_refuse(ERR_UNSUPPORTED, "inside the direct map");
}

/* ---- a map that outgrows its word ------------------------------------------------------------ */

static uint32_t maps; /* how often it was asked for */

/* With the one that the kernel is to be told of. */
static enum err grow_late(struct raw_map *map, struct raw_map *busy)
{
    maps++;
    for (uint64_t i = 0; maps == 2 && i < 1000; i++)
        fake_map_add(64 * GIB + 2 * i * PAGE_BYTES, PAGE_BYTES, LINTEL_MEMORY_USABLE);
    return fake_firmware.memory_map(map, busy);
}

static void refuses_a_map_that_has_grown(void **state)
{
    (void)state;
    maps = 0;
    scene.firmware.memory_map = grow_late;
    add_lintel(0, BUILT_LINK);
    scene_refuse(ERR_CHANGED, "memory map has grown");
}

/* ---- Limine: the base revision tag inside of a request --------------------------------------- */

#define DATA   (BUILT_LINK + 0x2000)
#define COMMON UINT64_C(0xc7b1dd30df4c8b88), UINT64_C(0x0a82e883a194f07b)
#define CPUS   UINT64_C(0x95a67b819a1b857e), UINT64_C(0xa0b61b723b6a73e0)
#define TAG    UINT64_C(0xf9562b2d5c95a6c8), UINT64_C(0x6a7b384944536bdc)

/* The loader writes to both, and has to find the CPUs' places again. */
static void survives_a_tag_on_a_response(void **state)
{
    static const uint64_t words[64] = {COMMON, CPUS, TAG, 4};

    (void)state;
    facts->rsdp = begin_acpi_tables().rsdp;
    add_local_apic(0, 0, 1);
    add_local_apic(1, 1, 1);
    fake_map_add(64 * KIB, 64 * KIB, LINTEL_MEMORY_USABLE); /* for CPUs to start in */
    build_begin(ET_EXEC);
    build_program(PT_LOAD, PF_X, BUILT_LINK, "code", 4, 4);
    build_program(PT_LOAD, PF_W, DATA, words, sizeof words, sizeof words);
    built.header->e_entry = BUILT_LINK;
    scene_add("kernel", built.bytes, built.size);
    scene_boot();
    assert_int_equal(scene.attempt.plan.cpu_count, 2);
}

/* ---- Linux: entries that lead nowhere -------------------------------------------------------- */

static void refuses_a_32_bit_entry_above_4_gib(void **state)
{
    (void)state;
    facts->reachable_end = 4 * GIB;
    fake_map_add(8 * GIB, GIB, LINTEL_MEMORY_USABLE);
    bz_build(8 * GIB);
    bz_put(0x234, 0, 1); /* relocatable */
    bz_put(0x236, 0, 2); /* xloadflags */
    scene_add("kernel", bz, sizeof bz);
    scene_refuse(ERR_FORMAT, "its entry");
}

static void refuses_a_64_bit_entry_behind_the_end(void **state)
{
    (void)state;
    bz_build(FAKE_MEMORY_BASE + 2 * MIB);
    bz_put(0x1f4, 0x200 / 16, 4); /* syssize */
    scene_add("kernel", bz, sizeof bz);
    scene_refuse(ERR_FORMAT, "its entry");
}

static enum err lose_apm(struct apm *apm)
{
    memset(apm, 0x55, sizeof *apm);
    return (fail)(ERR_UNSUPPORTED, "no APM");
}

static void tells_nothing_of_what_failed(void **state)
{
    static const uint8_t nothing[sizeof(struct apm)];

    (void)state;
    scene.firmware.connect_apm = lose_apm;
    bz_build(FAKE_MEMORY_BASE + 2 * MIB);
    bz_put(0x236, 0, 2); /* xloadflags */
    scene_add("kernel", bz, sizeof bz);
    const uint8_t *page = at_physical(scene_boot()->registers.rsi);
    assert_memory_equal(page + 0x40, nothing, sizeof nothing);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, fake_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(refuses_a_framebuffer_that_is_nowhere),
        TEST(refuses_a_framebuffer_on_the_kernel),
        TEST(refuses_a_framebuffer_in_any_memory),
        TEST(refuses_a_framebuffer_that_contradicts_itself),
        TEST(refuses_a_framebuffer_that_is_not_there),
        TEST(boots_without_what_it_need_not_have),
        TEST(tells_only_of_what_the_direct_map_shows),
        TEST(tells_a_kernel_with_five_levels_of_more),
        TEST(refuses_a_kernel_inside_of_the_largest_direct_map),
        TEST(refuses_a_map_that_has_grown),
        TEST(survives_a_tag_on_a_response),
        TEST(refuses_a_32_bit_entry_above_4_gib),
        TEST(refuses_a_64_bit_entry_behind_the_end),
        TEST(tells_nothing_of_what_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
