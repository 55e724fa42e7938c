/* The arena: pieces are zeroed, aligned, apart; ten tries cost what one does. */
#include "common/lib/arena.h"
#include "common/lib/mem.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define PIECES 400

static uint64_t grown; /* pages that the firmware gave */

static enum err grow(uint64_t pages, uint64_t *physical)
{
    TRY(fake_firmware.allocate(pages, physical));
    memset(at_physical(*physical), FAKE_POISON, pages * PAGE_BYTES);
    grown += pages;
    return OK;
}

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    fake_begin(0);
    grown = 0;
    arena_begin(&arena, grow);
    return 0;
}

static uint64_t random_bytes(void)
{
    static const uint64_t sizes[] = {20, 200, 5000, 100000};

    return (uint64_t)rand() % sizes[rand() % 4];
}

static bool is_all(const uint8_t *bytes, uint64_t count, uint8_t value)
{
    for (uint64_t i = 0; i < count; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

/* Takes PIECES pieces, fills each with its own number, and finds all of them whole at the end. */
static void take_pieces(void)
{
    static uint8_t *pieces[PIECES];
    static uint64_t bytes[PIECES];

    for (uint32_t i = 0; i < PIECES; i++) {
        bytes[i] = random_bytes();
        assert_int_equal(OK, arena_take(&arena, bytes[i], (void **)&pieces[i]));
        assert_int_equal(0, (uintptr_t)pieces[i] % (bytes[i] >= PAGE_BYTES ? PAGE_BYTES : 16));
        assert_true(is_all(pieces[i], bytes[i], 0));
        memset(pieces[i], (int)i, bytes[i]);
    }
    for (uint32_t i = 0; i < PIECES; i++)
        assert_true(is_all(pieces[i], bytes[i], (uint8_t)i));
}

static void test_pieces(void **state)
{
    (void)state;
    srand(1);
    take_pieces();
}

static void test_ten_tries_leak_nothing(void **state)
{
    struct arena_mark mark;
    uint64_t after_first = 0;
    char *kept;

    (void)state;
    assert_int_equal(OK, arena_text(&arena, "kept", 4, &kept));
    mark = arena_mark(&arena);
    for (uint32_t try = 0; try < 10; try++) {
        srand(2);
        take_pieces();
        after_first = try ? after_first : grown;
        assert_int_equal(after_first, grown);
        arena_reset(&arena, mark);
    }
    assert_string_equal("kept", kept);
}

/* Chunks that a reset left are used in any order, and not lost when they are passed over. */
static void test_reset_reuses_in_any_order(void **state)
{
    struct arena_mark mark = arena_mark(&arena);
    const uint64_t small = 60 * KIB, large = MIB;
    uint64_t after_first;
    void *out;

    (void)state;
    assert_int_equal(OK, arena_take(&arena, small, &out));
    assert_int_equal(OK, arena_take(&arena, large, &out));
    after_first = grown;
    for (uint32_t try = 0; try < 10; try++) {
        arena_reset(&arena, mark);
        assert_int_equal(OK, arena_take(&arena, try % 2 ? small : large, &out));
        assert_int_equal(OK, arena_take(&arena, try % 2 ? large : small, &out));
    }
    assert_int_equal(after_first, grown);
}

/* A reset to the start, or to a mark in an older chunk. */
static void test_reset_to_older_chunks(void **state)
{
    struct arena_mark start = arena_mark(&arena), middle;
    char *a, *b, *again;

    (void)state;
    assert_int_equal(OK, arena_text(&arena, "a", 1, &a));
    middle = arena_mark(&arena);
    srand(3);
    take_pieces();
    arena_reset(&arena, middle);
    assert_int_equal(OK, arena_text(&arena, "b", 1, &b));
    assert_string_equal("a", a);
    assert_true(b == a + 16);
    arena_reset(&arena, start);
    assert_int_equal(OK, arena_text(&arena, "c", 1, &again));
    assert_string_equal("c", again);
}

/* The last byte of a chunk is used, and no byte behind it. */
static void test_chunks_to_their_end(void **state)
{
    const uint64_t rest = 15 * PAGE_BYTES; /* of a chunk of 64 KiB whose first page is begun */
    void *out;

    (void)state;
    assert_int_equal(OK, arena_take(&arena, 16, &out));
    assert_int_equal(16, grown);
    assert_int_equal(OK, arena_take(&arena, rest, &out));
    assert_int_equal(16, grown);
    assert_int_equal(OK, arena_take(&arena, 16, &out));
    assert_int_equal(32, grown);
    assert_int_equal(OK, arena_take(&arena, rest + 1, &out));
    assert_true(grown > 32);
}

static void test_arrays_and_texts(void **state)
{
    uint32_t *numbers;
    char *text;
    void *out = &out;

    (void)state;
    assert_int_equal(OK, ARENA_TAKE(&arena, 10, &numbers));
    assert_true(is_all((uint8_t *)numbers, 40, 0));
    assert_int_equal(OK, arena_text(&arena, "only this, not that", 9, &text));
    assert_string_equal("only this", text);
    assert_int_equal(OK, arena_text(&arena, "", 0, &text));
    assert_string_equal("", text);
    assert_int_equal(ERR_NO_MEMORY, arena_take_array(&arena, UINT64_MAX / 4, 8, &out));
    assert_int_equal(ERR_NO_MEMORY, arena_take(&arena, UINT64_MAX, &out));
    assert_int_equal(ERR_NO_MEMORY, arena_take(&arena, UINT64_MAX - PAGE_BYTES, &out));
    assert_int_equal(ERR_NO_MEMORY, arena_text(&arena, "", UINT64_MAX, &text));
    assert_true(out == &out);
    assert_int_equal(OK, arena_take(&arena, 0, &out));
    assert_non_null(out);
}

static void test_no_memory(void **state)
{
    void *out = NULL;
    char *text;

    (void)state;
    fake_fail_allocate(1);
    assert_int_equal(ERR_NO_MEMORY, arena_take(&arena, 100, &out));
    assert_null(out);
    assert_int_equal(OK, arena_text(&arena, "still there", 11, &text));
    fake_fail_allocate(1);
    assert_int_equal(ERR_NO_MEMORY, arena_take(&arena, MIB, &out));
    assert_string_equal("still there", text);
    assert_int_equal(OK, arena_take(&arena, 100, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_ten_tries_leak_nothing, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_reset_reuses_in_any_order, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_reset_to_older_chunks, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_chunks_to_their_end, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_arrays_and_texts, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, begin, fake_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
