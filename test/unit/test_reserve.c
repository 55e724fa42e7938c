/* How a boot gets its memory from the firmware, and gives it back: races, too little of it, and
 * that what the planner itself takes does not cost the plan. */
#include "test/unit/kernel_files.h"

#define MEMORY (16 * MIB)
#define END    (FAKE_MEMORY_BASE + MEMORY)

static int begin(void **state)
{
    (void)state;
    scene_begin(MEMORY, "kernel");
    return 0;
}

/* ---- firmware whose map shows what the loader took ------------------------------------------- */

/* As UEFI: memory is given from the top, where plans have their places, too. */
#define ROOM             128
#define DESCRIPTOR_BYTES 48
#define EFI_LOADER_DATA  2

static struct {
    struct raw_range ranges[ROOM], given[ROOM]; /* given: to the loader itself */
    uint8_t descriptors[ROOM][DESCRIPTOR_BYTES];
    uint64_t count, given_count;
    uint64_t maps, reservations, refusals; /* asked for so far */
    bool grows;                            /* the last map is as long as any can be */
} efi;

static enum err give_from_top(uint64_t pages, uint64_t *physical)
{
    for (uint64_t at = END - pages * PAGE_BYTES; at >= FAKE_MEMORY_BASE; at -= PAGE_BYTES)
        if (fake_firmware.reserve(at, pages) == OK) {
            assert_in_range(efi.given_count, 0, ROOM - 1);
            efi.given[efi.given_count++] =
                (struct raw_range){at, pages * PAGE_BYTES, LINTEL_MEMORY_USABLE};
            memset(at_physical(at), FAKE_POISON, pages * PAGE_BYTES);
            *physical = at;
            return OK;
        }
    return (fail)(ERR_NO_MEMORY, "no %lu pages", pages); /* cmocka has a macro of that name */
}

static enum err count_reserve(uint64_t physical, uint64_t pages)
{
    enum err err = fake_firmware.reserve(physical, pages);

    efi.reservations++;
    efi.refusals += err != OK;
    return err;
}

static void add_range(struct raw_range range)
{
    efi.ranges[efi.count++] = range;
}

static void describe(struct raw_map *map)
{
    for (uint64_t i = 0; i < efi.given_count; i++) {
        const uint64_t words[] = {EFI_LOADER_DATA, efi.given[i].base, 0,
                                  efi.given[i].bytes / PAGE_BYTES};
        memcpy(efi.descriptors[i], words, sizeof words);
        add_range(efi.given[i]);
    }
    *map = (struct raw_map){.ranges = efi.ranges,
                            .count = efi.count,
                            .capacity = ROOM,
                            .efi = efi.descriptors,
                            .efi_bytes = efi.given_count * DESCRIPTOR_BYTES,
                            .efi_capacity_bytes = sizeof efi.descriptors,
                            .efi_descriptor_bytes = DESCRIPTOR_BYTES};
}

static enum err show_map(struct raw_map *map, struct raw_map *busy)
{
    efi.maps++;
    TRY(fake_firmware.memory_map(map, busy));
    memcpy(efi.ranges, map->ranges, map->count * sizeof *map->ranges);
    efi.count = map->count;
    describe(map);
    *busy = (struct raw_map){.ranges = efi.given, .count = efi.given_count};
    return OK;
}

/* Ranges of which none touches another. */
static enum err leave(struct raw_map *map)
{
    TRY(fake_firmware.leave(map));
    memcpy(efi.ranges, map->ranges, map->count * sizeof *map->ranges);
    efi.count = map->count;
    while (efi.grows && efi.count + efi.given_count < ROOM)
        add_range((struct raw_range){64 * GIB + 2 * efi.count * PAGE_BYTES, PAGE_BYTES,
                                     LINTEL_MEMORY_ACPI_NVS});
    describe(map);
    if (efi.grows)
        map->efi_bytes = map->efi_capacity_bytes;
    return OK;
}

