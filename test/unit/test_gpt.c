/* GPT: each header field corrupted in turn, in one copy and in both, on disks with small and large
 * sectors. */
#include "common/format/crc32.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/storage/disk/partition.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SECTORS     256
#define ENTRIES     16
#define PRIMARY     1
#define BACKUP      (SECTORS - 1)
#define FIRST_LBA   40
#define LAST_LBA    99
#define USABLE_LAST (SECTORS - 10)

static uint8_t disk[SECTORS * SECTOR_BYTES_MAX];
static uint32_t sector_bytes;
static char said[1024];
static uint32_t left_out;

static void hear(char c)
{
    size_t length = strlen(said);

    if (length + 1 < sizeof said)
        said[length] = c;
}

static void store(uint8_t *to, uint64_t value, int bytes)
{
    memcpy(to, &value, (size_t)bytes);
}

static uint8_t *sector(uint64_t lba)
{
    return disk + lba * sector_bytes;
}

static void seal(uint8_t *header)
{
    store(header + 16, 0, 4);
    store(header + 16, crc32(0, header, 92), 4);
}

static uint32_t array_sectors(void)
{
    return (ENTRIES * 128 + sector_bytes - 1) / sector_bytes;
}

static void put_copy(uint64_t lba, uint64_t alternate, uint64_t array)
{
    uint8_t *header = sector(lba), *entry = sector(array);

    memset(entry, 0x11, 16);
    memset(entry + 16, 0x22, 16);
    store(entry + 32, FIRST_LBA, 8);
    store(entry + 40, LAST_LBA, 8);
    memcpy(header, "EFI PART\0\0\1", 12);
    store(header + 12, 92, 4);
    store(header + 24, lba, 8);
    store(header + 32, alternate, 8);
    store(header + 40, 36, 8);
    store(header + 48, USABLE_LAST, 8);
    memset(header + 56, 0x33, 16);
    store(header + 72, array, 8);
    store(header + 80, ENTRIES, 4);
    store(header + 84, 128, 4);
    store(header + 88, crc32(0, entry, ENTRIES * 128), 4);
    seal(header);
}

static void put_disk(uint32_t bytes)
{
    static const uint8_t protective[16] = {0, 0, 2, 0, 0xee, 255, 255, 255, 1, 0, 0, 0, 255};

    sector_bytes = bytes;
    memset(disk, 0, sizeof disk);
    memcpy(disk + 446, protective, sizeof protective);
    store(disk + 510, 0xaa55, 2);
    put_copy(PRIMARY, BACKUP, 2);
    put_copy(BACKUP, PRIMARY, BACKUP - array_sectors());
}

static enum err list(struct volume *first, uint32_t *count)
{
    struct facts *facts = fake_begin(0);
    struct partitions list;
    struct arena arena;
    enum err err;

    memset(said, 0, sizeof said);
    log_attach(hear);
    fake_disk_in_memory(disk, (uint64_t)SECTORS * sector_bytes, sector_bytes);
    arena_begin(&arena, fake_firmware.allocate);
    err = partitions_read(&list, &fake_firmware, &facts->disks[0], &arena);
    *count = list.count;
    left_out = list.left_out.number;
    if (err == OK && *count)
        *first = list.volumes[0];
    log_attach(NULL);
    fake_end();
    return err;
}

static void expect_partition(uint32_t number)
{
    struct volume volume;
    uint32_t count;

    assert_int_equal(list(&volume, &count), OK);
    assert_int_equal(count, 1);
    assert_int_equal(volume.partitioning, LINTEL_PARTITIONING_GPT);
    assert_int_equal(volume.number, number);
    assert_int_equal(volume.first_lba, FIRST_LBA);
    assert_int_equal(volume.sectors, LAST_LBA - FIRST_LBA + 1);
    assert_int_equal(volume.type_guid[15], 0x11);
    assert_int_equal(volume.guid[0], 0x22);
    assert_int_equal(volume.disk_guid[7], 0x33);
}

static void expect_refusal(const char *primary, const char *backup)
{
    struct volume volume;
    uint32_t count;

    assert_int_equal(list(&volume, &count), ERR_FORMAT);
    assert_non_null(strstr(err_message(), "fake disk 0: both copies of its GPT are damaged"));
    assert_non_null(strstr(err_message(), primary));
    assert_non_null(strstr(err_message(), backup));
}

/* One field of a header; `sealed`: with a checksum that is right again. */
static const struct corruption {
    int offset, bytes;
    uint64_t value;
    bool sealed;
    const char *message;
} corruptions[] = {
    {0, 1, 'X', true, "no signature"},
    {8, 4, 0x20000, true, "header revision 00020000h"},
    {12, 4, 91, true, "header size 91 is not in 92 to"},
    {12, 4, 4097, true, "header size 4097"},
    {16, 4, 0x12345678, false, "but 12345678h is stated"},
    {24, 8, 77, true, "header says that it lies at LBA 77"},
    {32, 8, 99, false, "header CRC-32 is"},
    {40, 8, 0, true, "usable sectors 0 to 246"},
    {40, 8, USABLE_LAST + 1, true, "usable sectors 247 to 246"},
    {48, 8, 30, true, "usable sectors 36 to 30"},
    {56, 1, 0, false, "header CRC-32 is"},
    {72, 8, 0, true, "entries at LBA 0 overlap"},
    {72, 8, 50, true, "entries at LBA 50 overlap"},
    {72, 8, UINT64_MAX, true, "entries at LBA 18446744073709551615 overlap"},
    {72, 8, UINT64_MAX / 512, true, "lie behind its end"},
    {72, 8, SECTORS, true, "is behind the last sector"},
    {80, 4, 0, true, "0 entries of 128 bytes"},
    {80, 4, 8193, true, "8193 entries of 128 bytes"},
    {80, 4, 15, true, "CRC-32 of the entries"},
    {84, 4, 0, true, "entry size 0"},
    {84, 4, 64, true, "entry size 64"},
    {84, 4, 192, true, "entry size 192"},
    {88, 4, 0x12345678, true, "but 12345678h is stated"},
};

