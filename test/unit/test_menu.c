/* The menu: what is chosen by keys, by time, and after an error. */
#include "test/unit/menu_test.h"

static const struct step no_steps[1];

/* ---- keys ------------------------------------------------------------------------------------ */

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

static void see_tries(void)
{
    assert_shown("1  First");
    assert_shown("1 try left, 2 made");
}

static void see_no_tries(void)
{
    assert_shown("(no tries left)");
    assert_shown("no tries left, 3 made");
    assert_not_shown("1 try left");
}

static void test_tries(void **state)
{
    (void)state;
    entries[0].title = "First";
    entries[0].counted = entries[1].counted = true;
    entries[0].tries_left = 1;
    entries[0].tries_done = 2;
    entries[1].tries_done = 3;
    config->count = 2;
    config->chosen = 0;
    assert_int_equal(CHOOSE(NULL, {KEY_DOWN, see_tries}, {KEY_ENTER, see_no_tries}), 1);
}

static void look_for_one_number(void)
{
    assert_shown("Enter: boot   1: boot by number");
}

static void test_one_entry(void **state)
{
    (void)state;
    config->count = 1;
    config->chosen = 0;
    assert_int_equal(CHOOSE(NULL, {KEY_ENTER, look_for_one_number}), 0);
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

static void see_wish(void)
{
    assert_shown("Enter quits; any other key does not.");
}
static void see_no_wish(void)
{
    assert_not_shown("Enter quits");
    assert_selected("id1");
}

/* Who leaves the facts with Esc twice, or holds it to see a hidden menu, does not mean to quit. */
static void test_quitting(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE(NULL, {'q', NULL}, {KEY_ENTER, see_wish}), GAVE_UP);
    assert_int_equal(CHOOSE(NULL, {'q', NULL}, {KEY_ESCAPE, see_wish}, {KEY_ENTER, see_no_wish}),
                     1);
    assert_int_equal(CHOOSE(NULL, {KEY_ESCAPE, NULL}, {KEY_ENTER, see_1}), 1);
    assert_int_equal(CHOOSE(NULL, {'q', NULL}, {KEY_UP, NULL}, {KEY_ENTER, see_0}), 0);
}

/* Caps lock may be on. */
static void test_capital_letters(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE(NULL, {'Q', NULL}, {KEY_ENTER, NULL}), GAVE_UP);
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

static void see_countdown(void)
{
    assert_shown("Boots in 3 seconds. Any key stops the countdown.");
}
static void see_no_countdown(void)
{
    assert_not_shown("Boots");
    assert_not_shown("countdown");
}

/* A key of it does no more. */
static void test_a_waiting_key_shows_the_hidden_menu(void **state)
{
    (void)state;
    config->timeout = 0;
    ahead = true;
    assert_int_equal(CHOOSE(NULL, {KEY_ESCAPE, NULL}, {KEY_UP, see_1}, {KEY_ENTER, see_0}), 0);
}

static void see_countdown_of_5(void)
{
    assert_shown("Boots in 5 seconds. Any key stops the countdown.");
}

/* A line that talks before the menu is no reason to wait for ever. */
static void test_babble_shows_the_hidden_menu_for_a_while(void **state)
{
    (void)state;
    config->timeout = 0;
    ahead = at_once = true;
    assert_int_equal(CHOOSE(NULL, {'1', NULL}, {'3', NULL}, {KEY_ENTER, NULL}, {KEY_NONE, NULL},
                            {KEY_NONE, NULL}, {KEY_NONE, NULL}, {KEY_NONE, NULL}, {KEY_NONE, NULL},
                            {KEY_NONE, NULL}, {KEY_NONE, see_countdown_of_5}),
                     1);
    assert_int_equal(CHOOSE(NULL, {KEY_ENTER, NULL}, {KEY_ENTER, NULL}), 1);
    assert_in_range(waited, 10000, 10200);
}

/* Nor is it a wish. */
static void test_what_was_there_before_the_menu_is_obeyed_nowhere(void **state)
{
    (void)state;
    ahead = true;
    assert_int_equal(CHOOSE(NULL, {'1', NULL}, {KEY_DOWN, see_1}, {KEY_ENTER, see_2}), 2);
    assert_int_equal(CHOOSE("no", {'1', NULL}, {KEY_UP, NULL}, {KEY_ENTER, see_1}), 1);
}

