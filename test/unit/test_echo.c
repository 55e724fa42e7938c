/* A line that sends back what it is sent, whole or in parts, and a person who types on it. */
#include "common/lib/echo.h"
#include "common/lib/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char line[20000]; /* what comes from it */
static size_t line_bytes, line_read;
static bool echoes;
static uint32_t loses; /* each byte of so many; 0: none */
static uint64_t waited;

static void type(const char *text)
{
    memcpy(line + line_bytes, text, strlen(text));
    line_bytes += strlen(text);
}

static void put(char c)
{
    if (echoes && !(loses && rand() % (int)loses == 0) && c >= ' ') /* else part of a sequence */
        line[line_bytes++] = c;
}

static enum key key(void)
{
    return line_read < line_bytes ? (enum key)line[line_read++] : KEY_NONE;
}

static void pass_time(uint32_t milliseconds)
{
    waited += milliseconds;
}

static int begin(void **state)
{
    (void)state;
    line_bytes = line_read = 0;
    echoes = false;
    loses = 0;
    waited = 0;
    srand(1);
    echo_attach(put, key, pass_time);
    return 0;
}

static void send(const char *text)
{
    while (*text)
        echo_put(*text++);
}

#define SCREEN "        Lintel        \n*  1  debian   q: quit   1-2: boot by number "

/* All keys until the line is silent for long. */
static void assert_keys(const char *keys)
{
    char got[sizeof line] = "";
    size_t length = 0;

    for (uint32_t silent = 0; silent < 60; silent++) {
        enum key key = echo_key();
        if (key != KEY_NONE) {
            got[length++] = (char)key;
            silent = 0;
        } else if (line_read < line_bytes) {
            silent = 0;
        }
    }
    got[length] = 0;
    assert_string_equal(got, keys);
}

static void a_quiet_line_loses_no_key(void **state)
{
    (void)state;
    send(SCREEN);
    type("q1quitdebian\r");
    type("        "); /* a key that is held */
    assert_keys("q1quitdebian\r        ");
    assert_false(echo_heard());
    assert_in_range(waited, 0, 200);
}

static void what_was_sent_is_no_key(void **state)
{
    (void)state;
    echoes = true;
    for (int i = 0; i < 5; i++) {
        send(SCREEN);
        send("\033[0m\033[2J\033[1;1H");
        line_bytes -= strlen("[0m[2J[1;1H"); /* terminal_key() makes nothing of them */
        assert_keys("");
        assert_true(echo_heard());
    }
    type("q\r"); /* a person */
    assert_keys("q\r");
}

static void nor_where_parts_are_lost(void **state)
{
    (void)state;
    echoes = true;
    send(SCREEN);
    assert_keys("");
    for (loses = 3; loses < 30; loses++) {
        send(SCREEN);
        assert_keys("");
        type("q\r");
        assert_keys("q\r");
    }
}

/* Who pastes what stands on the screen loses it once. */
static void a_line_that_falls_silent_has_no_echo(void **state)
{
    (void)state;
    send(SCREEN);
    type("boot by n");
    assert_keys("");
    assert_true(echo_heard());
    send(SCREEN);
    assert_keys("");
    assert_false(echo_heard());
    type("boot");
    assert_keys("boot");
}

/* More than is remembered. */
static void a_long_text(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++)
        send(SCREEN);
    echoes = true;
    for (int i = 0; i < 50; i++)
        send(SCREEN);
    assert_keys("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_quiet_line_loses_no_key, begin),
        cmocka_unit_test_setup(what_was_sent_is_no_key, begin),
        cmocka_unit_test_setup(nor_where_parts_are_lost, begin),
        cmocka_unit_test_setup(a_line_that_falls_silent_has_no_echo, begin),
        cmocka_unit_test_setup(a_long_text, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
