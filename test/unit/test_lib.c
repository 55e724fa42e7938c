/* common/lib, compared with the C library where it has the same function. */
#include "common/format/crc32.h"
#include "common/lib/err.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/reader.h"
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SAME_TEXT(...)                                                                             \
    do {                                                                                           \
        char ours[200], theirs[200];                                                               \
        size_t length = fmt(ours, sizeof ours, __VA_ARGS__);                                       \
        assert_int_equal(length, snprintf(theirs, sizeof theirs, __VA_ARGS__));                    \
        assert_string_equal(ours, theirs);                                                         \
    } while (0)

static void formats_as_the_standard_says(void **state)
{
    (void)state;
    const char *none = "";
    SAME_TEXT("plain");
    SAME_TEXT("%s|%10s|%-10s|%.2s|%*s", "text", "right", "left", "cut", 6, "star");
    SAME_TEXT("%s", none);
    SAME_TEXT("%c%c%%", 'a', 'b');
    SAME_TEXT("%d %d %d %i", 0, INT_MIN, INT_MAX, -7);
    SAME_TEXT("%ld %lu %llx %zu", LONG_MIN, ULONG_MAX, 0x123456789abcdefULL, sizeof(int));
    SAME_TEXT("%u %x %X %08x %-8x| %5d|%-5d|%05d", 42u, 0xbeefu, 0xbeefu, 0x12u, 0x12u, -3, -3, -3);
    SAME_TEXT("%.3d %.3x %8.3d", 5, 5u, 5);
    SAME_TEXT("%016lx", 0xffffffff80000000UL);
}

static void cuts_text_at_its_room(void **state)
{
    (void)state;
    char text[5] = "....";
    assert_int_equal(fmt(text, sizeof text, "%s", "longer than room"), 16);
    assert_string_equal(text, "long");
    assert_int_equal(fmt(text, 1, "%d", 12), 2);
    assert_string_equal(text, "");
    text[0] = 'x';
    assert_int_equal(fmt(text, 0, "ab"), 2);
    assert_int_equal(text[0], 'x');
}

#define ASSERT_SHOWN(expected, ...)                                                                \
    do {                                                                                           \
        char text[100];                                                                            \
        assert_int_equal(fmt_shown(text, sizeof text, __VA_ARGS__), strlen(expected));             \
        assert_string_equal(text, expected);                                                       \
    } while (0)

/* What is put in comes from anywhere; the format is our own. */
static void cleans_what_is_shown(void **state)
{
    static const char cut[] = {'a', '\xe2', '\x82'}; /* the euro sign goes on behind its end */

    (void)state;
    ASSERT_SHOWN("\033[K\r ?[2J??\n", "\033[K\r %s\n", "\033[2J\n\a");
    ASSERT_SHOWN("Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbd", "%s",
                 "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80 \xef\xbf\xbd");
    ASSERT_SHOWN("???|?? ~|??.", "%s|%s ~|%s.", "\x9b\x7f\x1f", "\xc2\x9b", "\xe2\xa1");
    ASSERT_SHOWN("a??|  a?", "%.*s|%4.2s", 3, cut, cut);
    ASSERT_SHOWN("?b?", "%c%c%c", '\r', 'b', '\x80');
    SAME_TEXT("%s%c", "\033[2J", '\a'); /* who makes text for a program keeps all of it */
}

static char heard[64];

static void hear(char c)
{
    size_t length = strlen(heard);

    if (length + 1 < sizeof heard)
        heard[length] = c;
}

static void says_no_control_characters(void **state)
{
    static char log[LOG_BYTES + 1];

    (void)state;
    log_attach(hear);
    say("%s: %d\n", "/\033[2J\r\n", 1);
    note("%s\n", "\x9b"
                 "31m");
    (fail)(ERR_IO, "no %s", "\033c");
    log_attach(NULL);
    assert_string_equal(heard, "/?[2J??: 1\n");
    log_copy(log, sizeof log);
    assert_non_null(strstr(log, "/?[2J??: 1\n?31m\n"));
    assert_string_equal(err_message(), "no ?c");
}

static void moves_overlapping_bytes(void **state)
{
    (void)state;
    for (int from = 0; from < 40; from++) {
        for (int to = 0; to < 40; to++) {
            uint8_t ours[64], theirs[64];
            for (int i = 0; i < 64; i++)
                ours[i] = theirs[i] = (uint8_t)rand();
            uint8_t copy[24];
            memcpy(copy, theirs + from, sizeof copy);
            memcpy(theirs + to, copy, sizeof copy);
            memmove(ours + to, ours + from, sizeof copy);
            assert_memory_equal(ours, theirs, sizeof ours);
        }
    }
}

