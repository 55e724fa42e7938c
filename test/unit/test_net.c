/* The files of a server: how often each is fetched, where to, and what is said when one can't be.
 */
#include "common/lib/mem.h"
#include "common/storage/fs/fs.h"
#include "test/unit/elf_builder.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MEMORY (16 * MIB)

static const char text[] = "eleven byte";
static const char conf[] = "timeout 0\nentry good.conf\n";
static const char entry[] = "kernel /boot/kernel.elf\nmodule \\boot\\module\n";
static uint8_t module[9 * MIB]; /* more than one chunk of what comes from a disk */

static struct facts *facts;
static struct arena arena;
static struct volume volume;
static struct fs fs;
static struct file file;

static int begin(void **state)
{
    (void)state;
    facts = fake_begin(MEMORY);
    fake_serve("dir/name", text, sizeof text);
    arena_begin(&arena, fake_firmware.allocate);
    volume = (struct volume){.firmware = &fake_firmware, .disk = facts->origin.server};
    assert_int_equal(fs_mount(&volume, &arena, &fs), OK);
    return 0;
}

static void assert_says(const char *said, const char *part)
{
    if (!strstr(said, part))
        fail_msg("\"%s\" does not say \"%s\"", said, part);
}

/* ---- the file system ------------------------------------------------------------------------- */

static void test_whole_file_goes_to_its_place(void **state)
{
    static char large[70000], to[sizeof large + 1];

    (void)state;
    memset(large, 'l', sizeof large);
    to[sizeof large] = 'x';
    fake_serve("dir/large", large, sizeof large);
    assert_int_equal(fs_open(&fs, "/dir/large", &file), OK);
    assert_int_equal(file.reader.bytes, sizeof large);
    assert_string_equal(file.reader.name, "/dir/large");
    assert_true(file.reader.whole);
    struct arena_mark before = arena_mark(&arena);
    assert_int_equal(reader_read(&file.reader, 0, sizeof large, to), OK);
    assert_ptr_equal(arena_mark(&arena).next, before.next); /* no copy was kept */
    assert_memory_equal(to, large, sizeof large);
    assert_int_equal(to[sizeof large], 'x');
    assert_int_equal(fake_fetches("dir/large"), 1);
}

/* A kernel's head is looked at first, and may be all of it. */
static void test_small_file_is_fetched_once(void **state)
{
    char to[sizeof text];

    (void)state;
    assert_int_equal(fs_open(&fs, "/dir/name", &file), OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(reader_read(&file.reader, 0, sizeof text, to), OK);
        assert_string_equal(to, text);
    }
    assert_int_equal(fake_fetches("dir/name"), 1);
}

static void test_file_in_pieces_is_fetched_once(void **state)
{
    char to[sizeof text];

    (void)state;
    assert_int_equal(fs_open(&fs, "\\dir\\name", &file), OK);
    for (uint32_t i = sizeof text; i-- > 0;)
        assert_int_equal(reader_read(&file.reader, i, 1, to + i), OK);
    assert_string_equal(to, text);
    memset(to, 0, sizeof to);
    assert_int_equal(reader_read(&file.reader, 0, sizeof text, to), OK);
    assert_string_equal(to, text);
    assert_int_equal(fake_fetches("dir/name"), 1);
}

static void test_failed_fetch_is_not_kept(void **state)
{
    char to[sizeof text];

    (void)state;
    assert_int_equal(fs_open(&fs, "/dir/name", &file), OK);
    fake_break_file("dir/name");
    assert_int_equal(reader_read(&file.reader, 0, 1, to), ERR_IO);
    assert_int_equal(reader_read(&file.reader, 3, 1, to), ERR_IO);
    assert_int_equal(reader_read(&file.reader, 0, sizeof text, to), ERR_IO);
    assert_int_equal(fake_fetches("dir/name"), 3);
    assert_says(err_message(), "fake server: dir/name: broken on purpose");
}

/* Whether it is read to its place at once or in pieces: both sizes are told, and nothing is written
 * behind the place that it was given. */
static void test_file_of_another_size(void **state)
{
    static char old[70000], larger[70001], to[sizeof larger + 1];
    const uint64_t sizes[] = {0, 1, sizeof old - 1, sizeof larger};

    (void)state;
    for (uint32_t i = 0; i < 2 * ARRAY_LENGTH(sizes); i++) {
        fake_end();
        begin(NULL);
        fake_serve("dir/large", old, sizeof old);
        fake_change_file("dir/large", larger, sizes[i / 2]);
        assert_int_equal(fs_open(&fs, "/dir/large", &file), OK);
        memset(to, 'x', sizeof to);
        assert_int_equal(reader_read(&file.reader, 0, i % 2 ? 1 : sizeof old, to), ERR_IO);
        assert_says(err_message(),
                    "fake server: dir/large: had 70000 bytes a moment ago, and has ");
        assert_int_equal(strtoul(strstr(err_message(), "has ") + 4, NULL, 10), sizes[i / 2]);
        assert_int_equal(to[sizeof old], 'x');
    }
}

