/* Keyboard layouts: which files are none, and what a key becomes. */
#include "common/format/keymap.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define PLAIN "plain ^1234567890ß´qwertzuiopü+asdfghjklöä#yxcvbnm,.-<\n"
#define SHIFT "shift °!\"§$%&/()=?`QWERTZUIOPÜ*ASDFGHJKLÖÄ'YXCVBNM;:_>\n"
#define ALTGR "altgr ′¹²³¼½¬{[]}\\¸@ł€¶ŧ←↓→øþ¨~æſðđŋħŋĸł˝^’»«¢„“”µ·…–|\n"

static struct arena arena;
static struct keymap german;

static enum err parse(const char *text, uint64_t bytes, struct keymap *keymap)
{
    return keymap_parse("/loader/keymaps/de", text, bytes, &arena, keymap);
}

static int set_up(void **state)
{
    static const char text[] = "# Deutsch\r\n" PLAIN SHIFT "\n" ALTGR;

    (void)state;
    fake_begin(0);
    arena_begin(&arena, fake_firmware.allocate);
    assert_int_equal(parse(text, strlen(text), &german), OK);
    return 0;
}

static const struct {
    const char *text, *message;
} refused[] = {
    {"", "/loader/keymaps/de has no line `plain`"},
    {PLAIN SHIFT, "/loader/keymaps/de has no line `altgr`"},
    {SHIFT ALTGR, "/loader/keymaps/de has no line `plain`"},
    {PLAIN SHIFT "altgr\n", "/loader/keymaps/de:3: altgr needs 48 characters"},
    {"plain 1234\n" SHIFT ALTGR, "/loader/keymaps/de:1: plain needs 48 characters"},
    {SHIFT ALTGR "plain ^1234567890ß´qwertzuiopü+asdfghjklöä#yxcvbnm,.-<>",
     "/loader/keymaps/de:3: plain needs 48 characters"},
    {SHIFT ALTGR "plain ^1234567890ß´ qwertzuiopü+asdfghjklöä#yxcvbnm,.-<", "plain needs 48"},
    {SHIFT ALTGR "plain ^1234567890ß´\tqwertzuiopü+asdfghjklöä#yxcvbnm,.-", "plain needs 48"},
    {SHIFT ALTGR "plain ^1234567890\xdf´qwertzuiopü+asdfghjklöä#yxcvbnm,.-<", "plain needs 48"},
    {SHIFT ALTGR "plain \xc2\x85"
                 "1234567890ß´qwertzuiopü+asdfghjklöä#yxcvbnm,.-<",
     "plain needs 48"}, /* a control character of Latin-1 */
    {SHIFT ALTGR "plain \x1b"
                 "1234567890ß´qwertzuiopü+asdfghjklöä#yxcvbnm,.-<",
     "plain needs 48"},
    {PLAIN SHIFT ALTGR "\x7f\n", "/loader/keymaps/de is no text: its byte "},
    {PLAIN SHIFT "altgs x\n", "line 3 has the key altgs and not altgr"},
    {"keycode 16 = q\nkeycode 17 = w\n",
     "/loader/keymaps/de is damaged: lines that nobody knows: 2 of 2"},
};

static void test_refused(void **state)
{
    struct keymap keymap;

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++) {
        const char *text = refused[i].text;
        assert_int_equal(parse(text, strlen(text), &keymap), ERR_FORMAT);
        if (!strstr(err_message(), refused[i].message))
            fail_msg("\"%s\" does not say \"%s\"", err_message(), refused[i].message);
    }
}

static void test_cut_off(void **state)
{
    static const char text[] = PLAIN SHIFT ALTGR;
    struct keymap keymap;

    (void)state;
    for (size_t bytes = 0; bytes < strlen(text) - 1; bytes++)
        assert_int_equal(parse(text, bytes, &keymap), ERR_FORMAT);
}

static enum key apply(uint32_t key)
{
    return keymap_apply(&german, (enum key)key);
}

static void test_keys(void **state)
{
    (void)state;
    assert_int_equal(apply('z' | KEY_FROM_KEYBOARD), 'y');
    assert_int_equal(apply('Z' | KEY_FROM_KEYBOARD), 'Y');
    assert_int_equal(apply('`' | KEY_FROM_KEYBOARD), '^');
    assert_int_equal(apply('?' | KEY_FROM_KEYBOARD), '_');
    assert_int_equal(apply('\\' | KEY_FROM_KEYBOARD), '#');
    assert_int_equal(apply('-' | KEY_FROM_KEYBOARD), 0xdf);
    assert_int_equal(apply('#' | KEY_FROM_KEYBOARD), 0xa7);
    assert_int_equal(apply('q' | KEY_FROM_KEYBOARD | KEY_WITH_ALT), '@');
    assert_int_equal(apply('Q' | KEY_FROM_KEYBOARD | KEY_WITH_ALT), '@');
    assert_int_equal(apply('e' | KEY_FROM_KEYBOARD | KEY_WITH_ALT), 0x20ac);
}

/* Firmware has it as the key beside Enter, or by itself. */
static void test_key_that_us_keyboards_lack(void **state)
{
    (void)state;
    assert_int_equal(apply('\\' | KEY_FROM_KEYBOARD | KEY_102ND), '<');
    assert_int_equal(apply('<' | KEY_FROM_KEYBOARD | KEY_102ND), '<');
    assert_int_equal(apply('|' | KEY_FROM_KEYBOARD | KEY_102ND), '>');
    assert_int_equal(apply('>' | KEY_FROM_KEYBOARD | KEY_102ND), '>');
    assert_int_equal(apply('\\' | KEY_FROM_KEYBOARD | KEY_102ND | KEY_WITH_ALT), '|');
}

static void test_keys_that_stay(void **state)
{
    static const uint32_t keys[] = {KEY_NONE, 'z',         '-',    '\\',       KEY_ENTER,
                                    '\t',     KEY_UNKNOWN, KEY_UP, KEY_DELETE, 0xdf};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        assert_int_equal(apply(keys[i]), keys[i]);
    assert_int_equal(apply(' ' | KEY_FROM_KEYBOARD), ' ');
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, fake_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(refused), TEST(cut_off), TEST(keys),
                                       TEST(key_that_us_keyboards_lack), TEST(keys_that_stay)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
