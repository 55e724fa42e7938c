/* The buffer that a kernel's information is built in: what a builder wrote on a buffer that counts
 * fits wholly into a place of that size. */
#include "common/attempt/buffer.h"
#include "common/lib/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ROUNDS     3000
#define ITEMS      24
#define ITEM_BYTES 3000
#define PLACE      (64 * PAGE_BYTES)
#define BASE       UINT64_C(0xffff800000000000)
#define POISON     0xa5

static uint8_t place[PLACE] __attribute__((aligned(4096)));
static struct arena arena;

static void *granted[16];
static size_t granted_count;

static enum err grow(uint64_t pages, uint64_t *physical)
{
    if (pages > PLACE / PAGE_BYTES)
        return (fail)(ERR_NO_MEMORY, "no %lu pages", pages); /* cmocka has a macro of that name */
    void *memory = aligned_alloc(PAGE_BYTES, pages * PAGE_BYTES);
    assert_in_range(granted_count, 0, ARRAY_LENGTH(granted) - 1);
    granted[granted_count++] = memory;
    *physical = (uintptr_t)memory;
    return OK;
}

static int begin(void **state)
{
    (void)state;
    memset(place, POISON, sizeof place);
    arena_begin(&arena, grow);
    return 0;
}

static int end(void **state)
{
    (void)state;
    while (granted_count)
        free(granted[--granted_count]);
    return 0;
}

/* ---- a builder like any other ---------------------------------------------------------------- */

struct item {
    enum { TAKE, TAKE_ALIGNED, COPY, COPY_TEXT, KINDS } kind;
    uint64_t bytes, alignment;
};

static struct item items[ITEMS];
static const uint8_t *seen[ITEMS]; /* what the kernel is told */
static char text[ITEM_BYTES + 1];

static void choose_items(void)
{
    for (int i = 0; i < ITEMS; i++)
        items[i] = (struct item){.kind = (unsigned)rand() % KINDS,
                                 .bytes = rand() % 4 ? (uint64_t)rand() % 100
                                                     : (uint64_t)rand() % ITEM_BYTES,
                                 .alignment = UINT64_C(1) << rand() % 13};
}

static enum err build_item(struct buffer *buffer, const struct item *item, const uint8_t **told)
{
    const void *copy = NULL;
    void *taken = NULL;

    switch (item->kind) {
    case TAKE:
        TRY(buffer_take(buffer, item->bytes, &taken));
        break;
    case TAKE_ALIGNED:
        TRY(buffer_take_aligned(buffer, item->bytes, item->alignment, &taken));
        break;
    case COPY:
        TRY(buffer_copy(buffer, text, item->bytes, &copy));
        break;
    default:
        TRY(buffer_copy_text(buffer, text + ITEM_BYTES - item->bytes, (const char **)&copy));
    }
    *told = copy ? copy : buffer_virtual(buffer, taken);
    return OK;
}

static enum err build(struct buffer *buffer)
{
    for (int i = 0; i < ITEMS; i++)
        TRY(build_item(buffer, &items[i], &seen[i]));
    return OK;
}

static uint64_t count(void)
{
    struct arena_mark mark = arena_mark(&arena);
    struct buffer buffer = buffer_counting(&arena);

    assert_true(buffer_counts(&buffer));
    assert_int_equal(OK, build(&buffer));
    arena_reset(&arena, mark);
    return buffer.next;
}

static const uint8_t *behind(const uint8_t *told)
{
    return at_physical((uintptr_t)told - BASE);
}

/* Zeros where it was only taken, the reader's bytes where it was copied. */
static void check_item(const struct item *item, const uint8_t *at)
{
    static const uint8_t zeros[ITEM_BYTES];
    uint64_t alignment = item->kind == TAKE_ALIGNED ? item->alignment : 16;
    const char *from = item->kind == COPY ? text : text + ITEM_BYTES - item->bytes;

    assert_int_equal(0, (uintptr_t)at % alignment);
    if (item->kind == COPY || item->kind == COPY_TEXT)
        assert_memory_equal(from, at, item->bytes + (item->kind == COPY_TEXT));
    else
        assert_memory_equal(zeros, at, item->bytes);
}

