/* Digits of a long name that are changed where they lie: nothing else may change, whatever the
 * directory looks like. */
#include "common/storage/disk/cache.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/fat_image.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define SLOT 32

static struct image image;
static uint8_t *before; /* the image as it was */
static struct firmware firmware;
static struct arena arena;
static struct volume volume;
static struct fs fs;
static uint32_t writes;
static enum err write_fails;

static enum err write_sector(const struct disk *disk, uint64_t lba, const void *old,
                             const void *new)
{
    uint8_t *at = image.bytes + lba * disk->sector_bytes;

    assert_true((lba + 1) * disk->sector_bytes <= image.size);
    if (write_fails != OK)
        return (fail)(write_fails, "the disk is read-only");
    if (memcmp(at, old, disk->sector_bytes) != 0)
        return (fail)(ERR_CHANGED, "another sector");
    memcpy(at, new, disk->sector_bytes);
    writes++;
    return OK;
}

/* ---- directories ----------------------------------------------------------------------------- */

/* The root directory's slots, which a fragmented one has all over the volume. */
static uint32_t slots;
static uint64_t (*slot_place)(uint32_t slot);

static uint64_t in_fixed_root(uint32_t slot)
{
    return image.root + slot * SLOT;
}

/* FAT32 with clusters of one sector: 2, 5, 3, and from 10 on every second one. */
static uint64_t in_fragments(uint32_t slot)
{
    static const uint32_t clusters[] = {2, 5, 3};
    uint32_t at = slot / 16, cluster = at < 3 ? clusters[at] : 4 + 2 * at;

    return image.data + (uint64_t)(cluster - 2) * 512 + slot % 16 * SLOT;
}

static void begin(bool fragmented)
{
    static const uint32_t chain[] = {2, 5, 3, 10, 12, 14, 16};

    slots = writes = 0;
    write_fails = OK;
    image = image_begin(fragmented ? 32 : 12, 100, 1);
    slot_place = fragmented ? in_fragments : in_fixed_root;
    for (uint32_t i = 0; fragmented && i < ARRAY_LENGTH(chain); i++)
        image_set(&image, chain[i],
                  i + 1 < ARRAY_LENGTH(chain) ? chain[i + 1] : image_end_mark(&image));
}

static uint8_t *add_slot(void)
{
    return image.bytes + slot_place(slots++);
}

/* A file that somebody deleted: its slots are free. */
static void skip_slots(uint32_t count)
{
    while (count--)
        *add_slot() = 0xe5;
}

static uint8_t checksum(const char *short_name)
{
    uint8_t sum = 0;

    for (int i = 0; i < 11; i++)
        sum = (uint8_t)((sum >> 1) + ((sum & 1) << 7) + (uint8_t)short_name[i]);
    return sum;
}

static uint32_t unit_place(uint32_t unit)
{
    return unit < 5 ? 1 + 2 * unit : unit < 11 ? 4 + 2 * unit : 6 + 2 * unit;
}

static void add_short(const char *short_name)
{
    memcpy(add_slot(), short_name, 11);
}

static void add_file(const char *name, const char *short_name)
{
    uint32_t length = (uint32_t)strlen(name), parts = (length + 12) / 13;

    for (uint32_t part = parts; part-- > 0;) {
        uint8_t *slot = add_slot();
        slot[0] = (uint8_t)((part + 1) | (part + 1 == parts ? 0x40 : 0));
        slot[11] = 0x0f;
        slot[13] = checksum(short_name);
        for (uint32_t i = 0; i < 13; i++) {
            uint32_t at = part * 13 + i;
            store(slot + unit_place(i),
                  at < length    ? (uint8_t)name[at]
                  : at == length ? 0
                                 : 0xffff,
                  2);
        }
    }
    add_short(short_name);
}

/* ---- renaming -------------------------------------------------------------------------------- */

static enum err rename_on(const char *from, const char *to, uint32_t sector_bytes)
{
    struct facts *facts = fake_begin(0);
    char path[300];

    before = malloc(image.size);
    memcpy(before, image.bytes, image.size);
    fake_disk_in_memory(image.bytes, image.size, sector_bytes);
    arena_begin(&arena, fake_firmware.allocate);
    firmware = fake_firmware;
    firmware.write_sector = write_sector;
    volume = (struct volume){
        .firmware = &firmware, .disk = &facts->disks[0], .sectors = facts->disks[0].sectors};
    cache_begin(facts, &arena);
    assert_int_equal(fs_mount(&volume, &arena, &fs), OK);
    snprintf(path, sizeof path, "/%s", from);
    return fs_rename(&fs, path, to);
}

