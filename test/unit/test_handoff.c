/* The handoff: its moves against memory in miniature, what lies in its region, and the tables that
 * it runs on. */
#include "common/memory/paging.h"
#include "test/unit/attempt_scene.h"
#include <stdlib.h>
#include <sys/mman.h>

#define CELLS 64
#define MOST  6
#define TRIES 100000

/* Moves as the program does them, each with memmove(). */
static void move_all(uint8_t *cells, const struct handoff_move *moves, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        memmove(cells + moves[i].to, cells + moves[i].from, moves[i].bytes);
}

static bool apart(uint64_t a, uint64_t b, uint64_t bytes, uint64_t b_bytes)
{
    return a >= b + b_bytes || b >= a + bytes;
}

/* Random moves with disjoint sources and disjoint targets, of which one may overlap the other. */
static uint64_t random_moves(struct handoff_move *moves)
{
    uint64_t count = 0, wanted = (uint64_t)rand() % (MOST + 1);

    for (int tries = 0; tries < 40 && count < wanted; tries++) {
        struct handoff_move move = {.bytes = 1 + (uint64_t)rand() % (rand() % 2 ? 10 : 40)};
        move.from = (uint64_t)rand() % (CELLS - move.bytes);
        move.to = (uint64_t)rand() % (CELLS - move.bytes);
        bool fits = true;
        for (uint64_t i = 0; i < count; i++)
            fits = fits && apart(move.from, moves[i].from, move.bytes, moves[i].bytes) &&
                   apart(move.to, moves[i].to, move.bytes, moves[i].bytes);
        if (fits)
            moves[count++] = move;
    }
    return count;
}

/* ---- the program's own loop ------------------------------------------------------------------ */

extern const uint8_t handoff_program[], handoff_program_end[], make_moves[]; /* program.asm */

/* The program lies in memory that is not executable here. */
static void *executable_copy(void)
{
    size_t bytes = (size_t)(handoff_program_end - handoff_program);
    uint8_t *copy =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(MAP_FAILED, copy);
    memcpy(copy, handoff_program, bytes);
    return copy + (make_moves - handoff_program);
}

/* Clear of the red zone. */
static void call_program(const void *function, const struct handoff_state *state)
{
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\tpush %%rbp\n\tcall *%0\n\tpop %%rbp\n\t"
                     "lea 128(%%rsp), %%rsp"
                     :
                     : "d"(function), "b"(state)
                     : "rax", "rcx", "rsi", "rdi", "r8", "memory", "cc");
}

static void test_program_moves(void **state)
{
    (void)state;
    const void *function = executable_copy();
    srand(2);
    for (int i = 0; i < TRIES; i++) {
        struct handoff_move moves[MOST];
        uint8_t cells[CELLS], want[CELLS];
        uint64_t count = random_moves(moves);
        for (int c = 0; c < CELLS; c++)
            cells[c] = want[c] = (uint8_t)c;
        move_all(want, moves, count);
        for (uint64_t m = 0; m < count; m++) {
            moves[m].from += (uintptr_t)cells;
            moves[m].to += (uintptr_t)cells;
        }
        const struct handoff_state prepared = {.moves = (uintptr_t)moves, .move_count = count};
        call_program(function, &prepared);
        assert_memory_equal(want, cells, CELLS);
    }
}

/* ---- the region ------------------------------------------------------------------------------ */

