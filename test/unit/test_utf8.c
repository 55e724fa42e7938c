/* UTF-8 to UTF-16: every character there and back, and what is none. */
#include "common/lib/mem.h"
#include "common/lib/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static bool is_surrogate(uint32_t character)
{
    return character >= 0xd800 && character < 0xe000;
}

static void test_every_character(void **state)
{
    (void)state;
    for (uint32_t character = 1; character <= 0x10ffff; character++) {
        char text[5] = "", back[8];
        uint16_t units[5];
        *utf8_put(text, character) = 0;
        uint64_t length = utf8_to_utf16(text, units);
        assert_int_equal(units[length], 0);
        if (is_surrogate(character)) {
            assert_int_equal(length, 3); /* one for each byte */
            assert_int_equal(units[0], UTF8_REPLACEMENT);
            continue;
        }
        assert_int_equal(length, character > 0xffff ? 2 : 1);
        utf8_from_utf16(units, (uint32_t)length, back);
        assert_string_equal(back, text);
    }
}

static const struct {
    const char *text;
    uint16_t units[6];
} wrong[] = {
    {"", {0}},
    {"a\x80z", {'a', UTF8_REPLACEMENT, 'z'}},
    {"\xc3", {UTF8_REPLACEMENT}},
    {"\xe2\x82", {UTF8_REPLACEMENT, UTF8_REPLACEMENT}},
    {"\xc3z", {UTF8_REPLACEMENT, 'z'}},
    {"\xc0\x80", {UTF8_REPLACEMENT, UTF8_REPLACEMENT}},                       /* overlong */
    {"\xe0\x9f\xbf", {UTF8_REPLACEMENT, UTF8_REPLACEMENT, UTF8_REPLACEMENT}}, /* the same */
    {"\xf4\x90\x80\x80",
     {UTF8_REPLACEMENT, UTF8_REPLACEMENT, UTF8_REPLACEMENT, UTF8_REPLACEMENT}}, /* over 10FFFFh */
    {"\xff\xfe", {UTF8_REPLACEMENT, UTF8_REPLACEMENT}},
};

static void test_no_characters(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        uint16_t units[8];
        uint64_t length = utf8_to_utf16(wrong[i].text, units);
        assert_true(length <= strlen(wrong[i].text));
        assert_memory_equal(units, wrong[i].units, (length + 1) * sizeof *units);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_no_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
