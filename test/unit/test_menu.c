/* The menu, on an 80x25 screen that knows no more than firmware.put() promises. */
#include "fake_screen.h"
#include "common/entry/entry.h"
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

static const struct firmware firmware = {.put = put, .key = press, .wait = pass_time};

/* ---- what is shown --------------------------------------------------------------------------- */

static struct entry entries[40];
static char ids[40][8];
static struct config config;

static int set_up(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ARRAY_LENGTH(entries); i++) {
        snprintf(ids[i], sizeof ids[i], "id%u", i);
        entries[i] = (struct entry){.id = ids[i],
                                    .title = ids[i],
                                    .version = "",
                                    .kernel = "/kernel.elf",
                                    .kernel_key = "kernel"};
    }
    config = (struct config){.entries = entries, .count = 3, .chosen = 1, .timeout = -1};
    waited = 0;
    screen_begin();
    return 0;
}

static uint32_t choose(const char *error, const struct step *steps, size_t count)
{
    next_step = steps;
    end_of_steps = steps + count;
    uint32_t choice = menu_choose(&config, error, &firmware);
    assert_ptr_equal(next_step, end_of_steps);
    return choice;
}
#define CHOOSE(error, ...)                                                                         \
    choose(error, (struct step[]){__VA_ARGS__}, ARRAY_LENGTH(((struct step[]){__VA_ARGS__})))

/* Exactly one entry's row is highlighted, and it is this one. */
static void assert_selected(const char *title)
{
    for (uint32_t r = 5; r <= 18; r++)
        if (strstr(cells[r] + 1, title))
            assert_true(reversed[r][10] && reversed[r][71]);
        else
            assert_false(reversed[r][20]);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void look_at_first_screen(void)
{
    uint32_t beam = find("Lintel");

    assert_int_equal(beam, 2);
    for (uint32_t c = 3; c <= 78; c++)
        assert_true(reversed[beam][c]);
    for (uint32_t r = 3; r <= 22; r++)
        assert_true(reversed[r][5] && reversed[r][6] && reversed[r][75] && reversed[r][76]);
    assert_shown("1  First");
    assert_shown("2  id1");
    assert_shown("3  id2");
    assert_shown("6.1.0-18");
    assert_shown("Enter: boot");
    assert_shown("id1: kernel /kernel.elf");
    assert_int_equal(find("Boots in"), 0);
    assert_selected("id1");
    assert_int_equal(row, find("2  id1"));
}

static void test_first_screen(void **state)
{
    (void)state;
    entries[0].title = "First";
    entries[0].version = "6.1.0-18";
    assert_int_equal(CHOOSE(NULL, {KEY_ENTER, look_at_first_screen}), 1);
    assert_int_equal(find("Lintel"), 0); /* a clean screen for what follows */
    assert_false(reverse);
}

static void see_0(void)
{
    assert_selected("id0");
    assert_shown("id0: kernel");
    assert_in_range(put_count, 1, 500);
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
                            {KEY_END, see_0}, {KEY_ENTER, see_2}),
                     2);
}

static void test_digits(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE(NULL, {'4', NULL}, {'0', NULL}, {'3', NULL}), 2);
    assert_int_equal(CHOOSE(NULL, {'1', NULL}), 0);
}

static void test_escape(void **state)
{
    (void)state;
    assert_int_equal(CHOOSE(NULL, {KEY_ESCAPE, NULL}), 3);
}

static void test_at_once(void **state)
{
    (void)state;
    config.timeout = 0;
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
    assert_int_equal(find("Boots"), 0);
    assert_int_equal(find("countdown"), 0);
}
static void let_time_pass(void)
{
    waited = 0;
}

static void test_countdown_runs_out(void **state)
{
    (void)state;
    config.timeout = 3;
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
    config.timeout = 3;
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
    config.timeout = 3;
    assert_int_equal(choose(NULL, steps, ARRAY_LENGTH(steps)), 1);
}

static void see_error(void)
{
    assert_int_equal(find("Error"), 4);
    assert_int_equal(find("/kernel.elf: e_machine is 3, not 62 (x86-64): some"), 4);
    assert_int_equal(find("word that wraps, and then more?[2J"), 5);
    assert_int_equal(find("Boots"), 0);
    assert_int_equal(find("1  id0"), 8);
    assert_true(reversed[9][10]);
}

static void test_error(void **state)
{
    (void)state;
    config.timeout = 0;
    assert_int_equal(CHOOSE("/kernel.elf: e_machine is 3, not 62 (x86-64): some word that "
                            "wraps, and then more\033[2J",
                            {KEY_ENTER, see_error}),
                     1);
}

static void see_long_error(void)
{
    assert_int_equal(find("1  id0"), 14);
    assert_shown("... 5 more below");
    assert_shown("id1: kernel");
}

static void test_longest_error(void **state)
{
    char error[600];

    (void)state;
    memset(error, 'e', sizeof error);
    error[599] = '\0';
    config.count = 10;
    assert_int_equal(CHOOSE(error, {KEY_ENTER, see_long_error}), 1);
}

static void see_top(void)
{
    assert_selected("id0");
    assert_shown("id13");
    assert_int_equal(find("above"), 0);
    assert_shown("... 26 more below");
}
static void see_bottom(void)
{
    assert_selected("id39");
    assert_shown("id26");
    assert_shown("... 26 more above");
    assert_int_equal(find("below"), 0);
    assert_int_equal(find("id25"), 0);
    assert_int_equal(clear_count, 1);
}
static void see_same_window(void)
{
    assert_selected("id38");
    assert_shown("... 26 more above");
}

static void test_scrolling(void **state)
{
    (void)state;
    config.count = ARRAY_LENGTH(entries);
    config.chosen = 20;
    assert_int_equal(CHOOSE(NULL, {KEY_HOME, NULL}, {KEY_END, see_top}, {KEY_UP, see_bottom},
                            {KEY_ENTER, see_same_window}),
                     38);
}

static void see_strange_texts(void)
{
    assert_shown("1  ?[2JZ?rich ?");
    assert_shown("(can't boot)");
    assert_shown("id0 uses the key `efi`");
    assert_shown("long long lon...  9.9.99.9.99.9.99.9.99.9. ");
    assert_true(reversed[find("(can't boot)")][71]);
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
    config.chosen = 0;
    assert_int_equal(CHOOSE(NULL, {KEY_DOWN, see_strange_texts}, {KEY_ENTER, NULL}), 1);
}

static void test_nothing_to_choose(void **state)
{
    (void)state;
    config.count = config.chosen = 0;
    assert_int_equal(choose("no entries", no_steps, 0), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(test_##name, set_up)
    const struct CMUnitTest tests[] = {
        TEST(first_screen),
        TEST(moving),
        TEST(digits),
        TEST(escape),
        TEST(at_once),
        TEST(countdown_runs_out),
        TEST(countdown_is_shown),
        TEST(any_key_stops_the_countdown),
        TEST(error),
        TEST(longest_error),
        TEST(scrolling),
        TEST(strange_texts),
        TEST(nothing_to_choose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
