/* The menu, on an 80x25 screen that knows no more than firmware.put() promises. */
#include "fake_firmware.h"
#include "fake_screen.h"
#include "common/entry/menu.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

/* ---- the user: each step looks at the screen, then presses a key ----------------------------- */

struct step {
    enum key key;
    void (*look)(void);
};

static const struct step no_steps[1];
static const struct step *next_step, *end_of_steps;
static uint64_t waited;

static enum key press(void)
{
    if (next_step == end_of_steps)
        return KEY_NONE;
    if (next_step->look)
        next_step->look();
    put_count = 0;
    return next_step++->key;
}

static void pass_time(uint32_t milliseconds)
{
    waited += milliseconds;
    assert_in_range(waited, 0, 100000);
}

/* ---- what is shown --------------------------------------------------------------------------- */

static struct firmware firmware;
static struct entry entries[120];
static char ids[120][8];
static struct boot boot;
static struct config *const config = &boot.config;
static struct entry chosen;

static int set_up(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_LENGTH(entries); i++) {
        snprintf(ids[i], sizeof ids[i], "id%u", i);
        entries[i] = (struct entry){.id = ids[i],
                                    .suffix = ".conf",
                                    .title = ids[i],
                                    .version = "",
                                    .kernel = "/kernel.elf",
                                    .kernel_key = "kernel",
                                    .options = ""};
    }
    struct facts *facts = fake_begin(0);
    firmware = fake_firmware;
    firmware.put = put;
    firmware.key = press;
    firmware.wait = pass_time;
    boot = (struct boot){.facts = facts, .firmware = &firmware};
    boot.config = (struct config){.entries = entries, .count = 3, .chosen = 1, .timeout = -1};
    arena_begin(&boot.arena, fake_firmware.allocate);
    waited = 0;
    fake_screen_begin();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_end();
    return 0;
}

#define GAVE_UP UINT32_MAX

/* The index of what was chosen. */
static uint32_t choose(const char *error, const struct step *steps, size_t count)
{
    next_step = steps;
    end_of_steps = steps + count;
    bool chose = menu_choose(&boot, error, &chosen);
    assert_ptr_equal(next_step, end_of_steps);
    if (!chose)
        return GAVE_UP;
    for (uint32_t i = 0; i < config->count; i++)
        if (strcmp(entries[i].id, chosen.id) == 0)
            return i;
    fail_msg("%s is no entry", chosen.id);
    return 0;
}
#define CHOOSE(error, ...)                                                                         \
    choose(error, (struct step[]){__VA_ARGS__}, ARRAY_LENGTH(((struct step[]){__VA_ARGS__})))