static void sets_every_length(void **state)
{
    (void)state;
    for (size_t length = 0; length < 40; length++) {
        uint8_t bytes[48] = {0};
        memset(bytes + 3, 0xa7, length);
        for (size_t i = 0; i < sizeof bytes; i++)
            assert_int_equal(bytes[i], i >= 3 && i < 3 + length ? 0xa7 : 0);
    }
}

static void aligns_without_wrapping(void **state)
{
    (void)state;
    assert_int_equal(align_up(1, 4096), 4096);
    assert_int_equal(align_up(4096, 4096), 4096);
    assert_int_equal(align_up(UINT64_MAX, 4096), UINT64_MAX - 4095);
    assert_int_equal(align_up(UINT64_MAX - 4095, 4096), UINT64_MAX - 4095);
    assert_int_equal(pages_of(0), 0);
    assert_int_equal(pages_of(1), 1);
    assert_int_equal(pages_of(UINT64_MAX), UINT64_MAX / 4096 + 1);
}

static void sums_as_zlib_does(void **state)
{
    (void)state;
    assert_int_equal(crc32(0, "123456789", 9), 0xcbf43926);
    assert_int_equal(crc32(crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
    assert_int_equal(crc32(0, "", 0), 0);
}

static void quotes_the_last_error_in_the_next(void **state)
{
    (void)state;
    assert_int_equal((fail)(ERR_IO, "drive %x", 0x80), ERR_IO);
    assert_int_equal((fail)(ERR_FORMAT, "entry: %s", err_message()), ERR_FORMAT);
    assert_string_equal(err_message(), "entry: drive 80");
    assert_int_equal(bug("impossible"), ERR_BUG);
    assert_non_null(strstr(err_message(), "bug in Lintel"));
}

static void log_keeps_the_newest(void **state)
{
    (void)state;
    static char text[LOG_BYTES + 1];
    for (int i = 0; i < 3000; i++)
        note("line %d\n", i);
    assert_int_equal(log_copy(text, sizeof text), LOG_BYTES);
    assert_int_equal(strlen(text), LOG_BYTES);
    assert_string_equal(text + LOG_BYTES - 10, "line 2999\n");
    assert_int_equal(log_copy(text, 6), 5);
    assert_string_equal(text, "2999\n");
}

static char shown[100];

static void show(char c)
{
    shown[strlen(shown)] = c;
}

static void log_shows_what_is_said(void **state)
{
    (void)state;
    log_attach(show);
    say("said %d\n", 1);
    note("noted\n");
    log_attach(NULL);
    say("unseen\n");
    assert_string_equal(shown, "said 1\n");
}

static void source_checks_its_bounds(void **state)
{
    (void)state;
    struct reader reader = reader_from_memory("thing", "abcdef", 6);
    char to[8] = "";
    assert_int_equal(reader_read(&reader, 2, 4, to), OK);
    assert_memory_equal(to, "cdef", 4);
    assert_int_equal(reader_read(&reader, 6, 0, to), OK);
    assert_int_equal(reader_read(&reader, 3, 4, to), ERR_FORMAT);
    assert_non_null(strstr(err_message(), "wants 4 bytes at offset 3"));
    assert_int_equal(reader_read(&reader, 6, 1, to), ERR_FORMAT);
    assert_non_null(strstr(err_message(), "wants 1 byte at offset 6"));
    assert_int_equal(reader_read(&reader, UINT64_MAX, 2, to), ERR_FORMAT);
    assert_int_equal(reader_read(&reader, 2, UINT64_MAX, to), ERR_FORMAT);
    assert_non_null(strstr(err_message(), "thing"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_as_the_standard_says),
        cmocka_unit_test(cleans_what_is_shown),
        cmocka_unit_test(says_no_control_characters),
        cmocka_unit_test(cuts_text_at_its_room),
        cmocka_unit_test(moves_overlapping_bytes),
        cmocka_unit_test(sets_every_length),
        cmocka_unit_test(aligns_without_wrapping),
        cmocka_unit_test(sums_as_zlib_does),
        cmocka_unit_test(quotes_the_last_error_in_the_next),
        cmocka_unit_test(log_keeps_the_newest),
        cmocka_unit_test(log_shows_what_is_said),
        cmocka_unit_test(source_checks_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
