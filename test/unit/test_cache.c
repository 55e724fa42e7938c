/* The cache of disk blocks: what it saves, and that it never says anything but what the disk holds.
 */
#include "common/lib/mem.h"
#include "common/storage/disk/cache.h"
#include "test/unit/fake_firmware.h"
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define SECTOR  512
#define BLOCK   128
#define SECTORS 300 /* two blocks and a short one */

static uint8_t content[SECTORS * SECTOR];
static struct facts *facts;
static struct arena arena;

static int begin(void **state)
{
    (void)state;
    facts = fake_begin(16 * MIB);
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (uint8_t)(i / SECTOR * 7 + i);
    fake_disk_in_memory(content, sizeof content, SECTOR);
    arena_begin(&arena, fake_firmware.allocate);
    cache_begin(facts, &arena);
    return 0;
}

static void expect(uint64_t lba, uint64_t sectors)
{
    uint8_t bytes[SECTORS * SECTOR];

    assert_int_equal(cache_read(&fake_firmware, facts->disks, lba, sectors, bytes), OK);
    assert_memory_equal(bytes, content + lba * SECTOR, sectors * SECTOR);
}

static void every_range_is_read_right(void **state)
{
    (void)state;
    for (uint64_t sectors = 1; sectors <= SECTORS; sectors += 13)
        for (uint64_t lba = 0; lba + sectors <= SECTORS; lba++)
            expect(lba, sectors);
}

/* What the firmware says of the size is a hint: what lies behind is read all the same. */
static void every_size_that_is_told(void **state)
{
    static const uint64_t told[] = {0,         1,           100,         BLOCK,
                                    BLOCK + 1, SECTORS - 1, SECTORS + 1, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        cache_forget(&facts->disks[0]);
        facts->disks[0].sectors = told[i];
        for (uint64_t lba = 0; lba + 5 <= SECTORS; lba += 3)
            expect(lba, 5);
    }
}

static void neighbours_cost_one_request(void **state)
{
    (void)state;
    for (uint64_t lba = 0; lba < BLOCK; lba++)
        expect(lba, 1);
    assert_int_equal(fake_reads(0), 1);
}

static void track_of_a_floppy_costs_one_request(void **state)
{
    (void)state;
    facts->disks[0].medium = LINTEL_MEDIUM_FLOPPY;
    facts->disks[0].track_sectors = 18;
    expect(17, 1);
    for (uint64_t lba = 0; lba < 18; lba++)
        expect(lba, 1);
    assert_int_equal(fake_reads(0), 1);
    expect(17, 2);
    expect(18, 17);
    assert_int_equal(fake_reads(0), 2);
    every_range_is_read_right(NULL);
}

/* SeaBIOS does not say how large a CD is. */
static struct disk known;

static enum err read_known(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to)
{
    (void)disk;
    return fake_firmware.read(&known, lba, sectors, to);
}

static void disk_of_unknown_size(void **state)
{
    const struct firmware firmware = {.read = read_known};
    uint8_t bytes[SECTOR];

    (void)state;
    known = facts->disks[0];
    facts->disks[0].sectors = 0;
    for (uint64_t lba = 0; lba < SECTORS; lba++) {
        assert_int_equal(cache_read(&firmware, facts->disks, lba, 1, bytes), OK);
        assert_memory_equal(bytes, content + lba * SECTOR, SECTOR);
    }
    assert_in_range(fake_reads(0), 2, SECTORS / 2);
}

static void bad_sector_that_nobody_asked_for(void **state)
{
    uint8_t bytes[SECTOR];

    (void)state;
    fake_break_sectors(0, 20, 1);
    expect(19, 1);
    expect(21, 1);
    assert_int_equal(cache_read(&fake_firmware, facts->disks, 20, 1, bytes), ERR_IO);
}

static void behind_the_end(void **state)
{
    uint8_t bytes[4 * SECTOR];

    (void)state;
    assert_int_equal(cache_read(&fake_firmware, facts->disks, SECTORS - 2, 4, bytes), ERR_IO);
    assert_int_equal(cache_read(&fake_firmware, facts->disks, UINT64_MAX, 2, bytes), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_range_is_read_right, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(every_size_that_is_told, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(neighbours_cost_one_request, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(track_of_a_floppy_costs_one_request, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(disk_of_unknown_size, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(bad_sector_that_nobody_asked_for, begin, fake_tear_down),
        cmocka_unit_test_setup_teardown(behind_the_end, begin, fake_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
