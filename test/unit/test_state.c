/* The state pair: what is written is read, and what is damaged, torn or another's does no harm. */
#include "common/lib/mem.h"
#include "common/storage/state.h"
#include "common/storage/state_variable.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SEQUENCE_AT 0x0c
#define RECORDS_AT  0x10

static uint8_t pair[2][STATE_BYTES];
static struct state state;

static int begin(void **context)
{
    (void)context;
    memset(pair, 0, sizeof pair);
    assert_int_equal(state_read(pair, &state), OK);
    return 0;
}

static void set(enum state_id id, const char *text)
{
    assert_int_equal(state_set(&state, id, text, (uint32_t)strlen(text)), OK);
}

/* As the loader does. */
static void write_state(void)
{
    uint8_t sector[STATE_BYTES];

    assert_int_equal(state_write(&state, pair, sector), OK);
    memcpy(pair[state.next], sector, sizeof sector);
    assert_int_equal(state_read(pair, &state), OK);
}

static void assert_value(enum state_id id, const char *text)
{
    uint32_t bytes;
    const uint8_t *value = state_get(&state, id, &bytes);

    if (!text) {
        assert_null(value);
        return;
    }
    assert_non_null(value);
    assert_int_equal(bytes, strlen(text));
    assert_memory_equal(value, text, bytes);
}

/* ---- the pair -------------------------------------------------------------------------------- */

static void zeros_are_a_state_never_begun(void **context)
{
    (void)context;
    assert_int_equal(state.sequence, 0);
    assert_value(STATE_DEFAULT, NULL);
}

static void has_the_bytes_of_the_layout(void **context)
{
    static const uint8_t head[] = {'L', 'N', 'T', 'S', 'T', 'A', 'T', 'E'},
                         rest[] = {1, 0, 0, 0, STATE_TIMEOUT, 1, '5', STATE_DEFAULT, 2, 'a', 'b'};

    (void)context;
    set(STATE_TIMEOUT, "5");
    set(STATE_DEFAULT, "ab");
    uint32_t place = state.next;
    write_state();
    assert_memory_equal(pair[place], head, sizeof head);
    assert_int_equal(load32(pair[place] + 8), 0x6a1e82f4); /* as Python's zlib counts it */
    assert_memory_equal(pair[place] + SEQUENCE_AT, rest, sizeof rest);
    for (uint32_t i = SEQUENCE_AT + sizeof rest; i < STATE_BYTES; i++)
        assert_int_equal(pair[place][i], 0);
}

static void the_sectors_take_turns(void **context)
{
    (void)context;
    for (uint32_t i = 1; i < 10; i++) {
        uint32_t place = state.next;
        char text[2] = {(char)('0' + i)};
        set(STATE_DEFAULT, text);
        write_state();
        assert_int_equal(state.sequence, i);
        assert_int_not_equal(state.next, place);
        assert_value(STATE_DEFAULT, text);
    }
}

/* Power is cut while a sector is written: it has the new bytes up to there, or from there on. */
static void a_torn_sector_leaves_the_older_state(void **context)
{
    (void)context;
    set(STATE_DEFAULT, "first");
    for (uint32_t round = 0; round < 3; round++) {
        uint8_t old[STATE_BYTES], sector[STATE_BYTES];
        struct state changed = state, found;
        assert_int_equal(state_set(&changed, STATE_DEFAULT, "second", 6), OK);
        assert_int_equal(state_write(&changed, pair, sector), OK);
        memcpy(old, pair[state.next], sizeof old);
        for (uint32_t torn = 1; torn < 2 * STATE_BYTES; torn++) {
            uint32_t at = torn % STATE_BYTES;
            memcpy(pair[state.next], torn < STATE_BYTES ? sector : old, at);
            memcpy(pair[state.next] + at, (torn < STATE_BYTES ? old : sector) + at,
                   STATE_BYTES - at);
            assert_int_equal(state_read(pair, &found), OK);
            bool is_new = memcmp(pair[state.next], sector, STATE_BYTES) == 0;
            assert_int_equal(found.sequence, state.sequence + is_new);
            if (!is_new)
                assert_int_equal(found.next, state.next);
        }
        memcpy(pair[state.next], old, sizeof old);
        write_state();
    }
}

static void a_torn_sector_is_written_anew(void **context)
{
    (void)context;
    for (uint32_t round = 0; round < 4; round++) {
        memcpy(pair[state.next], "LNTSTATE, and what came then", 28);
        assert_int_equal(state_read(pair, &state), OK);
        set(STATE_DEFAULT, "whole");
        write_state();
        assert_int_equal(state.sequence, round + 1);
        assert_value(STATE_DEFAULT, "whole");
    }
}