/* In order, and apart. */
static void check_items(uint64_t bytes)
{
    const uint8_t *next = place;

    for (int i = 0; i < ITEMS; i++) {
        const uint8_t *at = behind(seen[i]);
        assert_true(at >= next);
        check_item(&items[i], at);
        next = at + items[i].bytes + (items[i].kind == COPY_TEXT);
    }
    assert_ptr_equal(place + bytes, next);
    for (uint64_t i = bytes; i < bytes + 64; i++)
        assert_int_equal(POISON, place[i]);
}

static void test_what_was_counted_fits(void **state)
{
    (void)state;
    srand(1);
    memset(text, 't', ITEM_BYTES);
    for (int round = 0; round < ROUNDS; round++) {
        choose_items();
        uint64_t bytes = count();
        struct buffer buffer = buffer_at((uintptr_t)place, bytes, BASE);
        memset(place, POISON, bytes + 64);
        assert_false(buffer_counts(&buffer));
        assert_int_equal(OK, build(&buffer));
        assert_int_equal((uintptr_t)place + bytes, buffer.next);
        check_items(bytes);
    }
}

static void test_a_byte_less_does_not_fit(void **state)
{
    (void)state;
    srand(2);
    memset(text, 't', ITEM_BYTES);
    for (int round = 0; round < ROUNDS; round++) {
        choose_items();
        items[ITEMS - 1].bytes += 1; /* so that it ends the buffer */
        uint64_t bytes = count();
        struct buffer buffer = buffer_at((uintptr_t)place, bytes - 1, BASE);
        assert_int_equal(ERR_BUG, build(&buffer));
        assert_non_null(strstr(err_message(), "outgrows its place by 1 bytes"));
        assert_true(buffer.next <= buffer.end);
    }
}

/* ---- counting -------------------------------------------------------------------------------- */

/* What a kernel will be told may not be there yet. */
static void test_counting_reads_nothing(void **state)
{
    struct buffer buffer = buffer_counting(&arena);
    const void *nowhere = at_physical(16), *copy;
    (void)state;
    assert_int_equal(OK, buffer_copy(&buffer, nowhere, 100, &copy));
    assert_int_equal(100, buffer.next);
    assert_int_equal(OK, buffer_copy(&buffer, nowhere, 1, &copy));
    assert_int_equal(112 + 1, buffer.next);
}

/* A builder fills what it has taken, and reads it again. */
static void test_counting_gives_memory(void **state)
{
    struct buffer buffer = buffer_counting(&arena);
    uint8_t *taken[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(OK, buffer_take(&buffer, 3 * PAGE_BYTES, (void **)&taken[i]));
        assert_int_equal(0, taken[i][0] | taken[i][3 * PAGE_BYTES - 1]);
        memset(taken[i], i + 1, 3 * PAGE_BYTES);
        assert_ptr_equal(taken[i], buffer_virtual(&buffer, taken[i]));
    }
    assert_int_equal(1, taken[0][3 * PAGE_BYTES - 1]);
}

static void test_empty_items(void **state)
{
    struct buffer buffer = buffer_at((uintptr_t)place, 0, BASE);
    const void *copy;
    void *taken;
    (void)state;
    assert_int_equal(OK, buffer_take(&buffer, 0, &taken));
    assert_int_equal(OK, buffer_copy(&buffer, NULL, 0, &copy));
    assert_int_equal(BASE + (uintptr_t)place, (uintptr_t)copy);
    assert_int_equal(ERR_BUG, buffer_take(&buffer, 1, &taken));
    assert_int_equal(POISON, place[0]);
}

static void test_more_than_there_is(void **state)
{
    struct buffer buffer = buffer_counting(&arena);
    void *taken;
    (void)state;
    assert_int_equal(ERR_NO_MEMORY, buffer_take(&buffer, UINT64_MAX - PAGE_BYTES, &taken));
    buffer = buffer_at((uintptr_t)place, PLACE, BASE);
    assert_int_equal(ERR_BUG, buffer_take(&buffer, UINT64_MAX, &taken));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_counted_fits),
        TEST(test_a_byte_less_does_not_fit),
        TEST(test_counting_reads_nothing),
        TEST(test_counting_gives_memory),
        TEST(test_empty_items),
        TEST(test_more_than_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
