/* The progress bar, with a clock whose seconds are single ticks, or longer than a test. */
#include "common/lib/mem.h"
#include "common/lib/progress.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char shown[4096];

static void put(char c)
{
    size_t length = strlen(shown);

    assert_true(length + 1 < sizeof shown);
    shown[length] = c;
}

static uint64_t tick(void)
{
    static uint64_t ticks;

    return ticks++;
}

static int clear(void **state)
{
    (void)state;
    memset(shown, 0, sizeof shown);
    return 0;
}

static void shows_how_much_is_there(void **state)
{
    (void)state;
    progress_attach(put, tick, 1);
    progress_begin("/initrd", 240 * MIB);
    progress_update(0);
    progress_update(95 * MIB);
    progress_update(240 * MIB);
    progress_end();
    assert_string_equal(shown, "\r/initrd [------------------------] 0 of 240 MiB\033[K"
                               "\r/initrd [#########---------------] 95 of 240 MiB\033[K"
                               "\r/initrd [########################] 240 of 240 MiB\033[K\n");
}

static void is_silent_within_a_second(void **state)
{
    (void)state;
    progress_attach(put, tick, UINT64_C(1) << 60);
    progress_begin("/initrd", 100);
    progress_update(50);
    progress_update(100);
    progress_end();
    assert_string_equal(shown, "");
}

static void is_silent_without_a_clock(void **state)
{
    (void)state;
    progress_attach(put, tick, 0);
    progress_begin("/initrd", 100);
    progress_update(100);
    progress_end();
    assert_string_equal(shown, "");
}

/* Sizes that a damaged volume may tell, and a file that grew. */
static void stands_any_number(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 1, 23, 24, 25, UINT64_MAX - 1, UINT64_MAX};
    char name[201];

    memset(name, 'n', 200);
    name[200] = 0;
    progress_attach(put, tick, 1);
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
        for (size_t k = 0; k < ARRAY_LENGTH(numbers); k++) {
            clear(NULL);
            progress_begin(name, numbers[i]);
            progress_update(numbers[k]);
            progress_end();
            const char *bar = strchr(shown, '[');
            assert_non_null(bar);
            assert_int_equal(strspn(bar + 1, "#-"), 24);
            assert_true(bar - shown <= 33);
        }
}

static void cuts_no_character_in_two(void **state)
{
    char name[40] = "";

    (void)state;
    for (int i = 0; i < 17; i++)
        strcat(name, "\xc3\xa9");
    strcat(name, "x");
    progress_attach(put, tick, 1);
    progress_begin(name, 1);
    progress_update(0);
    assert_int_equal((uint8_t)shown[1], 0xc3);
    progress_end();
}

#define TEST(name) cmocka_unit_test_setup(name, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shows_how_much_is_there),   TEST(is_silent_within_a_second),
        TEST(is_silent_without_a_clock), TEST(stands_any_number),
        TEST(cuts_no_character_in_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