/* Exactly one entry's row is highlighted, and it is this one. */
static void assert_selected(const char *title)
{
    for (uint32_t r = 5; r <= 17; r++)
        if (strstr(cells[r] + 1, title))
            assert_true(papers[r][9] == YELLOW && papers[r][72] == YELLOW);
        else
            assert_int_equal(papers[r][20], BLACK);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void look_at_first_screen(void)
{
    uint32_t beam = find("Lintel");

    assert_int_equal(beam, 2);
    for (uint32_t c = 3; c <= 78; c++)
        assert_int_equal(papers[beam][c], WHITE);
    for (uint32_t r = 3; r <= 21; r++)
        assert_true(papers[r][5] == WHITE && papers[r][6] == WHITE && papers[r][75] == WHITE &&
                    papers[r][76] == WHITE);
    assert_shown("   1  First");
    assert_shown("*  2  id1");
    assert_shown("   3  id2");
    assert_shown("6.1.0-18");
    assert_shown("Enter: boot   1-3: boot by number");
    assert_shown("id1: kernel /kernel.elf");
    assert_shown("options quiet splash");
    assert_shown("Screen and serial line (115200 8N1) show the same menu.");
    assert_not_shown("Boots in");
    assert_not_shown("firmware setup");
    assert_selected("id1");
    assert_int_equal(row, find("2  id1"));
}

static void test_first_screen(void **state)
{
    (void)state;
    entries[0].title = "First";
    entries[0].version = "6.1.0-18";
    entries[1].options = "quiet splash";
    assert_int_equal(CHOOSE(NULL, {KEY_ENTER, look_at_first_screen}), 1);
    assert_string_equal(chosen.options, "quiet splash");
    assert_not_shown("Lintel"); /* a clean screen for what follows */
    assert_int_equal(paper, BLACK);
}

static void see_0(void)
{
    assert_selected("id0");
    assert_shown("id0: kernel");
    assert_in_range(put_count, 1, 600);
}
static void see_1(void)
{
    assert_selected("id1");
}
static void see_2(void)
{
    assert_selected("id2");
    assert_int_equal(clear_count, 1);
}

static void test_moving(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE(NULL, {KEY_UP, see_1}, {KEY_UP, see_0}, {KEY_DOWN, NULL},
                            {KEY_END, see_1}, {KEY_DOWN, see_2}, {'x', NULL}, {KEY_HOME, see_2},
                            {KEY_END, see_0}, {KEY_PAGE_UP, see_2}, {KEY_PAGE_DOWN, see_0},
                            {KEY_ENTER, see_2}),
                     2);
}

static void test_digits(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE(NULL, {'4', NULL}, {'0', NULL}, {'3', NULL}), 2);
    assert_int_equal(CHOOSE(NULL, {'1', NULL}), 0);
}

static void see_one_typed(void)
{
    assert_selected("id0");
    assert_shown("1: another digit, or Enter");
}

/* As soon as no digit can follow, and with Enter before. */
static void test_longer_numbers(void **state)
{
    (void)state;
    config->count = 115;
    assert_int_equal(CHOOSE(NULL, {'1', NULL}, {'1', see_one_typed}, {'5', NULL}), 114);
    assert_int_equal(CHOOSE(NULL, {'1', NULL}, {KEY_ENTER, see_one_typed}), 0);
    assert_int_equal(CHOOSE(NULL, {'1', NULL}, {'2', NULL}), 11);
    assert_int_equal(CHOOSE(NULL, {'9', NULL}, {'9', NULL}), 98);
    assert_int_equal(CHOOSE(NULL, {'1', NULL}, {KEY_DOWN, NULL}, {'5', NULL}, {'0', NULL}), 49);
    assert_int_equal(CHOOSE(NULL, {'1', NULL}, {'1', NULL}, {'6', NULL}, {KEY_ENTER, NULL}), 10);
    config->count = 10;
    assert_int_equal(CHOOSE(NULL, {'1', NULL}, {'0', NULL}), 9);
}

static void test_escape(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE(NULL, {KEY_ESCAPE, NULL}), GAVE_UP);
}

/* ---- time ------------------------------------------------------------------------------------ */

static void test_at_once(void **state)
{
    (void)state;
    config->timeout = 0;
    assert_int_equal(choose(NULL, no_steps, 0), 1);
    assert_int_equal(put_count, 0);
    assert_int_equal(waited, 0);
}

static void test_a_waiting_key_shows_the_hidden_menu(void **state)
{
    (void)state;
    config->timeout = 0;
    assert_int_equal(CHOOSE(NULL, {KEY_ESCAPE, NULL}, {KEY_UP, see_1}, {KEY_ENTER, see_0}), 0);
}

/* It waits a little for one that is held. */
static void test_a_key_in_the_first_moment_shows_the_hidden_menu(void **state)
{
    (void)state;
    config->timeout = 0;
    config->hidden = true;
    assert_int_equal(choose(NULL, no_steps, 0), 1);
    assert_int_equal(put_count, 0);
    assert_int_equal(waited, 100);
    assert_int_equal(CHOOSE(NULL, {KEY_NONE, NULL}, {KEY_NONE, NULL}, {' ', NULL}, {KEY_UP, see_1},
                            {KEY_ENTER, see_0}),
                     0);
}