static void begin_efi(void)
{
    memset(&efi, 0, sizeof efi);
    scene.firmware.allocate = give_from_top;
    scene.firmware.reserve = count_reserve;
    scene.firmware.memory_map = show_map;
    scene.firmware.leave = leave;
    arena_begin(&scene.machine.arena, scene.firmware.allocate);
}

/* Boots up to the handoff, or starts a program. */
static void boot(const struct kernel_file *kernel)
{
    int way_out = setjmp(fake_way_out);

    if (!way_out && scene_carry_out() != OK)
        fail_msg("%s: %s", kernel->name, err_message());
    if (way_out != FAKE_HANDED_OFF && scene.attempt.wishes.mode != ENTRY_PROGRAM)
        fail_msg("%s: way out %d, %s", kernel->name, way_out, err_message());
}

/* A look for the plan, one more where it took memory, and one for what is built. */
static void test_first_claims_succeed(void **state)
{
    for (size_t i = 0; i < ARRAY_LENGTH(kernel_files); i++) {
        fake_end();
        begin(state);
        begin_efi();
        kernel_files[i].add();
        boot(&kernel_files[i]);
        if (efi.refusals || efi.maps < 2 || efi.maps > 3)
            fail_msg("%s: %lu reservations refused, %lu looks at the map", kernel_files[i].name,
                     efi.refusals, efi.maps);
        assert_int_equal(scene.attempt.plan.reservation_count, efi.reservations);
        assert_true(efi.reservations > 0 && efi.given_count > 0);
    }
}

/* ---- what is built fits ---------------------------------------------------------------------- */

static const struct vbe vbe;
static const struct video video = {.fb = {.base_physical = 0xfd000000,
                                          .width = 1024,
                                          .height = 768,
                                          .pitch = 4096,
                                          .bytes = 4096 * 768,
                                          FAKE_XRGB,
                                          .edid_bytes = sizeof video.edid},
                                   .vbe = &vbe,
                                   .mode_count = VIDEO_MODES};

static void begin_grown(size_t kernel)
{
    fake_end();
    begin(NULL);
    begin_efi();
    fake_video(&video);
    efi.grows = true;
    kernel_files[kernel].add();
}

/* When the firmware has left, its map is as long as it ever said. */
static void test_the_longest_map_fits(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(kernel_files); i++) {
        begin_grown(i);
        boot(&kernel_files[i]);
    }
}

/* All that a builder sees is as long as it can be. */
static void grow_everything(struct attempt *attempt)
{
    attempt->map.count = attempt->map.capacity;
    attempt->raw.count = attempt->raw.capacity;
    attempt->raw.efi_bytes = attempt->raw.efi_capacity_bytes;
    attempt->has_video = attempt->wishes.screen.wanted;
    attempt->video = video;
    while (scene.timeline.count < TIMELINE_STAGES)
        timeline_mark(&scene.timeline, "fifteen letters");
}

static uint64_t count_block(struct attempt *attempt)
{
    struct buffer buffer = buffer_counting(&scene.machine.arena);

    if (attempt->hooks->build)
        assert_int_equal(OK, attempt->hooks->build(attempt, &buffer));
    if (attempt->wishes.mode == ENTRY_KERNEL_TABLES)
        assert_int_equal(OK, attempt_build_machine(attempt, &buffer));
    return buffer.next;
}

static void test_everything_at_its_longest_fits(void **state)
{
    const struct protocol *protocol;
    struct raw_map raw, busy;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(kernel_files); i++) {
        struct attempt *attempt = &scene.attempt;
        begin_grown(i);
        assert_int_equal(OK, scene_find(&protocol));
        assert_int_equal(OK, attempt_open(attempt));
        assert_int_equal(OK, show_map(&raw, &busy));
        assert_int_equal(OK, attempt_plan(attempt, &raw, &busy));
        grow_everything(attempt);
        assert_in_range(count_block(attempt), 0, attempt->wishes.information_bytes);
    }
}

