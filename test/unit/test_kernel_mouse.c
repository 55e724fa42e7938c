/* What a PS/2 mouse reports, byte by byte. */
#include "kernel/console/mouse.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

struct expected {
    int x, y, wheel, buttons; /* buttons: left 1, right 2, middle 4 */
};

static void check_reports(bool wheel, const uint8_t *bytes, size_t count,
                          const struct expected *expected, size_t reports)
{
    struct mouse_state state = {.wheel = wheel};
    struct mouse_report report;
    size_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        if (!mouse_decode(&state, bytes[i], &report))
            continue;
        assert_true(seen < reports);
        assert_int_equal(report.x, expected[seen].x);
        assert_int_equal(report.y, expected[seen].y);
        assert_int_equal(report.wheel, expected[seen].wheel);
        assert_int_equal(report.left | report.right << 1 | report.middle << 2,
                         expected[seen].buttons);
        seen++;
    }
    assert_int_equal(seen, reports);
}
#define CHECK(wheel, bytes, ...)                                                                   \
    check_reports(wheel, (const uint8_t *)(bytes), sizeof(bytes) - 1,                              \
                  (const struct expected[]){__VA_ARGS__},                                          \
                  sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected))

/* The mouse's y grows upwards, the screen's downwards. */
static void test_movement(void **state)
{
    (void)state;
    CHECK(false, "\x08\x05\x03", {5, -3, 0, 0});
    CHECK(false, "\x18\xfb\x00", {-5, 0, 0, 0});
    CHECK(false, "\x28\x00\xfe", {0, 2, 0, 0});
    CHECK(false, "\x38\x01\x01", {-255, 255, 0, 0});
    CHECK(false, "\x08\xff\xff", {255, -255, 0, 0});
}

static void test_buttons(void **state)
{
    (void)state;
    CHECK(false, "\x09\0\0\x0a\0\0\x0c\0\0\x08\0\0", {0, 0, 0, 1}, {0, 0, 0, 2}, {0, 0, 0, 4},
          {0, 0, 0, 0});
}

static void test_wheel(void **state)
{
    (void)state;
    CHECK(true, "\x08\0\0\x01\x08\0\0\xff\x09\x02\0\0", {0, 0, 1, 0}, {0, 0, -1, 0}, {2, 0, 0, 1});
}

/* What has overflown is anything: the pointer stays, the buttons count. */
static void test_overflow(void **state)
{
    (void)state;
    CHECK(false, "\x49\x7f\x02", {0, -2, 0, 1});
    CHECK(false, "\x8a\x02\x7f", {2, 0, 0, 2});
}

/* A lost byte costs what can't be told from a report, never more than two of them. */
static void test_finds_the_start_again(void **state)
{
    (void)state;
    CHECK(false, "\x01\x02\x08\x05\x03", {5, -3, 0, 0});
    CHECK(false, "\x08\x05" /* lost */ "\x08\x01\x00\x08\x02\x00", {5, -8, 0, 0}, {2, 0, 0, 0});
    CHECK(true, "\x00\xf7\x08\x01\x00\x00", {1, 0, 0, 0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_movement),
        cmocka_unit_test(test_buttons),
        cmocka_unit_test(test_wheel),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_finds_the_start_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
