/* What a terminal obeys, and what its keys send. */
#include "common/lib/mem.h"
#include "common/lib/terminal.h"
#include "common/lib/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct terminal terminal;
static uint32_t silence; /* milliseconds before each byte of a key but its first */

static int begin(void **state)
{
    (void)state;
    terminal = (struct terminal){.attribute = TERMINAL_PLAIN};
    silence = 0;
    return 0;
}

/* Only the last byte gives an order. */
static enum terminal_order read(const char *bytes)
{
    for (; bytes[1]; bytes++)
        assert_int_equal(terminal_read(&terminal, *bytes), TERMINAL_WAIT);
    return terminal_read(&terminal, *bytes);
}

static void assert_character(const char *bytes, uint32_t character)
{
    assert_int_equal(read(bytes), TERMINAL_CHARACTER);
    assert_int_equal(terminal.character, character);
}

static void reads_characters(void **state)
{
    (void)state;
    assert_character("a", 'a');
    assert_character("\n", '\n');
    assert_character("\xc3\xbc", 0xfc);
    assert_character("\xe2\x82\xac", 0x20ac);
    assert_character("\xf0\x9f\x98\x80", 0x1f600);
    assert_character("\x9b", UTF8_REPLACEMENT);
    read("\xe2\x82"); /* cut short */
    assert_character("b", 'b');
}

static void reads_moves(void **state)
{
    (void)state;
    assert_int_equal(read("\033[12;34H"), TERMINAL_MOVE);
    assert_true(terminal.row == 12 && terminal.column == 34);
    assert_int_equal(read("\033[H"), TERMINAL_MOVE);
    assert_true(terminal.row == 1 && terminal.column == 1);
    assert_int_equal(read("\033[99999999999999;0H"), TERMINAL_MOVE);
    assert_true(terminal.row < 10000 && terminal.column == 1);
    assert_int_equal(read("\033[2J"), TERMINAL_ERASE);
    assert_int_equal(read("\033[0J"), TERMINAL_WAIT);
    assert_int_equal(read("\033[K"), TERMINAL_ERASE_REST);
    assert_int_equal(read("\033[?25l"), TERMINAL_WAIT); /* not promised */
}

static void assert_colour(const char *bytes, uint8_t attribute)
{
    assert_int_equal(read(bytes), TERMINAL_COLOUR);
    assert_int_equal(terminal.attribute, attribute);
}

static void reads_colours(void **state)
{
    (void)state;
    assert_colour("\033[0;1;37;41m", 0x4f);
    assert_colour("\033[0;30;43m", 0x60);
    assert_colour("\033[34m", 0x61);
    assert_colour("\033[m", 0x07);
    assert_colour("\033[0;30;47m", 0x70);
    assert_colour("\033[0;36m", 0x03);
    assert_colour("\033[1;1;1;1;1;1;33m", 0x0b); /* too many: the first four count */
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const char *line;
static uint32_t silent_for, waited;

static bool get(char *c)
{
    if (!*line || silent_for < silence)
        return false;
    *c = *line++;
    silent_for = 0;
    return true;
}

static void wait(uint32_t milliseconds)
{
    silent_for += milliseconds;
    waited += milliseconds;
}

static enum key key_of(const char *bytes)
{
    line = bytes + 1;
    silent_for = waited = 0;
    return terminal_key(bytes[0], get, wait);
}

static void knows_the_keys_of_terminals(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum key key;
    } cases[] = {
        {"a", 'a'},
        {"\r", KEY_ENTER},
        {"\n", KEY_ENTER},
        {"\b", KEY_BACKSPACE},
        {"\x7f", KEY_BACKSPACE},
        {"\033", KEY_ESCAPE},
        {"\033[A", KEY_UP},
        {"\033OB", KEY_DOWN},
        {"\033[C", KEY_RIGHT},
        {"\033[D", KEY_LEFT},
        {"\033[1;5C", KEY_RIGHT},
        {"\033[1;5H", KEY_HOME},
        {"\033[1;1H", KEY_UNKNOWN}, /* as a menu comes back */
        {"\033[24;9H", KEY_UNKNOWN},
        {"\033[24;\033[A", KEY_UP},
        {"\033[H", KEY_HOME},
        {"\033[1~", KEY_HOME},
        {"\033[7~", KEY_HOME},
        {"\033OF", KEY_END},
        {"\033[4~", KEY_END},
        {"\033[8~", KEY_END},
        {"\033[5~", KEY_PAGE_UP},
        {"\033[6~", KEY_PAGE_DOWN},
        {"\033[6;2~", KEY_PAGE_DOWN},
        {"\033[3~", KEY_DELETE},
        {"\033[~", KEY_UNKNOWN},
        {"\033[2~", KEY_UNKNOWN},
        {"\033[200~", KEY_UNKNOWN},
        {"\033[", KEY_UNKNOWN},
        {"\033x", KEY_UNKNOWN},
        {"\xc3", KEY_UNKNOWN},
    };

    for (silence = 0; silence <= 100; silence += 10)
        for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
            enum key key = key_of(cases[i].bytes);
            if (key != cases[i].key || *line)
                fail_msg("case %zu, after %u ms of silence, is key %x, and leaves \"%s\"", i,
                         silence, key, line);
        }
}

/* What comes later than a line needs is another key. */
static void tells_escape_from_a_sequence(void **state)
{
    (void)state;
    silence = 200;
    assert_int_equal(key_of("\033[A"), KEY_ESCAPE);
    assert_string_equal(line, "[A");
    assert_in_range(waited, 50, 150);
}

/* Noise ends after a few bytes. */
static void gives_up_endless_sequences(void **state)
{
    (void)state;
    static char endless[1000];

    memset(endless, '1', sizeof endless - 1);
    memcpy(endless, "\033[", 2);
    assert_int_equal(key_of(endless), KEY_UNKNOWN);
    assert_in_range(line - endless, 3, 30);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_characters),
        TEST(reads_moves),
        TEST(reads_colours),
        TEST(knows_the_keys_of_terminals),
        TEST(tells_escape_from_a_sequence),
        TEST(gives_up_endless_sequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