/* ---- a boot of the test's own ---------------------------------------------------------------- */

#define KERNEL_AT    (FAKE_MEMORY_BASE + 4 * MIB)
#define RESERVATIONS 4 /* kernel, initrd, what the kernel is told, the way in */

static struct {
    uint64_t initrd_bytes;
    bool trial;                   /* the initrd */
    enum err load, finish, build; /* how these end; build: when it does not only count */
} own;

static enum err wish(struct attempt *attempt)
{
    const struct region kernel = {.name = "kernel",
                                  .fixed = true,
                                  .moves = true,
                                  .target = KERNEL_AT},
                        initrd = {.name = "initrd",
                                  .bytes = own.initrd_bytes,
                                  .window_count = 1,
                                  .is_trial = own.trial};
    struct wishes *wishes = &attempt->wishes;

    TRY(wishes_begin(wishes, 2, &attempt->machine->arena));
    TRY(wishes_add_file(wishes, &attempt->kernel.reader, kernel, &attempt->machine->arena));
    wishes_add(wishes, initrd);
    wishes->information_window = (struct region_window){.lowest = true};
    wishes->mode = ENTRY_PROTECTED;
    wishes->screen = (struct screen_wish){.wanted = true, .required = "it draws"};
    return OK;
}

static enum err finish(struct attempt *attempt)
{
    (void)attempt;
    return own.finish;
}

static enum err build(struct attempt *attempt, struct buffer *buffer)
{
    void *taken;

    (void)attempt;
    TRY(buffer_take(buffer, 100, &taken));
    return buffer_counts(buffer) ? OK : own.build;
}

static enum err read_file(const struct reader *reader, uint64_t offset, uint64_t bytes, void *to)
{
    (void)reader, (void)offset;
    memset(to, 1, bytes);
    return own.load;
}

static enum err count_map(struct raw_map *map, struct raw_map *busy)
{
    efi.maps++;
    return fake_firmware.memory_map(map, busy);
}

static void begin_own(void)
{
    static const struct hooks hooks = {.open = wish, .finish = finish, .build = build};

    fake_end();
    begin(NULL);
    memset(&own, 0, sizeof own);
    memset(&efi, 0, sizeof efi);
    own.initrd_bytes = 3 * MIB;
    scene.files[scene.file_count++] =
        (struct reader){.name = "kernel", .bytes = 1000, .read = read_file};
    scene.hooks = &hooks;
    scene.firmware.reserve = count_reserve;
    scene.firmware.memory_map = count_map;
    fake_video(&video);
}

static uint64_t planned_pages(void)
{
    uint64_t pages = 0;

    for (uint64_t i = 0; i < scene.attempt.plan.reservation_count; i++)
        pages += scene.attempt.plan.reservations[i].pages;
    return pages;
}

/* ---- races ----------------------------------------------------------------------------------- */

/* All of the first plan is given back, and another one is made. */
static void test_a_claim_fails_once(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= RESERVATIONS; n++) {
        begin_own();
        fake_fail_reserve(n);
        scene_boot();
        assert_int_equal(n + RESERVATIONS, efi.reservations);
        assert_int_equal(4, efi.maps); /* for two plans, the screen, and the last build */
        assert_int_equal(planned_pages(), fake_reserved_pages());
    }
}

static enum lintel_memory_type stolen_type;
static uint64_t steal_at; /* the reservation that comes too late */

static enum err claim_too_late(uint64_t physical, uint64_t pages)
{
    if (efi.reservations + 1 == steal_at)
        fake_map_add(physical, pages * PAGE_BYTES, stolen_type);
    return count_reserve(physical, pages);
}

static const struct handoff_state *boot_too_late(uint64_t n, enum lintel_memory_type type)
{
    begin_own();
    scene.firmware.reserve = claim_too_late;
    steal_at = n;
    stolen_type = type;
    return scene_boot();
}

