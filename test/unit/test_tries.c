/* Boot counting: the name that an entry's file gets, and what the variable keeps of files that
 * can't be renamed. */
#include "common/entries/tries.h"
#include "common/storage/state_variable.h"
#include "common/format/crc32.h"
#include "common/lib/mem.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct firmware firmware;
static struct disk disk = {.sector_bytes = 512};
static struct volume volume = {.firmware = &firmware, .disk = &disk, .first_lba = 2048};
static struct arena arena;
static struct fs fs;
static struct entry entries[64];
static struct config config;
static char renamed[600]; /* "path -> name" */
static enum err rename_fails;

static enum err rename_file(const struct disk *of, uint64_t first_lba, const char *path,
                            const char *name)
{
    assert_ptr_equal(of, &disk);
    assert_int_equal(first_lba, 2048);
    if (rename_fails != OK)
        return (fail)(rename_fails, "write-protected");
    snprintf(renamed, sizeof renamed, "%s -> %s", path, name);
    return OK;
}

static enum err rename_in_place(const struct fs *of, const struct fs_entry *directory,
                                const char *name, const char *to)
{
    (void)of, (void)directory, (void)name, (void)to;
    return (fail)(ERR_UNSUPPORTED, "not in place");
}

static const struct fs_driver fat = {.name = "FAT", .rename = rename_in_place};
static const struct fs_driver other = {.name = "another"};

static int begin(void **state)
{
    (void)state;
    fake_begin(0);
    firmware = fake_firmware;
    firmware.get_variable = fake_get_variable;
    firmware.set_variable = fake_set_variable;
    firmware.rename = rename_file;
    rename_fails = OK;
    renamed[0] = 0;
    arena_begin(&arena, fake_firmware.allocate);
    fs = (struct fs){.driver = &fat, .volume = &volume, .arena = &arena};
    config = (struct config){.entries = entries, .counting = true};
    memset(entries, 0, sizeof entries);
    return 0;
}

static struct entry *add(const char *file)
{
    struct entry *entry = &entries[config.count++];
    char path[300];

    assert_int_equal(entry_name_after(file, ".conf", &arena, entry), OK);
    snprintf(path, sizeof path, "/loader/entries/%s", file);
    assert_int_equal(arena_take(&arena, strlen(path) + 1 + TRIES_GROWTH, (void **)&entry->path),
                     OK);
    strcpy(entry->path, path);
    entry->fs = &fs;
    return entry;
}

/* As at the next start: the names are read again, and the variable. */
static void restart(void)
{
    struct entry_item items[64];

    for (uint32_t i = 0; i < config.count; i++) {
        char name[300];
        struct entry *entry = &entries[i], read = {.path = entry->path, .fs = &fs};
        strcpy(name, strrchr(entry->path, '/') + 1);
        assert_int_equal(entry_name_after(name, ".conf", &arena, &read), OK);
        items[i] = (struct entry_item){read, i ? &items[i - 1] : NULL};
    }
    tries_recall(&firmware, &items[config.count - 1]);
    for (uint32_t i = 0; i < config.count; i++)
        entries[i] = items[i].entry;
}

static void expect_tries(const struct entry *entry, uint32_t left, uint32_t done)
{
    assert_true(entry->counted);
    assert_int_equal(entry->tries_left, left);
    assert_int_equal(entry->tries_done, done);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void changes_the_name(void **state)
{
    static const struct {
        const char *from, *to;
        uint32_t left, done;
    } cases[] = {
        {"a+3.conf", "a+2-1.conf", 2, 1},
        {"a+3-0.conf", "a+2-1.conf", 2, 1},
        {"a+03-00.conf", "a+02-01.conf", 2, 1},
        {"a+003.conf", "a+002-1.conf", 2, 1},
        {"a+1-9.conf", "a+0-10.conf", 0, 10},
        {"a+10-99.conf", "a+09-100.conf", 9, 100},
        {"a+0-3.conf", "a+0-4.conf", 0, 4},
        {"a+00-03.conf", "a+00-04.conf", 0, 4},
        {"a+b+1.conf", "a+b+0-1.conf", 0, 1},
        {"6.1.0-57+2-1.CONF", "6.1.0-57+1-2.CONF", 1, 2},
        {"a+5-999999999.conf", "a+4-999999999.conf", 4, 999999999},
    };

    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        char wanted[600];
        fake_end();
        begin(state);
        struct entry *entry = add(cases[i].from), *second = add("other+3.conf");
        struct entry copy = *entry; /* with options that a person changed */
        assert_int_equal(tries_count(&config, &copy), OK);
        snprintf(wanted, sizeof wanted, "/loader/entries/%s -> %s", cases[i].from, cases[i].to);
        assert_string_equal(renamed, wanted);
        assert_string_equal(entry->path + strlen("/loader/entries/"), cases[i].to);
        assert_string_equal(copy.path, entry->path);
        expect_tries(entry, cases[i].left, cases[i].done);
        expect_tries(second, 3, 0);
        restart();
        expect_tries(entry, cases[i].left, cases[i].done);
        assert_null(fake_variable(TRIES_VARIABLE));
    }
}

