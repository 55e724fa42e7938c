/* Where a TPM's event log ends: the firmware tells only where its last event begins. */
#include "common/format/event_log.h"
#include "common/lib/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define SHA1   4
#define SHA256 0xb

#define OLD_LOG (32 + 37) /* bytes of its first event */

static uint8_t bytes[4096];
static uint64_t used;
static struct event_log log;

static void put(uint64_t value, uint32_t count)
{
    memcpy(bytes + used, &value, count);
    used += count;
}

/* Register, type, digest, and an event of so many bytes. */
static void put_old_event(uint32_t event_bytes)
{
    put(0, 8);
    used += 20;
    put(event_bytes, 4);
}

/* The first event of a log of the new format: two kinds of digests. */
static int begin(void **state)
{
    (void)state;
    memset(bytes, 0, sizeof bytes);
    used = 0;
    log = (struct event_log){.format = EVENT_LOG_2, .events = bytes};
    put_old_event(37);
    memcpy(bytes + used, "Spec ID Event03", 16);
    used += 24;
    put(2, 4);
    put(SHA1 | 20 << 16, 4);
    put(SHA256 | 32 << 16, 4);
    put(0, 1); /* no vendor's data */
    return 0;
}

/* Where it begins. */
static uint8_t *put_new_event(uint32_t event_bytes)
{
    uint8_t *start = bytes + used;
    put(7, 8);
    put(2, 4);
    put(SHA1, 2);
    used += 20;
    put(SHA256, 2);
    used += 32;
    put(event_bytes, 4);
    used += event_bytes;
    return start;
}

static void the_last_event_counts(void **state)
{
    (void)state;
    put_new_event(100);
    const uint8_t *last = put_new_event(9);
    assert_true(event_log_measure(&log, sizeof bytes, last));
    assert_int_equal(log.bytes, used);
}

static void the_first_event_is_old(void **state)
{
    (void)state;
    assert_true(event_log_measure(&log, sizeof bytes, bytes));
    assert_int_equal(log.bytes, used);
}

static void an_old_log(void **state)
{
    (void)state;
    used = 0;
    log.format = EVENT_LOG_1_2;
    put_old_event(5);
    used += 5;
    const uint8_t *last = bytes + used;
    put_old_event(11);
    assert_true(event_log_measure(&log, sizeof bytes, last));
    assert_int_equal(log.bytes, used + 11);
}

static void an_empty_log(void **state)
{
    (void)state;
    assert_true(event_log_measure(&log, sizeof bytes, NULL));
    assert_int_equal(log.bytes, 0);
}

static void what_makes_no_sense(void **state)
{
    uint8_t *last = put_new_event(9);
    (void)state;
    last[12] = 0xd; /* digests that the first event does not have */
    assert_false(event_log_measure(&log, sizeof bytes, last));
    last[12] = SHA1;
    last[8] = 17;
    assert_false(event_log_measure(&log, sizeof bytes, last));
    last[8] = 2;
    memset(last + 68, 0xff, 4); /* the event's size */
    assert_false(event_log_measure(&log, sizeof bytes, last));
    memset(last + 68, 0, 4);
    assert_true(event_log_measure(&log, sizeof bytes, last));
    bytes[28] = 29; /* the first event has no room for sizes */
    assert_false(event_log_measure(&log, sizeof bytes, last));
    log.events = last;
    assert_false(event_log_measure(&log, sizeof bytes, bytes));
}

/* Wherever the room ends, nothing behind it is read. */
static void ends_with_its_room(void **state)
{
    (void)state;
    put_new_event(100);
    uint64_t last = (uint64_t)(put_new_event(9) - bytes);
    for (uint64_t room = 0; room <= used; room++)
        for (uint64_t at = 0; at <= last; at += last) {
            uint8_t *cut = malloc(room + !room);
            memcpy(cut, bytes, room);
            log.events = cut;
            bool whole = event_log_measure(&log, room, cut + at);
            assert_true(whole == (room >= (at ? used : OLD_LOG)));
            free(cut);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_last_event_counts, begin),
        cmocka_unit_test_setup(the_first_event_is_old, begin),
        cmocka_unit_test_setup(an_old_log, begin),
        cmocka_unit_test_setup(an_empty_log, begin),
        cmocka_unit_test_setup(what_makes_no_sense, begin),
        cmocka_unit_test_setup(ends_with_its_room, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