static void any_damage_is_seen(void **context)
{
    (void)context;
    set(STATE_DEFAULT, "old");
    write_state();
    set(STATE_DEFAULT, "new");
    uint32_t newest = state.next;
    write_state();
    for (uint32_t bit = 0; bit < 8 * STATE_BYTES; bit++) {
        pair[newest][bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(state_read(pair, &state), OK);
        assert_int_equal(state.sequence, 1);
        assert_value(STATE_DEFAULT, "old");
        pair[newest][bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    pair[0][RECORDS_AT]++;
    pair[1][RECORDS_AT]++;
    assert_int_equal(state_read(pair, &state), ERR_FORMAT);
}

static void what_is_not_ours_is_not_written_to(void **context)
{
    uint8_t sector[STATE_BYTES];

    (void)context;
    set(STATE_DEFAULT, "ours");
    write_state();
    for (uint32_t byte = 0; byte < STATE_BYTES; byte++) {
        memset(pair[state.next], 0, STATE_BYTES);
        pair[state.next][byte] = 1;
        assert_int_equal(state_read(pair, &state), OK);
        assert_value(STATE_DEFAULT, "ours");
        assert_int_equal(state_write(&state, pair, sector), ERR_FORMAT);
    }
}

static void the_sequence_wraps_around(void **context)
{
    (void)context;
    state.sequence = UINT32_MAX - 2;
    for (uint32_t i = 0; i < 6; i++) {
        char text[2] = {(char)('0' + i)};
        set(STATE_DEFAULT, text);
        write_state();
        assert_value(STATE_DEFAULT, text);
        assert_int_not_equal(state.sequence, 0);
    }
    assert_int_equal(state.sequence, 4);
}

/* ---- records --------------------------------------------------------------------------------- */

static void what_is_unknown_is_kept(void **context)
{
    (void)context;
    set((enum state_id)200, "of a later Lintel");
    set(STATE_DEFAULT, "a");
    write_state();
    set(STATE_DEFAULT, "another");
    assert_int_equal(state_set(&state, STATE_TIMEOUT, NULL, 0), OK);
    write_state();
    assert_value((enum state_id)200, "of a later Lintel");
    assert_value(STATE_DEFAULT, "another");
    assert_int_equal(state_set(&state, (enum state_id)200, NULL, 0), OK);
    assert_value((enum state_id)200, NULL);
    assert_value(STATE_DEFAULT, "another");
}

static void what_tells_of_one_boot_gives_way(void **context)
{
    static char longest[STATE_VALUE_BYTES + 2];

    (void)context;
    memset(longest, 'x', STATE_VALUE_BYTES + 1);
    assert_int_equal(state_set(&state, STATE_DEFAULT, longest, STATE_VALUE_BYTES + 1),
                     ERR_NO_MEMORY);
    longest[STATE_VALUE_BYTES] = 0;
    set(STATE_DEFAULT, longest);
    set(STATE_TRIES, "sixsix");
    set(STATE_SELECTED, longest + 100);
    set(STATE_TIME_INIT, "12");
    set(STATE_LAST_BOOTED, longest + 30);
    assert_value(STATE_SELECTED, NULL);
    assert_value(STATE_TIME_INIT, NULL);
    assert_value(STATE_LAST_BOOTED, longest + 30);
    assert_value(STATE_TRIES, "sixsix");
    assert_int_equal(state_set(&state, STATE_LAST_BOOTED, longest, STATE_VALUE_BYTES),
                     ERR_NO_MEMORY);
    assert_value(STATE_LAST_BOOTED, longest + 30);
    write_state();
    assert_value(STATE_DEFAULT, longest);
}

/* Filled to the last byte, with no 0 behind. */
static void a_full_state_is_read(void **context)
{
    static const char longest[STATE_VALUE_BYTES + 1] = {0};

    (void)context;
    assert_int_equal(state_set(&state, STATE_DEFAULT, longest, STATE_VALUE_BYTES), OK);
    assert_int_equal(state_set(&state, STATE_TRIES, longest, 496 - 257 - 2), OK);
    assert_int_equal(state_set(&state, STATE_TRIAL, longest, 1), ERR_NO_MEMORY);
    write_state();
    assert_int_equal(state.bytes, 496);
}

/* Whatever a sector says, with a sum that is right. */
static void random_records_are_read_or_refused(void **context)
{
    (void)context;
    srand(12);
    for (uint32_t round = 0; round < 20000; round++) {
        state = (struct state){.bytes = (uint32_t)rand() % (sizeof state.records + 1)};
        for (uint32_t i = 0; i < state.bytes; i++)
            state.records[i] = (uint8_t)(rand() % 3 ? rand() % 14 : rand());
        memset(pair, 0, sizeof pair);
        uint8_t sector[STATE_BYTES];
        assert_int_equal(state_write(&state, pair, sector), OK);
        memcpy(pair[0], sector, sizeof sector);
        memcpy(pair[1], "LNTSTATE", 8);
        if (state_read(pair, &state) != OK)
            continue;
        for (uint32_t id = 1; id < 20; id++)
            if (state_set(&state, id, "value", 5) == OK)
                assert_value(id, "value");
        write_state();
    }
}

/* ---- variables ------------------------------------------------------------------------------- */

static enum err set_variable(const char *name, bool kept, const void *value, uint64_t bytes)
{
    return state_set_variable(&state, vendor_loader, name, kept, value, bytes);
}

static void texts_are_variables(void **context)
{
    static const uint16_t name[] = u"z\u00fcrich\U0001f600.conf";
    uint16_t units[64];
    uint64_t bytes = sizeof units;

    (void)context;
    assert_int_equal(set_variable("LoaderEntryDefault", true, name, sizeof name), OK);
    assert_value(STATE_DEFAULT, "z\u00fcrich\U0001f600.conf");
    write_state();
    assert_int_equal(state_get_variable(&state, vendor_loader, "LoaderEntryDefault", units, &bytes),
                     OK);
    assert_int_equal(bytes, sizeof name);
    assert_memory_equal(units, name, sizeof name);
    bytes = sizeof name - 1;
    assert_int_equal(state_get_variable(&state, vendor_loader, "LoaderEntryDefault", units, &bytes),
                     ERR_UNSUPPORTED);
    assert_int_equal(bytes, sizeof name);
    assert_int_equal(set_variable("LoaderEntryDefault", true, NULL, 0), OK);
    assert_int_equal(state_get_variable(&state, vendor_loader, "LoaderEntryDefault", units, &bytes),
                     ERR_NOT_FOUND);
}

static void tries_are_bytes(void **context)
{
    uint8_t tries[6] = {0, 1, 2, 3, 4, 5}, found[6];
    uint64_t bytes = sizeof found;

    (void)context;
    assert_int_equal(state_set_variable(&state, vendor_lintel, "LintelTries", true, tries, 6), OK);
    assert_int_equal(state_get_variable(&state, vendor_lintel, "LintelTries", found, &bytes), OK);
    assert_memory_equal(found, tries, 6);
    assert_int_equal(state_get_variable(&state, vendor_loader, "LintelTries", found, &bytes),
                     ERR_NOT_FOUND);
}

static void what_is_no_variable_is_refused(void **context)
{
    static uint16_t units[STATE_VALUE_BYTES + 2];

    (void)context;
    assert_int_equal(set_variable("LoaderFeatures", false, "12345678", 8), OK);
    assert_int_equal(set_variable("LoaderConfigConsoleMode", true, "a", 2), ERR_UNSUPPORTED);
    assert_int_equal(set_variable("LoaderEntryDefault", true, "abc", 3), ERR_FORMAT);
    for (uint32_t i = 0; i < STATE_VALUE_BYTES; i++)
        units[i] = 0xfc; /* two bytes in UTF-8 */
    assert_int_equal(set_variable("LoaderEntryDefault", true, units, sizeof units), ERR_NO_MEMORY);
    assert_int_equal(set_variable("LoaderEntryDefault", true, units, 2 * STATE_VALUE_BYTES),
                     ERR_NO_MEMORY);
    assert_int_equal(
        state_set_variable(&state, vendor_lintel, "LintelTries", true, units, UINT64_C(1) << 32),
        ERR_NO_MEMORY);
    assert_value(STATE_DEFAULT, NULL);
    assert_int_equal(state.bytes, 0);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(zeros_are_a_state_never_begun),
        TEST(has_the_bytes_of_the_layout),
        TEST(the_sectors_take_turns),
        TEST(a_torn_sector_leaves_the_older_state),
        TEST(a_torn_sector_is_written_anew),
        TEST(any_damage_is_seen),
        TEST(what_is_not_ours_is_not_written_to),
        TEST(the_sequence_wraps_around),
        TEST(what_is_unknown_is_kept),
        TEST(what_tells_of_one_boot_gives_way),
        TEST(a_full_state_is_read),
        TEST(random_records_are_read_or_refused),
        TEST(texts_are_variables),
        TEST(tries_are_bytes),
        TEST(what_is_no_variable_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