/* Profiles of one image. */
static void all_entries_of_a_file_know(void **state)
{
    (void)state;
    struct entry *first = add("a+3.conf"), *second = &entries[config.count++];
    *second = *first;
    assert_int_equal(tries_count(&config, second), OK);
    expect_tries(first, 2, 1);
    expect_tries(second, 2, 1);
}

static void counts_nothing_else(void **state)
{
    (void)state;
    assert_int_equal(tries_count(&config, add("a.conf")), OK);
    assert_int_equal(tries_count(&config, add("a+x.conf")), OK);
    assert_int_equal(tries_count(&config, &(struct entry){.id = "automatic"}), OK);
    config.counting = false;
    struct entry *entry = add("a+3.conf");
    assert_int_equal(tries_count(&config, entry), OK);
    expect_tries(entry, 3, 0);
    assert_string_equal(renamed, "");
    assert_null(fake_variable(TRIES_VARIABLE));
}

/* ---- the variable ---------------------------------------------------------------------------- */

static void expect_record(uint32_t index, const char *file, uint8_t left, uint8_t done)
{
    const struct fake_variable *variable = fake_variable(TRIES_VARIABLE);

    assert_non_null(variable);
    assert_true(variable->kept);
    assert_memory_equal(variable->vendor, vendor_lintel, 16);
    const uint8_t *record = variable->value + index * TRIES_RECORD_BYTES;
    assert_int_equal(load32(record), crc32(0, file, strlen(file)));
    assert_int_equal(record[4], left);
    assert_int_equal(record[5], done);
}

static void counts_in_the_variable(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        fake_end();
        begin(state);
        if (way == 0)
            fs.driver = &other;
        else if (way == 1)
            rename_fails = ERR_IO;
        else
            firmware.rename = NULL;
        struct entry *entry = add("a+3.conf");
        for (uint8_t done = 1; done <= 4; done++) {
            uint8_t left = done < 3 ? 3 - done : 0;
            assert_int_equal(tries_count(&config, entry), OK);
            expect_record(0, "a+3.conf", left, done);
            assert_int_equal(fake_variable(TRIES_VARIABLE)->bytes, TRIES_RECORD_BYTES);
            expect_tries(entry, left, done);
            assert_int_equal(entry_is_exhausted(entry), left == 0);
            restart();
            expect_tries(entry, left, done);
        }
        assert_string_equal(entry->path, "/loader/entries/a+3.conf");
    }
}

/* Where the name can be changed again, it takes what the variable knew. */
static void returns_to_the_name(void **state)
{
    (void)state;
    struct entry *entry = add("a+05-00.conf");
    rename_fails = ERR_IO;
    assert_int_equal(tries_count(&config, entry), OK);
    restart();
    rename_fails = OK;
    assert_int_equal(tries_count(&config, entry), OK);
    assert_string_equal(entry->path, "/loader/entries/a+03-02.conf");
    restart();
    expect_tries(entry, 3, 2);
}

static void says_that_it_can_not_count(void **state)
{
    (void)state;
    struct entry *entry = add("a+3.conf");
    rename_fails = ERR_IO;
    firmware.get_variable = NULL;
    firmware.set_variable = NULL;
    assert_int_equal(tries_count(&config, entry), ERR_UNSUPPORTED);
    assert_string_equal(err_message(), "write-protected; and this firmware keeps no variables");
    expect_tries(entry, 3, 0);
}