static void see_countdown(void)
{
    assert_shown("Boots in 3 seconds. Any key stops the countdown.");
}
static void see_no_countdown(void)
{
    assert_not_shown("Boots");
    assert_not_shown("countdown");
}
static void let_time_pass(void)
{
    waited = 0;
}

static void test_countdown_runs_out(void **state)
{
    (void)state;
    config->timeout = 3;
    assert_int_equal(CHOOSE(NULL, {KEY_NONE, see_countdown}), 1);
    assert_in_range(waited, 2900, 3100);
}

static void see_last_second(void)
{
    assert_shown("Boots in 1 second. ");
}

static void test_countdown_is_shown(void **state)
{
    struct step steps[60] = {{KEY_NONE, see_countdown}}; /* 20 ms each */

    (void)state;
    config->timeout = 3;
    steps[59].look = NULL;
    choose(NULL, steps, ARRAY_LENGTH(steps));
    assert_in_range(waited, 2900, 3100);

    static struct step more[120];
    more[119].look = see_last_second;
    choose(NULL, more, ARRAY_LENGTH(more));
}

static void test_any_key_stops_the_countdown(void **state)
{
    static struct step steps[300] = {{'x', see_countdown}, {KEY_NONE, see_no_countdown}};

    (void)state;
    steps[298].look = let_time_pass;
    steps[299] = (struct step){KEY_ENTER, see_no_countdown};
    config->timeout = 3;
    assert_int_equal(choose(NULL, steps, ARRAY_LENGTH(steps)), 1);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void see_error(void)
{
    assert_int_equal(find(" Error "), 4);
    assert_int_equal(find("/kernel.elf: e_machine is 3, not 62 (x86-64): some word"), 4);
    assert_int_equal(find("that wraps, and then more?[2J"), 5);
    assert_int_equal(papers[4][9], RED);
    assert_not_shown("Boots");
    assert_int_equal(find("1  id0"), 8);
    assert_int_equal(papers[9][9], YELLOW);
}

static void test_error(void **state)
{
    (void)state;
    config->timeout = 0;
    assert_int_equal(CHOOSE("/kernel.elf: e_machine is 3, not 62 (x86-64): some word that "
                            "wraps, and then more\033[2J",
                            {KEY_ENTER, see_error}),
                     1);
}

/* The message that is shown is kept apart: what the menu does may fail as well. */
static void test_error_in_the_messages_own_place(void **state)
{
    (void)state;
    (fail)(ERR_IO, "/kernel.elf: e_machine is 3, not 62 (x86-64): some word that wraps, and then "
                   "more\033[2J");
    assert_int_equal(CHOOSE(err_message(), {'d', see_error}, {KEY_ENTER, see_error}), 1);
}

static void see_long_error(void)
{
    assert_int_equal(find("1  id0"), 14);
    assert_shown("... 6 more below");
    assert_shown("id1: kernel");
}

static void test_longest_error(void **state)
{
    char error[600];

    (void)state;
    memset(error, 'e', sizeof error);
    error[599] = '\0';
    config->count = 10;
    assert_int_equal(CHOOSE(error, {KEY_ENTER, see_long_error}), 1);
}

static void test_failed_entry_stays_selected(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE(NULL, {KEY_DOWN, see_1}, {KEY_ENTER, NULL}), 2);
    assert_int_equal(CHOOSE("no", {KEY_ENTER, NULL}), 2);
}

/* ---- long lists, strange texts --------------------------------------------------------------- */