static void test_no_memory_to_keep_a_file(void **state)
{
    char to[1];

    (void)state;
    fake_serve("module", module, sizeof module);
    assert_int_equal(fs_open(&fs, "/module", &file), OK);
    fake_fail_allocate(1);
    assert_int_equal(reader_read(&file.reader, 0, 1, to), ERR_NO_MEMORY);
    assert_int_equal(fake_fetches("module"), 0);
    assert_int_equal(reader_read(&file.reader, 0, 1, to), OK);
}

static void test_missing_file(void **state)
{
    static char name[FS_NAME_BYTES + 2];

    (void)state;
    assert_int_equal(fs_open(&fs, "/dir/other", &file), ERR_NOT_FOUND);
    assert_says(err_message(), "fake server: it has no file dir/other");
    memset(name, 'n', FS_NAME_BYTES);
    name[0] = '/';
    assert_int_equal(fs_open(&fs, name, &file), ERR_NOT_FOUND);
    assert_says(err_message(), "no file nnn");
    name[FS_NAME_BYTES] = 'n';
    assert_int_equal(fs_open(&fs, name, &file), ERR_NOT_FOUND);
    assert_says(err_message(), "more than 767 bytes");
}

static bool never(void *context, const struct fs_entry *found)
{
    (void)context, (void)found;
    fail_msg("a server listed something");
    return false;
}

static void test_server_is_no_disk(void **state)
{
    char to[1];

    (void)state;
    assert_int_equal(fs_list(&fs, "/", never, NULL), ERR_UNSUPPORTED);
    assert_says(err_message(), "fake server: can't list /");
    assert_int_equal(volume_read(&volume, 0, 1, to), ERR_UNSUPPORTED);
}

static void test_disk_is_no_server(void **state)
{
    static const uint8_t blank[64 * 1024];

    (void)state;
    fake_disk_in_memory(blank, sizeof blank, 512);
    volume.disk = &facts->disks[0];
    volume.sectors = volume.disk->sectors;
    assert_int_equal(fs_mount(&volume, &arena, &fs), ERR_NOT_FOUND);
    assert_says(err_message(), "no file system that Lintel reads");
}

/* ---- whole boots ----------------------------------------------------------------------------- */

static const char *const served[] = {"loader/loader.conf", "loader/entries/good.conf",
                                     "boot/kernel.elf", "boot/module"};

static void serve(void)
{
    build_kernel(ET_EXEC, BUILT_LINK);
    fake_serve(served[0], conf, strlen(conf));
    fake_serve(served[1], entry, strlen(entry));
    fake_serve(served[2], built.bytes, built.size);
    fake_serve(served[3], module, sizeof module);
}

/* Where the boot ended. */
static int boot(void)
{
    int way_out = setjmp(fake_way_out);

    if (!way_out)
        boot_main(facts, &fake_firmware);
    return way_out;
}

static void test_boot_fetches_each_file_once(void **state)
{
    static const uint8_t blank[64 * 1024];

    (void)state;
    serve();
    fake_disk_in_memory(blank, sizeof blank, 512);
    assert_int_equal(boot(), FAKE_HANDED_OFF);
    for (uint32_t i = 0; i < ARRAY_LENGTH(served); i++)
        assert_int_equal(fake_fetches(served[i]), 1);
    assert_int_equal(fake_reads(0), 0);
}

/* The kernel, or its module, is another when it is fetched. The menu says so, and takes what is
 * there by then. */
static void boot_changed(uint32_t index, uint64_t bytes, int64_t more, enum fake_exit way_out)
{
    static uint8_t other[sizeof module + 1];

    fake_end();
    begin(NULL);
    serve();
    memcpy(other, built.bytes, index == 2 ? built.size : 0);
    fake_change_file(served[index], other, bytes + (uint64_t)more);
    fake_press(KEY_NONE);
    fake_type("\r");
    assert_int_equal(boot(), way_out);
    assert_says(fake_output(), served[index]);
    assert_says(fake_output(), "a moment ago");
}

static void test_each_changed_file_is_named(void **state)
{
    (void)state;
    boot_changed(2, built.size, -1, FAKE_STUCK); /* its last segment is cut off */
    boot_changed(2, built.size, 1, FAKE_HANDED_OFF);
    boot_changed(3, sizeof module, -1, FAKE_HANDED_OFF);
    boot_changed(3, sizeof module, 1, FAKE_HANDED_OFF);
}

static void test_each_broken_file_is_named(void **state)
{
    for (uint32_t i = 0; i < ARRAY_LENGTH(served); i++) {
        fake_end();
        begin(state);
        serve();
        fake_break_file(served[i]);
        fake_press(KEY_NONE); /* nobody asks for the menu before it appears */
        fake_type("q\r");
        assert_int_equal(boot(), FAKE_GAVE_UP);
        assert_says(fake_output(), served[i]);
        assert_int_equal(fake_reserved_pages(), 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, begin, fake_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(whole_file_goes_to_its_place),
        TEST(small_file_is_fetched_once),
        TEST(file_in_pieces_is_fetched_once),
        TEST(failed_fetch_is_not_kept),
        TEST(file_of_another_size),
        TEST(no_memory_to_keep_a_file),
        TEST(missing_file),
        TEST(server_is_no_disk),
        TEST(disk_is_no_server),
        TEST(boot_fetches_each_file_once),
        TEST(each_changed_file_is_named),
        TEST(each_broken_file_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
