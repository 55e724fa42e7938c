/* Reads that bring all, a part and nothing of what was asked for. */
#include "common/lib/mem.h"
#include "common/storage/disk/marks.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define PIECE 512u
#define BYTES (4 * PIECE + 100) /* the last piece is shorter */

/* Bytes of the whole pieces among the first `come`. */
static uint64_t whole(uint64_t come)
{
    return come == BYTES ? BYTES : align_down(come, PIECE);
}

static void test_each_length(void **state)
{
    static uint8_t buffer[BYTES + 1];

    (void)state;
    for (uint64_t come = 0; come <= BYTES; come++) {
        if (whole(come) != whole(MIN(come + 7, BYTES)))
            continue; /* a mark that is half gone */
        buffer[BYTES] = 0x5a;
        uint64_t mark = marks_place(buffer, BYTES, PIECE);
        memset(buffer, 0, come);
        assert_int_equal(marks_count(buffer, BYTES, PIECE, mark), whole(come));
        assert_int_equal(buffer[BYTES], 0x5a);
    }
}

/* A piece that is missing between others ends the count. */
static void test_hole(void **state)
{
    static uint8_t buffer[BYTES];
    uint64_t mark = marks_place(buffer, BYTES, PIECE);

    (void)state;
    memset(buffer, 0, PIECE);
    memset(buffer + 2 * PIECE, 0, BYTES - 2 * PIECE);
    assert_int_equal(marks_count(buffer, BYTES, PIECE, mark), PIECE);
}

static void test_nothing_asked(void **state)
{
    uint8_t none[1] = {0x5a};

    (void)state;
    assert_int_equal(marks_count(none, 0, PIECE, marks_place(none, 0, PIECE)), 0);
    assert_int_equal(none[0], 0x5a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_length),
        cmocka_unit_test(test_hole),
        cmocka_unit_test(test_nothing_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