static void end(void)
{
    free(before);
    fake_end();
    image_end(&image);
}

static bool has_file(const char *name)
{
    struct file file;

    return fs_open(&fs, name, &file) == OK;
}

/* All bytes that differ: each was one digit and is another. */
static uint32_t count_changes(uint64_t places[2])
{
    uint32_t count = 0;

    for (uint64_t i = 0; i < image.size; i++)
        if (image.bytes[i] != before[i]) {
            assert_true(before[i] >= '0' && before[i] <= '9');
            assert_true(image.bytes[i] >= '0' && image.bytes[i] <= '9');
            assert_true(count < 2);
            places[count++] = i;
        }
    return count;
}

static uint64_t place_of(const char *name, uint32_t first_slot, uint32_t unit)
{
    uint32_t parts = ((uint32_t)strlen(name) + 12) / 13;

    return slot_place(first_slot + parts - 1 - unit / 13) + unit_place(unit % 13);
}

/* A name of that length, some slots behind the directory's start: the sectors of its two digits
 * tell whether they can be changed. */
static void check_place(bool fragmented, uint32_t length, uint32_t skip, uint32_t sector_bytes)
{
    char from[256], to[256];
    uint64_t places[2];

    memset(from, 'n', sizeof from);
    memcpy(from + length - 11, "+03-00.conf", 12);
    strcpy(to, from);
    to[length - 9] = '2';
    to[length - 6] = '1';
    begin(fragmented);
    skip_slots(skip);
    add_file(from, "NNNNNN~1CON");
    uint64_t left = place_of(from, skip, length - 9), done = place_of(from, skip, length - 6);
    enum err err = rename_on(from, to, sector_bytes);
    if (left / sector_bytes != done / sector_bytes) {
        assert_int_equal(err, ERR_UNSUPPORTED);
        assert_non_null(strstr(err_message(), "its digits lie in two sectors"));
        assert_int_equal(count_changes(places), 0);
        assert_int_equal(writes, 0);
        assert_true(has_file(from));
    } else {
        assert_int_equal(err, OK);
        assert_int_equal(count_changes(places), 2);
        assert_true((places[0] == left && places[1] == done) ||
                    (places[0] == done && places[1] == left));
        assert_int_equal(image.bytes[left], '2');
        assert_int_equal(image.bytes[done], '1');
        assert_int_equal(writes, 1);
        assert_true(has_file(to) && !has_file(from));
    }
    end();
}

static void every_length_and_place(void **state)
{
    (void)state;
    for (uint32_t length = 12; length <= 255; length++)
        check_place(false, length, (length * 7) % 40, 512);
    for (uint32_t skip = 0; skip < 34; skip++)
        for (uint32_t length = 24; length < 38; length++)
            check_place(false, length, skip, 512);
}

static void fragmented_directories(void **state)
{
    (void)state;
    for (uint32_t skip = 12; skip < 36; skip++)
        check_place(true, 26 + skip % 13, skip, 512);
}

