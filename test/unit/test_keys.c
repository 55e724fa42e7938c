/* A line that sends back what it is sent, or talks, and a person who types on it. */
#include "common/lib/mem.h"
#include "common/menu/keys.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define PAUSE  '\1' /* stands for 60 ms without a byte */
#define MOMENT '\2' /* for 10 ms */
#define SECOND "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
#define NOISE  '\3' /* for what is no key */
#define UP     '\4'

static const char *line;
static uint32_t silence, waited;
static struct keys keys;

static enum key key(bool marked)
{
    (void)marked;
    if (silence || !*line)
        return KEY_NONE;
    switch (*line) {
    case PAUSE:
    case MOMENT:
        silence = *line++ == PAUSE ? 60 : 10;
        return KEY_NONE;
    case NOISE:
        line++;
        return KEY_UNKNOWN;
    case UP:
        line++;
        return KEY_UP;
    default:
        return (enum key) * line++;
    }
}

static void pass_time(uint32_t milliseconds)
{
    waited += milliseconds;
    silence -= MIN(silence, milliseconds);
}

static const struct firmware firmware = {.key = key, .wait = pass_time};

static enum waiting begin(const char *waiting, uint32_t looks)
{
    silence = waited = 0;
    line = waiting;
    return keys_begin(&keys, &firmware, NULL, looks);
}

/* All wishes, until nothing more comes. */
static void assert_keys_now(const char *text, const char *wishes)
{
    char got[100] = "";
    size_t length = 0;

    line = text;
    silence = 0;
    for (uint32_t looks = 0; looks < 60 || *line; looks++) {
        enum key key = keys_next(&keys);
        if (key != KEY_NONE)
            got[length++] = key == KEY_UP ? UP : (char)key;
        pass_time(KEYS_LOOK_MILLISECONDS);
    }
    got[length] = 0;
    assert_string_equal(got, wishes);
}

static void assert_keys(const char *text, const char *wishes)
{
    assert_int_equal(begin("", 0), NOTHING);
    assert_keys_now(text, wishes);
}

static void a_person_loses_no_key(void **state)
{
    (void)state;
    assert_keys("q\1\r\0011\1\r\1e\1 \1\033\1\f\1", "q\r1\re \033\f");
    assert_keys("\4\4\4\r", "\4\4\4\r");
    assert_false(keys.babbled);
}

static void a_single_key_is_there_soon(void **state)
{
    (void)state;
    begin("", 0);
    line = "1";
    assert_int_equal(keys_next(&keys), '1');
    assert_in_range(waited, 0, 60);
    waited = 0;
    line = "\4";
    assert_int_equal(keys_next(&keys), KEY_UP);
    assert_int_equal(waited, 0);
}

static void what_scripts_send_at_once(void **state)
{
    (void)state;
    assert_keys("12\r", "12\r");
    assert_keys("12", "12");
    assert_keys("1\2\2\2\2"
                "2\r",
                "12\r");
    assert_keys("12345\r", "12345\r");
    assert_keys("q\r", "q\r");
    assert_keys("D\r", "D\r");
    assert_keys("r\r\1q\1\r", "r\rq\r");
}

static void babble_is_no_wish(void **state)
{
    static const char *const babble[] = {
        "\r\nRING\r\n", "login: ", "\r\r", "1 ",  "\r1", "12\r\r", "e\r",        "q\2\2\2\rx",
        "\3\r",         "\r\3",    "\3",   "x\4", "1\4", "qd\r",   "11111111\r", "Boots in 1",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(babble); i++) {
        assert_keys(babble[i], "");
        assert_true(keys.babbled);
    }
}

/* Nor is what comes with it, however it is cut. */
static void until_it_is_silent(void **state)
{
    (void)state;
    assert_keys("login: \1\1\1\r\1\1\0011\1\1\1\1\1\1q\1\r", "");
    assert_keys("login: " SECOND "q\r", "q\r");
    assert_keys("RING\1\4\1\r", "");
}

/* Each byte's next may come late. */
static void an_echo_that_is_cut_anywhere(void **state)
{
    static const char screen[] =
        "Lintel on BIOS\r\n\3\3        Lintel  \3  1  debian   q: quit\3 1-2: "
        "boot by number \r\n\3";
    char cut[sizeof screen + 1];

    (void)state;
    for (size_t at = 2; at < sizeof screen - 1; at++) {
        memcpy(cut, screen, at);
        cut[at] = PAUSE;
        memcpy(cut + at + 1, screen + at, sizeof screen - at);
        assert_keys(cut, "");
        assert_int_equal(begin(cut, 0), BABBLE);
        assert_keys_now(line, "");
    }
}

static void a_line_that_never_pauses(void **state)
{
    static char endless[5000];

    (void)state;
    memset(endless, '1', sizeof endless - 1);
    assert_keys(endless, "");
    assert_int_equal(begin(endless, 0), A_KEY);
}

static void what_was_there_before_the_menu(void **state)
{
    (void)state;
    assert_int_equal(begin("", 5), NOTHING);
    assert_int_equal(waited, 100);
    assert_int_equal(begin("\1 ", 5), A_KEY);
    assert_int_equal(begin("1", 0), A_KEY);
    assert_keys_now("2", "2"); /* soon after */
    assert_int_equal(begin("    ", 0), A_KEY);
    assert_keys_now("    ", "");
    assert_int_equal(begin("\4\4", 0), A_KEY);
    assert_int_equal(begin("\r", 0), BABBLE);
    assert_keys_now("\r", "");
    assert_int_equal(begin("q\r", 0), BABBLE);
    assert_int_equal(begin("\3", 0), BABBLE);
}

static void in_a_line_of_text_each_is_a_key(void **state)
{
    static const char text[] = " root=/dev/sda1 1\r";

    (void)state;
    begin("", 0);
    line = text;
    for (const char *c = text; *c; c++)
        assert_int_equal(keys_wait_typed(&keys), *c);
    line = "login: " SECOND "\1\1q";
    assert_int_equal(keys_wait(&keys), 'q');
}

static void the_rest_of_a_burst_is_dropped(void **state)
{
    (void)state;
    begin("", 0);
    line = "12\r";
    assert_int_equal(keys_next(&keys), '1');
    keys_forget(&keys);
    assert_int_equal(keys_next(&keys), KEY_NONE);
    assert_false(keys.babbled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_loses_no_key),
        cmocka_unit_test(a_single_key_is_there_soon),
        cmocka_unit_test(what_scripts_send_at_once),
        cmocka_unit_test(babble_is_no_wish),
        cmocka_unit_test(until_it_is_silent),
        cmocka_unit_test(an_echo_that_is_cut_anywhere),
        cmocka_unit_test(a_line_that_never_pauses),
        cmocka_unit_test(what_was_there_before_the_menu),
        cmocka_unit_test(in_a_line_of_text_each_is_a_key),
        cmocka_unit_test(the_rest_of_a_burst_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
