/* The handoff: its moves against memory in miniature, what lies in its region, and the tables that
 * it runs on. */
#include "common/handoff/leap.h"
#include "common/lib/mem.h"
#include "common/memory/paging.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <cmocka.h>

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

/* Random moves with disjoint sources and disjoint targets, as claims have them. */
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

/* Every order of up to MOST moves: does any of them bring all pieces to their places? */
static bool any_order_works(const struct handoff_move *moves, uint64_t count, uint32_t done)
{
    if (done == (1u << count) - 1)
        return true;
    for (uint64_t i = 0; i < count; i++) {
        bool harmless = !(done >> i & 1);
        for (uint64_t j = 0; harmless && j < count; j++)
            harmless = j == i || done >> j & 1 ||
                       apart(moves[i].to, moves[j].from, moves[i].bytes, moves[j].bytes);
        if (harmless && any_order_works(moves, count, done | 1u << i))
            return true;
    }
    return false;
}

static void test_order(void **state)
{
    (void)state;
    uint64_t refused = 0, ordered = 0;
    srand(1);
    for (int i = 0; i < TRIES; i++) {
        struct handoff_move moves[MOST], wish[MOST];
        uint8_t before[CELLS], after[CELLS];
        uint64_t count = random_moves(moves);
        for (int c = 0; c < CELLS; c++)
            before[c] = after[c] = (uint8_t)c;
        memcpy(wish, moves, sizeof wish);
        if (leap_order(moves, count) != OK) {
            assert_false(any_order_works(wish, count, 0));
            refused++;
            continue;
        }
        ordered += count > 1;
        move_all(after, moves, count);
        for (uint64_t m = 0; m < count; m++)
            assert_memory_equal(before + wish[m].from, after + wish[m].to, wish[m].bytes);
    }
    assert_true(refused > TRIES / 100 && ordered > TRIES / 4);
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

/* ---- preparing ------------------------------------------------------------------------------- */

static struct facts *facts;
static struct arena arena;
static struct claims claims;

static int begin(void **state)
{
    (void)state;
    facts = fake_begin(16 * MIB);
    fake_map_add(MIB, MIB, LINTEL_MEMORY_RECLAIMABLE);
    fake_map_add(4 * GIB, 3 * GIB + PAGE_BYTES, LINTEL_MEMORY_ACPI_NVS);
    arena_begin(&arena, fake_firmware.allocate);
    claims_begin(&claims, facts, &fake_firmware, &arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    claims_release(&claims);
    assert_int_equal(0, fake_claimed_pages());
    fake_end();
    return 0;
}

static void check_tables(uint64_t root, uint32_t levels)
{
    const struct paging paging = {.levels = levels, .root = root};

    for (uint64_t at = 0; at < 8 * GIB; at += 64 * MIB + 0x1234567) {
        struct translation found = paging_translate(&paging, at);
        assert_true(found.present && found.physical == at);
        assert_int_equal(MAP_WRITE | MAP_EXECUTE, found.flags);
        assert_int_equal(claims.has_1gib_pages ? GIB : 2 * MIB, found.page_bytes);
    }
    assert_false(paging_translate(&paging, 8 * GIB).present);
}

static void prepare(uint32_t levels, bool large)
{
    struct leap leap = {.mode = HANDOFF_LONG};

    fake_levels(levels);
    claims.has_1gib_pages = large;
    assert_int_equal(OK, leap_prepare(&leap, &claims));
    const struct handoff_state *prepared = at_physical(leap.memory->physical);
    check_tables(leap.root, levels);
    check_tables(prepared->root, 4);
}

static void test_tables(void **state)
{
    (void)state;
    for (uint32_t levels = 4; levels <= 5; levels++) {
        prepare(levels, true);
        prepare(levels, false);
    }
}

static void test_what_moves(void **state)
{
    (void)state;
    struct claim *kernel, *rest;
    struct leap leap = {.mode = HANDOFF_PROTECTED};
    const struct claim_wish wish = {.name = "rest", .bytes = 10};

    assert_int_equal(OK, claims_take_at(&claims, "kernel", MIB + 5, 1000, &kernel));
    assert_int_equal(OK, claims_take(&claims, &wish, &rest));
    assert_int_equal(OK, leap_prepare(&leap, &claims));
    const struct handoff_state *prepared = at_physical(leap.memory->physical);
    assert_int_equal(1, prepared->move_count);
    const struct handoff_move *move = at_physical(prepared->moves);
    assert_int_equal(kernel->physical, move->from);
    assert_int_equal(MIB + 5, move->to);
    assert_int_equal(1000, move->bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_program_moves),
        cmocka_unit_test(test_region),
        cmocka_unit_test_setup_teardown(test_tables, begin, end),
        cmocka_unit_test_setup_teardown(test_what_moves, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