/* Though it stops the countdown, where it is a key. */
static void test_a_key_that_is_held_from_before(void **state)
{
    static struct step steps[302];

    (void)state;
    for (uint32_t i = 0; i < 200; i++)
        steps[i].key = '1';
    steps[299].look = see_no_countdown;
    steps[300] = (struct step){KEY_DOWN, see_1};
    steps[301] = (struct step){KEY_ENTER, see_2};
    config->timeout = 3;
    ahead = at_once = true;
    assert_int_equal(choose(NULL, steps, ARRAY_LENGTH(steps)), 2);
}

static void test_a_disabled_menu_looks_for_no_key(void **state)
{
    const struct step key = {'x', NULL};

    (void)state;
    config->timeout = 0;
    config->disabled = true;
    next_step = &key;
    end_of_steps = &key + 1;
    assert_true(show_menu(NULL));
    assert_ptr_equal(next_step, &key);
    assert_string_equal(chosen.id, "id1");
    assert_int_equal(CHOOSE("no", {KEY_ENTER, see_1}), 1); /* there after an error */
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

/* What types a character does no more than that: it may be a serial line's noise. */
static void test_a_character_only_stops_the_countdown(void **state)
{
    (void)state;
    config->timeout = 3;
    assert_int_equal(
        CHOOSE(NULL, {'1', see_countdown}, {KEY_NONE, see_no_countdown}, {'3', see_no_countdown}),
        2);
    assert_int_equal(CHOOSE(NULL, {KEY_UP, see_countdown}, {KEY_ENTER, see_no_countdown}), 1);
}

/* So many at once no person types: the countdown goes on when the line is silent. */
static void test_countdown_goes_on_after_babble(void **state)
{
    static const char babble[] = "3 1 quit edit RING";
    struct step steps[sizeof babble + 1] = {0};

    (void)state;
    at_once = true;
    config->timeout = 3;
    for (uint32_t i = 0; babble[i]; i++)
        steps[i].key = (enum key)babble[i];
    steps[sizeof babble] = (struct step){KEY_NONE, see_countdown};
    assert_int_equal(choose(NULL, steps, ARRAY_LENGTH(steps)), 1);
    assert_in_range(waited, 2900, 3100);
}

/* Nor does a line that never pauses hold the boot up. */
static void test_endless_babble(void **state)
{
    static struct step steps[12000];

    (void)state;
    at_once = true;
    config->timeout = 3;
    for (uint32_t i = 0; i < ARRAY_LENGTH(steps); i++)
        steps[i].key = 'e';
    next_step = steps;
    end_of_steps = steps + ARRAY_LENGTH(steps);
    assert_true(show_menu(NULL));
    assert_string_equal(chosen.id, "id1");
    assert_in_range(waited, 2900, 3100);
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
    assert_int_equal(
        CHOOSE(err_message(), {'d', see_error}, {KEY_ENTER, see_error}, {KEY_ENTER, see_error}), 1);
}

static void see_long_error(void)
{
    assert_int_equal(find("1  id0"), 14);
    assert_shown("... 7 more below");
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
    assert_int_equal(CHOOSE(NULL, {KEY_DOWN, NULL}, {'d', NULL}, {KEY_ENTER, NULL},
                            {'r', see_no_default_here}, {KEY_ENTER, NULL},
                            {KEY_ENTER, see_no_setup}),
                     2);
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
    assert_int_equal(menu_begin(&machine, &volumes, config, &interface, &menu), ERR_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_screen),
        TEST(tries),
        TEST(one_entry),
        TEST(moving),
        TEST(digits),
        TEST(longer_numbers),
        TEST(quitting),
        TEST(capital_letters),
        TEST(at_once),
        TEST(a_waiting_key_shows_the_hidden_menu),
        TEST(babble_shows_the_hidden_menu_for_a_while),
        TEST(what_was_there_before_the_menu_is_obeyed_nowhere),
        TEST(a_key_that_is_held_from_before),
        TEST(a_disabled_menu_looks_for_no_key),
        TEST(a_key_in_the_first_moment_shows_the_hidden_menu),
        TEST(countdown_runs_out),
        TEST(countdown_is_shown),
        TEST(any_key_stops_the_countdown),
        TEST(a_character_only_stops_the_countdown),
        TEST(countdown_goes_on_after_babble),
        TEST(endless_babble),
        TEST(error),
        TEST(error_in_the_messages_own_place),
        TEST(longest_error),
        TEST(failed_entry_stays_selected),
        TEST(what_a_bios_can_not_do),
        TEST(showing_all_again),
        TEST(no_memory_for_a_menu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