static void large_sectors(void **state)
{
    (void)state;
    for (uint32_t skip = 0; skip < 20; skip++)
        check_place(false, 20 + skip, skip, 4096);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void expect_refused(const char *from, const char *to, enum err err, const char *why)
{
    uint64_t places[2];

    assert_int_equal(rename_on(from, to, 512), err);
    if (!strstr(err_message(), why))
        fail_msg("\"%s\" is not in \"%s\"", why, err_message());
    assert_int_equal(count_changes(places), 0);
    assert_int_equal(writes, 0);
    end();
}

static void other_changes(void **state)
{
    static const struct {
        const char *from, *to, *why;
    } cases[] = {
        {"a+3.conf", "a+2-1.conf", "it would have another length"},
        {"a+1-9.conf", "a+0-10.conf", "it would have another length"},
        {"a+3-0.conf", "b+2-1.conf", "more than digits would change"},
        {"a+3-0.conf", "a+2.1.conf", "more than digits would change"},
        {"a+3-0.conf", "a+3-0.conf", "has a file a+3-0.conf already"},
        {"A+3-0.conf", "a+2-1.conf", "more than digits would change"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin(false);
        add_file(cases[i].from, "A+3-0~1 CON");
        expect_refused(cases[i].from, cases[i].to, ERR_UNSUPPORTED, cases[i].why);
    }
}

static void names_that_are_not_alone(void **state)
{
    (void)state;
    begin(false);
    add_file("a+3-0.conf", "A1      CON");
    add_file("A+2-1.CONF", "A2      CON");
    expect_refused("a+3-0.conf", "a+2-1.conf", ERR_UNSUPPORTED, "has a file a+2-1.conf already");
    begin(false);
    add_file("another name", "A+2-1   CON");
    memcpy(image.bytes + image.root + SLOT, "A+2-1   CNF", 11);
    image.bytes[image.root + 13] = checksum("A+2-1   CNF");
    add_file("a+3-0.cnf", "A1      CON");
    expect_refused("a+3-0.cnf", "a+2-1.cnf", ERR_UNSUPPORTED, "has a file a+2-1.cnf already");
    begin(false);
    add_file("a+3-0.conf", "A1      CON");
    add_file("a+3-0.conf", "A2      CON");
    expect_refused("a+3-0.conf", "a+2-1.conf", ERR_FORMAT, "has 2 files a+3-0.conf");
    begin(false);
    expect_refused("a+3-0.conf", "a+2-1.conf", ERR_FORMAT, "has 0 files a+3-0.conf");
    begin(false);
    add_short("A+3-0   CNF");
    expect_refused("a+3-0.cnf", "a+2-1.cnf", ERR_UNSUPPORTED, "has no long name");
}

static void disks_that_do_not_write(void **state)
{
    (void)state;
    begin(false);
    add_file("a+3-0.conf", "A1      CON");
    write_fails = ERR_IO;
    expect_refused("a+3-0.conf", "a+2-1.conf", ERR_IO, "the disk is read-only");
}

/* Between the look at the directory and the write somebody else wrote there. */
static void a_sector_that_changes(void **state)
{
    (void)state;
    begin(false);
    add_file("a+3-0.conf", "A1      CON");
    assert_int_equal(rename_on("b", "c", 512), ERR_FORMAT);
    struct file file;
    assert_int_equal(fs_open(&fs, "/a+3-0.conf", &file), OK); /* the cache has it */
    image.bytes[image.root + 400] ^= 1;
    assert_int_equal(fs_rename(&fs, "/a+3-0.conf", "a+2-1.conf"), ERR_CHANGED);
    image.bytes[image.root + 400] ^= 1;
    assert_memory_equal(image.bytes, before, image.size);
    assert_int_equal(fs_rename(&fs, "/a+3-0.conf", "a+2-1.conf"), OK); /* nothing stale is kept */
    assert_true(has_file("a+2-1.conf") && !has_file("a+3-0.conf"));
    end();
}

/* Whatever is damaged: digits of this name change, or nothing does. */
static void damaged_directories(void **state)
{
    uint32_t renamed = 0;

    (void)state;
    srand(4);
    for (uint32_t round = 0; round < 3000; round++) {
        uint64_t places[2];
        begin(round % 2);
        skip_slots((uint32_t)rand() % 16);
        add_file("neighbour+03-00.conf", "NEIGHB~1CON");
        uint32_t first = slots;
        add_file("debian-6.1.0-28-amd64+03-00.conf", "DEBIAN~1CON");
        add_file("debian-6.1.0-27-amd64+03-00.conf", "DEBIAN~2CON");
        for (int i = rand() % 3; i >= 0; i--) {
            uint64_t at = slot_place((uint32_t)rand() % slots) + (uint32_t)rand() % SLOT;
            image.bytes[at] = (uint8_t)(rand() % 2 ? rand() : "+0-123\xe5\x0f\x41"[rand() % 9]);
        }
        enum err err =
            rename_on("debian-6.1.0-28-amd64+03-00.conf", "debian-6.1.0-28-amd64+02-01.conf", 512);
        assert_int_equal(count_changes(places), err == OK ? 2 : 0);
        for (int i = 0; err == OK && i < 2; i++)
            assert_true(places[i] >= slot_place(first) || slot_place == in_fragments);
        renamed += err == OK;
        end();
    }
    assert_in_range(renamed, 500, 2500); /* both ways were gone */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_and_place),
        cmocka_unit_test(fragmented_directories),
        cmocka_unit_test(large_sectors),
        cmocka_unit_test(other_changes),
        cmocka_unit_test(names_that_are_not_alone),
        cmocka_unit_test(disks_that_do_not_write),
        cmocka_unit_test(a_sector_that_changes),
        cmocka_unit_test(damaged_directories),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