static void test_region(void **state)
{
    (void)state;
    static uint8_t region[8 * PAGE_BYTES] __attribute__((aligned(4096)));
    struct handoff_move moves[300] = {{1, 2, 3}, [299] = {4, 5, 6}};
    size_t program = (size_t)(handoff_program_end - handoff_program);

    for (uint64_t count = 0; count <= 300; count += 150) {
        memset(region, 0xee, sizeof region);
        struct handoff_state *made = handoff_install((uintptr_t)region, moves, count);
        assert_ptr_equal(region, made);
        assert_int_equal(0, made->mode | made->entry | made->registers.rsp | made->root_virtual);
        assert_int_equal(0, region[PAGE_BYTES - 1]);
        assert_memory_equal(handoff_program, region + PAGE_BYTES, program);
        assert_int_equal(count, made->move_count);
        assert_memory_equal(moves, at_physical(made->moves), count * sizeof *moves);
        uint64_t bytes = handoff_bytes(count);
        assert_int_equal(0, bytes % PAGE_BYTES);
        assert_true(made->moves + count * sizeof *moves <= (uintptr_t)region + bytes);
        for (uint64_t i = bytes; i < sizeof region; i++)
            assert_int_equal(0xee, region[i]);
    }
}

/* ---- what is planned for it ------------------------------------------------------------------ */

#define TARGET (MIB + 5) /* where the firmware is, until it leaves */

static struct facts *facts;

/* A kernel that must lie at TARGET, and a file that may lie anywhere. */
static enum err wish(struct attempt *attempt)
{
    const struct region kernel = {.name = "kernel", .fixed = true, .moves = true, .target = TARGET},
                        rest = {.name = "rest", .bytes = 10, .window_count = 1};

    TRY(wishes_begin(&attempt->wishes, 2, &attempt->machine->arena));
    TRY(wishes_add_file(&attempt->wishes, &attempt->kernel.reader, kernel,
                        &attempt->machine->arena));
    wishes_add(&attempt->wishes, rest);
    attempt->wishes.mode = ENTRY_LONG;
    return OK;
}

static const struct hooks hooks = {.open = wish};

static int begin(void **state)
{
    static const uint8_t bytes[1000];
    (void)state;
    facts = scene_begin(16 * MIB, "kernel");
    scene_add("kernel", bytes, sizeof bytes);
    scene.hooks = &hooks;
    fake_map_add(MIB, MIB, LINTEL_MEMORY_RECLAIMABLE);
    fake_map_add(4 * GIB, 3 * GIB + PAGE_BYTES, LINTEL_MEMORY_ACPI_NVS);
    return 0;
}

static void check_tables(uint64_t root, uint32_t levels)
{
    const struct paging paging = {.levels = levels, .root = root};
    bool large = facts->cpu.features & LINTEL_CPU_1GIB;

    for (uint64_t at = 0; at < 8 * GIB; at += 64 * MIB + 0x1234567) {
        struct translation found = paging_translate(&paging, at);
        assert_true(found.present && found.physical == at);
        assert_int_equal(MAP_WRITE | MAP_EXECUTE, found.flags);
        assert_int_equal(large ? GIB : 2 * MIB, found.page_bytes);
    }
    assert_false(paging_translate(&paging, 8 * GIB).present);
}

static void prepare(uint32_t levels, uint32_t features)
{
    fake_end();
    begin(NULL);
    fake_levels(levels);
    facts->cpu.features = features;
    const struct handoff_state *prepared = scene_boot();
    check_tables(fake_handoff_root(), levels);
    check_tables(prepared->root, 4);
}

static void test_tables(void **state)
{
    (void)state;
    for (uint32_t levels = 4; levels <= 5; levels++) {
        prepare(levels, LINTEL_CPU_1GIB);
        prepare(levels, 0);
    }
}

static void test_what_moves(void **state)
{
    (void)state;
    const struct handoff_state *prepared = scene_boot();
    assert_int_equal(1, prepared->move_count);
    const struct handoff_move *move = at_physical(prepared->moves);
    assert_int_equal(attempt_place(&scene.attempt, 0)->physical, move->from);
    assert_int_not_equal(TARGET, move->from);
    assert_int_equal(TARGET, move->to);
    assert_int_equal(1000, move->bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program_moves),
        cmocka_unit_test(test_region),
        cmocka_unit_test_setup_teardown(test_tables, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_what_moves, begin, fake_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
