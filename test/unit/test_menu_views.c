/* What the menu shows: long lists, strange texts, the editor, the facts. */
#include "test/unit/menu_test.h"

/* ---- long lists, strange texts --------------------------------------------------------------- */

static void see_top(void)
{
    assert_selected("id0");
    assert_shown("id11");
    assert_not_shown("above");
    assert_shown("... 28 more below");
    assert_int_equal(find("more below"), find("id0: kernel") - 2); /* an empty row between */
}
static void see_bottom(void)
{
    assert_selected("id39");
    assert_shown("id28");
    assert_shown("... 28 more above");
    assert_not_shown("below");
    assert_not_shown("id27");
    assert_int_equal(clear_count, 1);
}
static void see_same_window(void)
{
    assert_selected("id38");
    assert_shown("... 28 more above");
}
static void see_second_page(void)
{
    assert_selected("id12");
    assert_shown("... 1 more above");
}

static void test_scrolling(void **state)
{
    (void)state;
    config->count = 40;
    config->chosen = 20;
    assert_int_equal(CHOOSE(NULL, {KEY_HOME, NULL}, {KEY_END, see_top}, {KEY_UP, see_bottom},
                            {KEY_HOME, see_same_window}, {KEY_PAGE_DOWN, see_top},
                            {KEY_PAGE_UP, see_second_page}, {KEY_ENTER, see_top}),
                     0);
}

static void see_strange_texts(void)
{
    assert_shown("1  ?[2JZ~rich ~");
    assert_shown("(can't boot)");
    assert_shown("id0 uses the key `efi`");
    assert_shown("long long lon...  9.9.99.9.99.9.99.9.99... ");
    assert_int_equal(papers[find("(can't boot)")][72], YELLOW);
    assert_non_null(strstr(stream, "Z\xc3\xbcrich \xf0\x9f\x98\x80\033["));
}

static void test_strange_texts(void **state)
{
    static char title[1000], version[1000];

    (void)state;
    for (size_t i = 0; i + 6 < sizeof title; i += 5) {
        memcpy(title + i, "long ", 6);
        memcpy(version + i, "9.9.9", 6);
    }
    entries[0].title = "\033[2JZ\xc3\xbcrich \xf0\x9f\x98\x80";
    entries[0].problem = "uses the key `efi`, which Lintel does not support";
    entries[1].title = title;
    entries[1].version = version;
    entries[1].id = title;
    config->chosen = 0;
    assert_int_equal(CHOOSE(NULL, {KEY_DOWN, see_strange_texts}, {KEY_ENTER, NULL}), 1);
}

static void see_who_is_who(void)
{
    assert_int_equal(find("1  Debian"), find("     1-of-a-machine-id-with-0 "));
    assert_int_equal(find("2  Debian"), find(" 12 "));
    assert_int_equal(find("3  Debian"), find("id2 "));
    assert_shown("... 2 not for this machine: i tells why");
}

/* Entries that look alike show their ids (UAPI.1, `title`). */
static void test_equal_titles(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        entries[i].title = "Debian";
    entries[0].id = "00000000000000000000000000000001-of-a-machine-id-with-0";
    entries[1].version = "12";
    config->hidden_count = 2;
    assert_int_equal(CHOOSE(NULL, {KEY_ENTER, see_who_is_who}), 1);
}

static void see_wide_title(void)
{
    assert_shown("~~~ and ? ?? ?x");
}

/* No part of a title may steer the terminal or leave its cell: C1, bidirectional marks, combining
 * and private characters, broken UTF-8. */
static void test_characters_that_are_not_drawn(void **state)
{
    (void)state;
    entries[1].title = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e and \xc2\x9b \xe2\x80\xae\xcc\x81 "
                       "\xee\x80\x80x";
    assert_int_equal(CHOOSE(NULL, {KEY_ENTER, see_wide_title}), 1);
}

/* ---- the editor ------------------------------------------------------------------------------ */

static void see_editor(void)
{
    uint32_t r = find("quiet splash");

    assert_int_equal(r, 20);
    assert_shown("Options for one boot:");
    assert_shown("Enter: boot with these options, once   Esc: drop them");
    assert_not_shown("firmware setup");
    assert_int_equal(papers[r][9 + 12], RED); /* the cursor */
    assert_true(row == r && column == 9 + 12);
}
static void see_first_cursor(void)
{
    assert_int_equal(papers[20][9], RED);
}
static void see_edited(void)
{
    assert_shown("xuiet splah");
}

static void test_editing(void **state)
{
    (void)state;
    entries[1].options = "quiet splash";
    assert_int_equal(CHOOSE(NULL, {'e', NULL}, {KEY_LEFT, see_editor}, {KEY_BACKSPACE, NULL},
                            {KEY_HOME, NULL}, {KEY_DELETE, see_first_cursor}, {'x', NULL},
                            {KEY_ENTER, see_edited}),
                     1);
    assert_string_equal(chosen.options, "xuiet splah");
    assert_string_equal(entries[1].options, "quiet splash"); /* once */
}