static void see_top(void)
{
    assert_selected("id0");
    assert_shown("id12");
    assert_not_shown("above");
    assert_shown("... 27 more below");
}
static void see_bottom(void)
{
    assert_selected("id39");
    assert_shown("id27");
    assert_shown("... 27 more above");
    assert_not_shown("below");
    assert_not_shown("id26");
    assert_int_equal(clear_count, 1);
}
static void see_same_window(void)
{
    assert_selected("id38");
    assert_shown("... 27 more above");
}
static void see_second_page(void)
{
    assert_selected("id13");
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

static char long_options[5000];

static void see_end_of_long_line(void)
{
    assert_true(strncmp(&cells[20][9], "long long", 9) != 0);
    assert_int_equal(papers[20][72], RED);
    assert_shown("Options for one boot:  <");
}
static void see_begin_of_long_line(void)
{
    assert_true(strncmp(&cells[20][9], "long long", 9) == 0);
    assert_int_equal(papers[20][9], RED);
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

/* ---- other keys ------------------------------------------------------------------------------ */

static void see_no_default_here(void)
{
    assert_shown("This firmware keeps none: put `default id2` into loader.conf.");
    assert_shown("*  2");
}
static void see_no_setup(void)
{
    assert_shown("Only UEFI can be asked for its setup.");
}

static void test_what_a_bios_can_not_do(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE(NULL, {KEY_DOWN, NULL}, {'d', NULL}, {'r', see_no_default_here},
                            {KEY_ENTER, see_no_setup}),
                     2);
}

static void see_facts(void)
{
    assert_shown("The facts of this boot: lines 1 to 20 of ");
    assert_shown("Lintel 0.1.0");
    assert_shown("firmware   BIOS");
    assert_shown("Memory: 1024 KiB usable, of which the loader holds");
    assert_shown("0000000010000000 to 00000000100fffff  usable");
    assert_shown("Disks: 0");
    assert_shown("Entries: 3");
    assert_shown("id1.conf: kernel /kernel.elf");
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
    fake_map_add(256 * MIB, MIB, LINTEL_MEMORY_USABLE);
    for (int i = 0; i < 100; i++)
        note("line %d of the log\n", i);
    assert_int_equal(CHOOSE(NULL, {'i', NULL}, {KEY_DOWN, see_facts}, {KEY_UP, NULL},
                            {KEY_PAGE_DOWN, see_facts}, {KEY_END, NULL}, {KEY_HOME, see_last_facts},
                            {' ', see_facts}, {KEY_PAGE_UP, NULL}, {KEY_ESCAPE, see_facts},
                            {KEY_ENTER, see_menu_again}),
                     1);
}

static void see_all_again(void)
{
    assert_int_equal(clear_count, 2);
    look_at_first_screen();
}

static void test_showing_all_again(void **state)
{
    (void)state;
    entries[0].title = "First";
    entries[0].version = "6.1.0-18";
    entries[1].options = "quiet splash";
    assert_int_equal(CHOOSE(NULL, {'L' & 0x1f, NULL}, {KEY_ENTER, see_all_again}), 1);
}

static void test_no_memory_for_a_menu(void **state)
{
    (void)state;
    fake_fail_allocate(1);
    assert_int_equal(choose(NULL, no_steps, 0), GAVE_UP);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(first_screen),
        TEST(moving),
        TEST(digits),
        TEST(longer_numbers),
        TEST(escape),
        TEST(at_once),
        TEST(a_waiting_key_shows_the_hidden_menu),
        TEST(a_key_in_the_first_moment_shows_the_hidden_menu),
        TEST(countdown_runs_out),
        TEST(countdown_is_shown),
        TEST(any_key_stops_the_countdown),
        TEST(error),
        TEST(error_in_the_messages_own_place),
        TEST(longest_error),
        TEST(failed_entry_stays_selected),
        TEST(scrolling),
        TEST(strange_texts),
        TEST(characters_that_are_not_drawn),
        TEST(editing),
        TEST(dropping_an_edit),
        TEST(editing_a_long_line),
        TEST(options_that_are_too_long),
        TEST(what_a_bios_can_not_do),
        TEST(facts),
        TEST(showing_all_again),
        TEST(no_memory_for_a_menu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