static void corrupt(uint64_t lba, const struct corruption *c)
{
    store(sector(lba) + c->offset, c->value, c->bytes);
    if (c->sealed && c->offset != 16)
        seal(sector(lba));
}

static void each_field_of_each_copy(void **state)
{
    static const uint32_t sizes[] = {512, 1024, 2048, 4096};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(corruptions) * ARRAY_LENGTH(sizes); i++) {
        const struct corruption *c = &corruptions[i / ARRAY_LENGTH(sizes)];
        uint32_t bytes = sizes[i % ARRAY_LENGTH(sizes)];

        put_disk(bytes);
        corrupt(BACKUP, c);
        expect_partition(1);
        assert_string_equal(said, "");

        put_disk(bytes);
        corrupt(PRIMARY, c);
        expect_partition(1);
        assert_non_null(strstr(said, "fake disk 0: the primary GPT is damaged: "));
        assert_non_null(strstr(said, c->message));
        assert_non_null(strstr(said, "using the backup at LBA 255\n"));

        corrupt(BACKUP, c);
        expect_refusal(c->message, c->message);
    }
}

static void damaged_entries(void **state)
{
    (void)state;
    put_disk(512);
    sector(2)[20] ^= 1;
    expect_partition(1);
    assert_non_null(strstr(said, "LBA 1: CRC-32 of the entries at LBA 2 is"));
    sector(BACKUP - array_sectors())[20] ^= 1;
    expect_refusal("primary: LBA 1: CRC-32 of the entries", "backup: LBA 255: CRC-32 of the");
}

/* A disk image that was copied to a larger disk: its backup is no longer in the last sector. */
static void backup_where_the_primary_says(void **state)
{
    (void)state;
    put_disk(512);
    memset(sector(BACKUP), 0, sector_bytes);
    put_copy(PRIMARY, 200, 2);
    store(sector(PRIMARY) + 48, 150, 8);
    seal(sector(PRIMARY));
    put_copy(200, PRIMARY, 160);
    store(sector(200) + 48, 150, 8);
    seal(sector(200));
    sector(2)[20] ^= 1;
    expect_partition(1);
    assert_non_null(strstr(said, "using the backup at LBA 200"));
}

static void large_entries(void **state)
{
    (void)state;
    put_disk(512);
    memmove(sector(2) + 3 * 256, sector(2), 128);
    memset(sector(2), 0, 128);
    store(sector(PRIMARY) + 84, 256, 4);
    store(sector(PRIMARY) + 88, crc32(0, sector(2), ENTRIES * 256), 4);
    seal(sector(PRIMARY));
    expect_partition(4);
    assert_string_equal(said, "");
}

/* A partition that is not where partitions may be is left out; the others stay. */
static void partitions_out_of_bounds(void **state)
{
    static const struct {
        uint64_t first, last;
    } bad[] = {{35, 39}, {100, USABLE_LAST + 1}, {120, 119}, {0, UINT64_MAX}, {UINT64_MAX, 5}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        put_disk(512);
        memset(sector(2) + 128, 0x44, 32);
        store(sector(2) + 128 + 32, bad[i].first, 8);
        store(sector(2) + 128 + 40, bad[i].last, 8);
        store(sector(PRIMARY) + 88, crc32(0, sector(2), ENTRIES * 128), 4);
        seal(sector(PRIMARY));
        expect_partition(1);
        assert_int_equal(left_out, 2);
        assert_string_equal(said, "");
    }
    put_disk(512);
    expect_partition(1);
    assert_int_equal(left_out, 0);
}

/* A firmware that does not tell the size of its disk. */
static enum err read_unsized(const struct disk *unsized, uint64_t lba, uint64_t sectors, void *to)
{
    struct disk sized = *unsized;

    sized.sectors = SECTORS;
    return fake_firmware.read(&sized, lba, sectors, to);
}

static void unreadable_primary(void **state)
{
    struct facts *facts = fake_begin(0);
    struct firmware firmware = fake_firmware;
    struct arena arena;
    struct volume *volumes;
    uint32_t count = 0;

    (void)state;
    put_disk(512);
    fake_disk_in_memory(disk, SECTORS * 512, 512);
    fake_break_sectors(0, PRIMARY, 1);
    arena_begin(&arena, fake_firmware.allocate);
    assert_int_equal(partition_list(&firmware, &facts->disks[0], &arena, &volumes, &count), OK);
    assert_int_equal(count, 1);
    facts->disks[0].sectors = 0;
    firmware.read = read_unsized;
    assert_int_equal(partition_list(&firmware, &facts->disks[0], &arena, &volumes, &count),
                     ERR_FORMAT);
    assert_non_null(strstr(err_message(), "backup: the place of the backup is unknown"));
    fake_end();
}

/* Sector 0 was overwritten, or its protective entry was. */
static void no_protective_mbr(void **state)
{
    (void)state;
    put_disk(4096);
    memset(disk, 0, 512);
    expect_partition(1);
    assert_non_null(strstr(said, "sector 0 holds no protective MBR"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_of_each_copy),
        cmocka_unit_test(damaged_entries),
        cmocka_unit_test(backup_where_the_primary_says),
        cmocka_unit_test(large_entries),
        cmocka_unit_test(partitions_out_of_bounds),
        cmocka_unit_test(unreadable_primary),
        cmocka_unit_test(no_protective_mbr),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