static void see_old_options(void)
{
    assert_shown("options quiet splash");
}

static void test_dropping_an_edit(void **state)
{
    (void)state;
    entries[1].options = "quiet splash";
    assert_int_equal(
        CHOOSE(NULL, {'e', NULL}, {'y', NULL}, {KEY_ESCAPE, NULL}, {KEY_ENTER, see_old_options}),
        1);
    assert_string_equal(chosen.options, "quiet splash");
}

static void see_sharp_s(void)
{
    assert_shown("quiet ~-");
}

/* A serial line's characters are what they are. */
static void test_keymap(void **state)
{
    static struct keymap keymap; /* with only one key that types */
    static const char *const plain = "`1234567890-", *const minus = "-";

    (void)state;
    keymap.characters[KEYMAP_PLAIN][strchr(plain, *minus) - plain] = 0xdf;
    keymap.characters[KEYMAP_PLAIN][15] = 'e'; /* where a US keyboard has it */
    config->keymap = &keymap;
    entries[1].options = "quiet ";
    assert_int_equal(CHOOSE(NULL, {(enum key)('e' | KEY_FROM_KEYBOARD), NULL},
                            {(enum key)('-' | KEY_FROM_KEYBOARD), NULL}, {'-', NULL},
                            {KEY_ENTER, see_sharp_s}),
                     1);
    assert_string_equal(chosen.options, "quiet \xc3\x9f-");
}

static void see_us_keyboard(void)
{
    assert_shown("No keymap (i tells why): keys are those of a US keyboard.");
}

static void test_keymap_that_is_none(void **state)
{
    (void)state;
    config->keymap_doubt = "why";
    assert_int_equal(CHOOSE(NULL, {KEY_NONE, NULL}, {KEY_ENTER, see_us_keyboard}), 1);
}

static char long_options[5000];

static void see_end_of_long_line(void)
{
    assert_true(strncmp(&cells[20][9], "long long", 9) != 0);
    assert_int_equal(papers[20][9 + 32 + 4090 % 32], RED);
    assert_shown("Options for one boot:  < ");
    assert_not_shown(">");
}
static void see_begin_of_long_line(void)
{
    assert_true(strncmp(&cells[20][9], "long long", 9) == 0);
    assert_int_equal(papers[20][9], RED);
    assert_shown("Options for one boot:  > ");
}
static void see_cursor_at_the_edge(void)
{
    assert_int_equal(papers[20][72], RED);
    assert_shown("Options for one boot:  > ");
}
static void see_cursor_in_the_middle(void)
{
    assert_int_equal(papers[20][9 + 32], RED);
    assert_shown("Options for one boot:  <  > ");
}

static void test_moving_in_a_long_line(void **state)
{
    static struct step steps[68] = {{'e', NULL}, {KEY_HOME, NULL}};

    (void)state;
    for (size_t i = 2; i < 66; i++)
        steps[i].key = KEY_RIGHT;
    steps[65].look = see_cursor_at_the_edge;
    steps[66] = (struct step){KEY_LEFT, see_cursor_in_the_middle};
    steps[67] = (struct step){KEY_ENTER, see_cursor_at_the_edge};
    for (size_t i = 0; i < 4090; i += 5)
        memcpy(long_options + i, "long ", 6);
    entries[1].options = long_options;
    assert_int_equal(choose(NULL, steps, ARRAY_LENGTH(steps)), 1);
}

static void test_editing_a_long_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4090; i += 5)
        memcpy(long_options + i, "long ", 6);
    entries[1].options = long_options;
    assert_int_equal(CHOOSE(NULL, {'e', NULL}, {KEY_HOME, see_end_of_long_line},
                            {KEY_END, see_begin_of_long_line}, {'1', NULL}, {'2', NULL},
                            {'3', NULL}, {'4', NULL}, {'5', NULL}, {'6', NULL}, {KEY_ENTER, NULL}),
                     1);
    assert_int_equal(strlen(chosen.options), MENU_OPTIONS_BYTES - 1);
}

static void see_own_options(void)
{
    assert_shown("options from the image");
}

static void see_wide_numbers(void)
{
    assert_shown("*1105  id1");
    for (uint32_t r = 5; r <= 16; r++)
        assert_true(papers[r][75] == WHITE && papers[r][73] == BLACK); /* the post stands */
}

/* Numbers have room where there are thousands of entries. */
static void test_thousands_of_entries(void **state)
{
    static struct entry many[1200];

    (void)state;
    for (uint32_t i = 0; i < ARRAY_LENGTH(many); i++) {
        many[i] = entries[1];
        many[i].title =
            "id1, and more than there is room for in a row of this width, whatever it is";
    }
    config->entries = many;
    config->count = ARRAY_LENGTH(many);
    config->chosen = 1104;
    assert_int_equal(CHOOSE(NULL, {KEY_ENTER, see_wide_numbers}), 1);
    config->entries = entries;
}

