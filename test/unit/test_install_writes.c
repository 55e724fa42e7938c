/* The order in which an installation writes, with every write, flush and read failing in turn. */
#include "images/tool/install/writes.c"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#undef fail /* ours is meant, not that of cmocka */

#define SECTOR  512
#define SECTORS 64

/* A disk with a cache that is lost when the power fails. */
static struct {
    uint8_t medium[SECTORS * SECTOR], cache[SECTORS * SECTOR];
    unsigned calls, failing; /* the call that fails, from 1; 0: none */
    uint64_t corrupt;        /* offset that reads back wrong; 0: none */
    char order[256];         /* the first byte of each write; | for a flush */
} disk;

static bool fails(void)
{
    return ++disk.calls == disk.failing;
}

static void put(char c)
{
    size_t length = strlen(disk.order);
    if (length + 1 < sizeof disk.order)
        disk.order[length] = c;
}

static enum err write_cache(void *context, uint64_t offset, uint64_t bytes, const void *from)
{
    (void)context;
    if (fails())
        return fail(ERR_IO, "broken on purpose");
    memcpy(disk.cache + offset, from, bytes);
    put(*(const char *)from);
    return OK;
}

static enum err flush_cache(void *context)
{
    (void)context;
    if (fails())
        return fail(ERR_IO, "broken on purpose");
    memcpy(disk.medium, disk.cache, sizeof disk.medium);
    put('|');
    return OK;
}

static enum err read_medium(void *context, uint64_t offset, uint64_t bytes, void *to)
{
    (void)context;
    if (fails())
        return fail(ERR_IO, "broken on purpose");
    memcpy(to, disk.medium + offset, bytes);
    if (disk.corrupt && offset == disk.corrupt)
        *(uint8_t *)to ^= 1;
    return OK;
}

static const struct writer writer = {write_cache, flush_cache, read_medium, NULL};

static void add(struct writes *writes, enum phase phase, uint64_t sector, char letter)
{
    uint8_t bytes[SECTOR];

    memset(bytes, letter, sizeof bytes);
    assert_int_equal(writes_add(writes, phase, sector * SECTOR, SECTOR, bytes), OK);
}

static void end(struct writes *writes)
{
    for (size_t i = 0; i < writes->count; i++)
        free(writes->list[i].data);
    free(writes->list);
}

/* An installation in small, in an order that is not that of its phases. */
static struct writes begin(unsigned failing)
{
    struct writes writes = {0};

    memset(&disk, 0, sizeof disk);
    disk.failing = failing;
    add(&writes, PHASE_CLEAN, 40, 'c');
    add(&writes, PHASE_BOOT, 0, 'B');
    add(&writes, PHASE_UNLINK, 10, 'u');
    add(&writes, PHASE_ENTRIES, 20, 'E');
    add(&writes, PHASE_ENTRIES, 21, 'F');
    add(&writes, PHASE_LINK, 10, 'l');
    add(&writes, PHASE_DATA, 30, 'd');
    add(&writes, PHASE_DATA, 31, 'd');
    return writes;
}

static void test_phases_follow_each_other_with_a_flush_between(void **state)
{
    struct writes writes = begin(0);

    (void)state;
    assert_int_equal(writes_bytes(&writes), 8 * SECTOR);
    assert_int_equal(writes_perform(&writes, &writer), OK);
    assert_string_equal(disk.order, "d|l|E|F||B||u|c|");
    assert_int_equal(disk.medium[10 * SECTOR], 'u');
    end(&writes);
}

static void test_uninstall_switches_before_the_record_goes(void **state)
{
    struct writes writes = begin(0);

    (void)state;
    add(&writes, PHASE_BOOT_FIRST, 1, 'b');
    assert_int_equal(writes_perform(&writes, &writer), OK);
    assert_string_equal(disk.order, "d|l|b||E|F||B||u|c|");
    end(&writes);
}

/* The new one's head says where the rest is to be, the old one's where the rest was. */
static void test_record_comes_first_and_goes_last(void **state)
{
    struct writes writes = begin(0);

    (void)state;
    add(&writes, PHASE_FORGET_HEAD, 50, 'h');
    add(&writes, PHASE_FORGET, 51, 'f');
    add(&writes, PHASE_RECORD, 61, 'r');
    add(&writes, PHASE_RECORD_HEAD, 60, 'R');
    assert_int_equal(writes_perform(&writes, &writer), OK);
    assert_string_equal(disk.order, "R|r|d|l|E|F||B||u|c|f|h|");
    end(&writes);
}

static void test_only_neighbours_of_a_phase_become_one_write(void **state)
{
    struct writes writes = {0};

    (void)state;
    add(&writes, PHASE_DATA, 3, 'a');
    add(&writes, PHASE_DATA, 4, 'a');
    assert_int_equal(writes.count, 1);
    add(&writes, PHASE_DATA, 6, 'a');
    assert_int_equal(writes.count, 2);
    add(&writes, PHASE_CLEAN, 7, 'a');
    add(&writes, PHASE_BOOT, 8, 'a');
    add(&writes, PHASE_BOOT, 9, 'a');
    assert_int_equal(writes.count, 5);
    end(&writes);
}

/* True when something of a later phase is on the medium before all of the earlier ones is. */
static bool is_out_of_order(void)
{
    static const struct {
        unsigned sector;
        char letter;
    } steps[] = {{30, 'd'}, {31, 'd'}, {20, 'E'}, {21, 'F'}, {0, 'B'}, {40, 'c'}};
    bool missing = false;

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        bool there = disk.medium[steps[i].sector * SECTOR] == steps[i].letter;
        if (there && missing)
            return true;
        missing = missing || !there;
    }
    return disk.medium[0] == 'B' && !disk.medium[10 * SECTOR];
}

static void test_each_failure_ends_it_in_order(void **state)
{
    unsigned failing = 1;
    enum err err = ERR_IO;

    (void)state;
    for (; err != OK && failing < 1000; failing++) {
        struct writes writes = begin(failing);
        err = writes_perform(&writes, &writer);
        assert_false(is_out_of_order());
        if (err != OK) {
            assert_int_equal(disk.calls, failing);
            assert_non_null(strstr(err_message(), "broken on purpose; the disk boots what"));
        }
        if (err != OK && disk.cache[20 * SECTOR] != 'E' && !strchr(disk.order, 'l'))
            assert_null(strstr(err_message(), "new state"));
        end(&writes);
    }
    assert_true(failing > 15 && failing < 1000);
}

static void test_what_reads_back_wrong_stops_it_before_the_switch(void **state)
{
    struct writes writes = begin(0);

    (void)state;
    disk.corrupt = 30 * SECTOR;
    assert_int_equal(writes_perform(&writes, &writer), ERR_IO);
    assert_non_null(strstr(err_message(), "read back differ"));
    assert_string_equal(disk.order, "d|");
    end(&writes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_phases_follow_each_other_with_a_flush_between),
        cmocka_unit_test(test_uninstall_switches_before_the_record_goes),
        cmocka_unit_test(test_record_comes_first_and_goes_last),
        cmocka_unit_test(test_only_neighbours_of_a_phase_become_one_write),
        cmocka_unit_test(test_each_failure_ends_it_in_order),
        cmocka_unit_test(test_what_reads_back_wrong_stops_it_before_the_switch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