/* By a driver, for good or until the firmware leaves. */
static void test_a_place_is_taken_meanwhile(void **state)
{
    (void)state;
    assert_int_equal(0, boot_too_late(2, LINTEL_MEMORY_RESERVED)->move_count);
    assert_int_equal(2 + RESERVATIONS, efi.reservations);
    assert_true(attempt_place(&scene.attempt, 1)->physical + own.initrd_bytes < END);
    assert_int_equal(1, boot_too_late(1, LINTEL_MEMORY_RECLAIMABLE)->move_count);
    assert_int_not_equal(KERNEL_AT, attempt_place(&scene.attempt, 0)->physical);
}

static enum err refuse_claim(uint64_t physical, uint64_t pages)
{
    (void)physical, (void)pages;
    efi.reservations++;
    return (fail)(ERR_CHANGED, "never");
}

static void test_nothing_is_ever_free(void **state)
{
    (void)state;
    begin_own();
    scene.firmware.reserve = refuse_claim;
    scene_refuse(ERR_CHANGED, "never");
    assert_int_equal(4, efi.reservations);
}

/* ---- too little, and giving back ------------------------------------------------------------- */

/* True: it boots. */
static bool boots_without(uint64_t allocation)
{
    begin_own();
    fake_fail_allocate(allocation);
    if (setjmp(fake_way_out))
        return true;
    assert_int_equal(ERR_NO_MEMORY, scene_carry_out());
    assert_int_equal(0, fake_reserved_pages());
    return false;
}

static void test_no_memory_for_lists(void **state)
{
    uint64_t allocation = 1;

    (void)state;
    while (!boots_without(allocation))
        allocation++;
    assert_true(allocation > 1);
}

static void test_what_does_not_fit_takes_nothing(void **state)
{
    (void)state;
    begin_own();
    own.initrd_bytes = MEMORY;
    scene_refuse(ERR_NO_MEMORY, "initrd needs 16384 KiB");
    assert_int_equal(0, efi.reservations);
}

static void test_trying_takes_nothing(void **state)
{
    (void)state;
    begin_own();
    own.trial = true;
    scene_boot();
    assert_int_equal(planned_pages(), fake_reserved_pages());
    assert_true(fake_reserved_pages() < MIB / PAGE_BYTES);
}

static void fail_to_load(void)
{
    own.load = ERR_IO;
}

static void fail_to_finish(void)
{
    own.finish = ERR_FORMAT;
}

static void fail_to_draw(void)
{
    fake_video(NULL);
}

static void fail_to_build(void)
{
    own.build = ERR_BUG;
}

static void fail_to_leave(void)
{
    fake_fail_leave(1);
}

/* Whatever fails when the memory has been taken. */
static void test_all_is_given_back(void **state)
{
    static const struct {
        void (*prepare)(void);
        enum err err;
    } rows[] = {{fail_to_load, ERR_IO},
                {fail_to_finish, ERR_FORMAT},
                {fail_to_draw, ERR_UNSUPPORTED},
                {fail_to_build, ERR_BUG},
                {fail_to_leave, ERR_CHANGED}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        uint64_t allocated = 0;
        begin_own();
        for (int again = 0; again < 3; again++) {
            struct arena_mark mark = arena_mark(&scene.machine.arena);
            rows[i].prepare();
            scene_refuse(rows[i].err, "");
            arena_reset(&scene.machine.arena, mark);
            assert_true(!again || fake_allocated_pages() == allocated);
            allocated = fake_allocated_pages();
        }
        assert_int_equal(3 * RESERVATIONS, efi.reservations);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, fake_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first_claims_succeed),
        TEST(test_the_longest_map_fits),
        TEST(test_everything_at_its_longest_fits),
        TEST(test_a_claim_fails_once),
        TEST(test_a_place_is_taken_meanwhile),
        TEST(test_nothing_is_ever_free),
        TEST(test_no_memory_for_lists),
        TEST(test_what_does_not_fit_takes_nothing),
        TEST(test_trying_takes_nothing),
        TEST(test_all_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