static enum err commit(void)
{
    return (fail)(ERR_IO, "a disk that is read-only");
}

/* Nor does the menu say that it has. */
static void says_that_the_variable_is_not_kept(void **state)
{
    (void)state;
    struct entry *entry = add("a+3.conf");
    fs.driver = &other;
    firmware.commit_variables = commit;
    assert_int_equal(tries_count(&config, entry), ERR_IO);
    assert_string_equal(err_message(), "a disk that is read-only");
    expect_tries(entry, 3, 0);
}

static void forgets_files_that_are_gone(void **state)
{
    (void)state;
    fs.driver = &other;
    for (int i = 0; i < 5; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d+3.conf", i);
        assert_int_equal(tries_count(&config, add(name)), OK);
    }
    assert_int_equal(fake_variable(TRIES_VARIABLE)->bytes, 5 * TRIES_RECORD_BYTES);
    strcpy(entries[1].path, "/loader/entries/1.conf"); /* somebody is content with it */
    entries[1].counted = false;
    config.count = 4;
    assert_int_equal(tries_count(&config, &entries[0]), OK);
    assert_int_equal(fake_variable(TRIES_VARIABLE)->bytes, 3 * TRIES_RECORD_BYTES);
    expect_record(0, "2+3.conf", 2, 1);
    expect_record(1, "3+3.conf", 2, 1);
    expect_record(2, "0+3.conf", 1, 2);
}

/* The oldest gives way. */
static void has_room_for_so_many(void **state)
{
    (void)state;
    fs.driver = &other;
    for (int i = 0; i < 50; i++) {
        char name[32];
        snprintf(name, sizeof name, "%d+900.conf", i);
        assert_int_equal(tries_count(&config, add(name)), OK);
        assert_in_range(fake_variable(TRIES_VARIABLE)->bytes, 6, 252);
    }
    expect_record(41, "49+900.conf", 255, 1);
}

/* Whatever it holds: counters are read from whole records, or from the names, and the next count is
 * right. */
static void survives_any_variable(void **state)
{
    static uint8_t noise[700];

    (void)state;
    fs.driver = &other;
    for (uint32_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * 7);
    struct entry *entry = add("a+3.conf");
    for (uint64_t bytes = 1; bytes < sizeof noise; bytes++) {
        fake_set_variable(vendor_lintel, TRIES_VARIABLE, true, noise, bytes);
        restart();
        expect_tries(entry, 3, 0);
        if (bytes % 50 == 0) {
            assert_int_equal(tries_count(&config, entry), OK);
            expect_record(0, "a+3.conf", 2, 1);
        }
    }
}

static void drops_a_record(void **state)
{
    uint8_t records[3 * TRIES_RECORD_BYTES];
    static const char *const names[] = {"a+3.conf", "b+3.conf", "c+3.conf"};

    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t sum = crc32(0, names[i], strlen(names[i]));
        memcpy(records + i * TRIES_RECORD_BYTES, &sum, 4);
        records[i * TRIES_RECORD_BYTES + 4] = (uint8_t)i;
    }
    assert_int_equal(tries_drop(records, sizeof records, "d+3.conf"), sizeof records);
    assert_int_equal(tries_drop(records, sizeof records, "b+3.conf"), 2 * TRIES_RECORD_BYTES);
    assert_int_equal(records[4], 0);
    assert_int_equal(records[TRIES_RECORD_BYTES + 4], 2);
    assert_int_equal(tries_drop(records, 2 * TRIES_RECORD_BYTES, "b+3.conf"),
                     2 * TRIES_RECORD_BYTES);
    assert_int_equal(tries_drop(records, 0, "a+3.conf"), 0);
}

#define TRIES_TEST(test) cmocka_unit_test_setup_teardown(test, begin, fake_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRIES_TEST(changes_the_name),
        TRIES_TEST(all_entries_of_a_file_know),
        TRIES_TEST(counts_nothing_else),
        TRIES_TEST(counts_in_the_variable),
        TRIES_TEST(returns_to_the_name),
        TRIES_TEST(says_that_it_can_not_count),
        TRIES_TEST(says_that_the_variable_is_not_kept),
        TRIES_TEST(forgets_files_that_are_gone),
        TRIES_TEST(has_room_for_so_many),
        TRIES_TEST(survives_any_variable),
        TRIES_TEST(drops_a_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