/* What a unified kernel image brings along is edited, but not given to it as it stands. */
static void test_own_options(void **state)
{
    (void)state;
    entries[1].own_options = "from the image";
    assert_int_equal(CHOOSE(NULL, {'e', see_own_options}, {KEY_ENTER, NULL}), 1);
    assert_string_equal(chosen.options, "");
    assert_int_equal(CHOOSE(NULL, {'e', NULL}, {'s', NULL}, {KEY_ENTER, NULL}), 1);
    assert_string_equal(chosen.options, "from the images");
    entries[1].options = "of the entry";
    assert_int_equal(CHOOSE(NULL, {'e', NULL}, {KEY_BACKSPACE, NULL}, {KEY_ENTER, NULL}), 1);
    assert_string_equal(chosen.options, "of the entr");
}

static void see_opened(void)
{
    assert_shown("Options for one boot:");
}
static void see_echo(void)
{
    assert_shown("The serial line echoes or babbles. When it is silent: e again.");
}

/* What it sends would be options. */
static void test_no_editor_while_the_line_babbles(void **state)
{
    struct step steps[90] = {{'R', NULL}, {'I', NULL}, {'N', NULL}, {'G', NULL}};

    (void)state;
    steps[60].key = 'e';
    steps[75] = (struct step){'e', see_echo};
    steps[89] = (struct step){KEY_ENTER, see_opened};
    entries[1].options = "quiet splash";
    at_once = true;
    assert_int_equal(choose(NULL, steps, ARRAY_LENGTH(steps)), 1);
    assert_string_equal(chosen.options, "quiet splash");
}

static void see_no_editor(void)
{
    assert_shown("Options stay as they are: `editor no`, or loader.conf can't be read.");
    assert_not_shown("e: edit");
}

static void test_no_editor(void **state)
{
    (void)state;
    config->editor = false;
    assert_int_equal(CHOOSE(NULL, {'e', NULL}, {KEY_ENTER, see_no_editor}), 1);
}

static void see_refusal(void)
{
    assert_shown("Options of more than 4095 bytes can't be edited.");
}

static void test_options_that_are_too_long(void **state)
{
    (void)state;
    memset(long_options, 'o', 4096);
    long_options[4096] = 0;
    entries[1].options = long_options;
    assert_int_equal(CHOOSE(NULL, {'e', NULL}, {KEY_ENTER, see_refusal}), 1);
    assert_ptr_equal(chosen.options, long_options);
}

/* ---- the facts --------------------------------------------------------------------------------
 */

static void see_facts(void)
{
    assert_shown("The facts of this boot: lines 1 to 20 of ");
    assert_shown("Lintel 0.1.0");
    assert_shown("firmware   BIOS");
    assert_shown("Memory: 1024 KiB usable, of which the loader holds");
    assert_shown("0000000010000000 to 00000000100fffff  usable");
    assert_shown("Disks: 0");
    assert_shown("Entries: 4, of which 1 hidden");
    assert_shown("id1.conf: kernel /kernel.elf");
    assert_shown("id3.conf: hidden: it is for UEFI");
}
static void see_last_facts(void)
{
    assert_shown("line 99 of the log");
}
static void see_menu_again(void)
{
    assert_selected("id1");
    assert_shown("Enter: boot");
}

static void test_facts(void **state)
{
    (void)state;
    config->hidden_count = 1;
    entries[3].problem = "is for UEFI";
    fake_map_add(256 * MIB, MIB, LINTEL_MEMORY_USABLE);
    for (int i = 0; i < 100; i++)
        note("line %d of the log\n", i);
    assert_int_equal(CHOOSE(NULL, {'i', NULL}, {KEY_DOWN, see_facts}, {KEY_UP, NULL},
                            {KEY_PAGE_DOWN, see_facts}, {KEY_END, NULL}, {KEY_HOME, see_last_facts},
                            {' ', see_facts}, {KEY_PAGE_UP, NULL}, {KEY_ESCAPE, see_facts},
                            {KEY_ENTER, see_menu_again}),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(scrolling),
        TEST(strange_texts),
        TEST(equal_titles),
        TEST(characters_that_are_not_drawn),
        TEST(editing),
        TEST(dropping_an_edit),
        TEST(editing_a_long_line),
        TEST(moving_in_a_long_line),
        TEST(options_that_are_too_long),
        TEST(thousands_of_entries),
        TEST(own_options),
        TEST(no_editor_while_the_line_babbles),
        TEST(no_editor),
        TEST(keymap),
        TEST(keymap_that_is_none),
        TEST(facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
