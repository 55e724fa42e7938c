/* Which partitions a disk has: MBR chains, tables made by sgdisk and sfdisk, disks without a table,
 * and reading bytes of a volume. */
#include "common/lib/mem.h"
#include "common/storage/disk/partition.h"
#include "test/unit/fake_firmware.h"
#include "test/unit/scratch.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define SECTORS 4096

static uint8_t disk[SECTORS * 512];
static struct volume found[300];
static uint32_t count, left_out;

static enum err list_disk(struct facts *facts)
{
    struct partitions list;
    struct arena arena;
    enum err err;

    arena_begin(&arena, fake_firmware.allocate);
    err = partitions_read(&list, &fake_firmware, &facts->disks[0], &arena);
    count = list.count;
    left_out = list.left_out.number;
    if (err == OK)
        memcpy(found, list.volumes, count * sizeof *found);
    fake_end();
    return err;
}

static enum err list(void)
{
    struct facts *facts = fake_begin(0);

    fake_disk_in_memory(disk, sizeof disk, 512);
    return list_disk(facts);
}

static void expect_whole(void)
{
    assert_int_equal(list(), OK);
    assert_int_equal(count, 1);
    assert_int_equal(found[0].partitioning, LINTEL_PARTITIONING_NONE);
    assert_int_equal(found[0].number, 0);
    assert_int_equal(found[0].first_lba, 0);
    assert_int_equal(found[0].sectors, SECTORS);
}

static void put_fat_parameters(void)
{
    static const uint8_t parameters[] = {0xeb, 0x3c, 0x90, 'm', 's', 'd', 'o', 's', '5', '.', '0',
                                         0,    2,    4,    1,   0,   2,   0,   2,   0,   16,  0xf8};

    memcpy(disk, parameters, sizeof parameters);
    disk[510] = 0x55;
    disk[511] = 0xaa;
}

/* ---- MBR ------------------------------------------------------------------------------------- */

static uint8_t *put_entry(uint32_t lba, unsigned index, uint8_t type, uint32_t first,
                          uint32_t sectors)
{
    uint8_t *sector = disk + lba * 512, *entry = sector + 446 + 16 * index;

    sector[510] = 0x55;
    sector[511] = 0xaa;
    entry[4] = type;
    memcpy(entry + 8, &first, 4);
    memcpy(entry + 12, &sectors, 4);
    return entry;
}

static void begin(void)
{
    memset(disk, 0, sizeof disk);
}

static void expect(uint32_t index, uint32_t number, uint64_t first, uint64_t sectors)
{
    assert_true(index < count);
    assert_int_equal(found[index].partitioning, LINTEL_PARTITIONING_MBR);
    assert_int_equal(found[index].number, number);
    assert_int_equal(found[index].first_lba, first);
    assert_int_equal(found[index].sectors, sectors);
}

static void primaries(void **state)
{
    (void)state;
    begin();
    memcpy(disk + 440, "\x78\x56\x34\x12", 4);
    put_entry(0, 0, 0x83, 64, 100);
    put_entry(0, 2, 0xef, 200, 50)[0] = 0x80;
    put_entry(0, 3, 0x83, SECTORS - 10, 10);
    assert_int_equal(list(), OK);
    assert_int_equal(count, 3);
    assert_int_equal(left_out, 0);
    expect(0, 1, 64, 100);
    expect(1, 3, 200, 50);
    expect(2, 4, SECTORS - 10, 10);
    assert_false(found[0].active);
    assert_true(found[1].active);
    assert_false(volume_is_esp(&found[0]));
    assert_true(volume_is_esp(&found[1]));
    assert_memory_equal(found[1].disk_guid, "\x78\x56\x34\x12\0\0", 6);
}

/* Logical partitions count from their record, records from the extended partition. */
static void logicals(void **state)
{
    static const uint8_t types[] = {0x05, 0x0f, 0x85};

    (void)state;
    for (size_t i = 0; i < sizeof types; i++) {
        begin();
        put_entry(0, 0, 0x83, 64, 100);
        put_entry(0, 1, types[i], 1000, 2000);
        put_entry(1000, 0, 0x83, 8, 92);
        put_entry(1000, 1, 0x05, 500, 200); /* at 1500 */
        put_entry(1500, 0, 0x0c, 16, 64);
        put_entry(1500, 1, 0x05, 100, 300); /* back at 1100 */
        put_entry(1100, 1, 0x05, 900, 100); /* without a partition, on to 1900 */
        put_entry(1900, 0, 0x83, 1, 9);
        assert_int_equal(list(), OK);
        assert_int_equal(count, 4);
        expect(0, 1, 64, 100);
        expect(1, 5, 1008, 92);
        expect(2, 6, 1516, 64);
        expect(3, 7, 1901, 9);
    }
}

static void chain_of_records(uint32_t records)
{
    begin();
    put_entry(0, 0, 0x05, 100, 3000);
    for (uint32_t i = 0; i < records; i++) {
        put_entry(100 + 2 * i, 0, 0x83, 1, 1);
        if (i + 1 < records)
            put_entry(100 + 2 * i, 1, 0x05, 2 * (i + 1), 2);
    }
}

static void long_chains(void **state)
{
    (void)state;
    chain_of_records(128);
    assert_int_equal(list(), OK);
    assert_int_equal(count, 128);
    expect(127, 132, 100 + 2 * 127 + 1, 1);
    chain_of_records(129);
    assert_int_equal(list(), ERR_FORMAT);
    assert_non_null(strstr(err_message(), "fake disk 0: over 128 extended boot records"));
}

static void loops(void **state)
{
    (void)state;
    chain_of_records(10);
    put_entry(100 + 2 * 9, 1, 0x05, 2 * 4, 2);
    assert_int_equal(list(), ERR_FORMAT);
    assert_non_null(strstr(err_message(), "the chain of logical partitions loops"));
    chain_of_records(1);
    put_entry(0, 1, 0x05, 100, 3000); /* two extended partitions, the same */
    assert_int_equal(list(), OK);
    assert_int_equal(count, 2);
}

static void records_off_the_disk(void **state)
{
    (void)state;
    chain_of_records(2);
    put_entry(102, 1, 0x05, UINT32_MAX, 2);
    assert_int_equal(list(), ERR_IO);
    assert_non_null(strstr(err_message(), "is behind the last sector"));
    chain_of_records(2);
    disk[102 * 512 + 510] = 0;
    assert_int_equal(list(), OK);
    assert_int_equal(count, 1);
}

/* Where the disk ends only a read tells. */
static void partitions_off_the_disk(void **state)
{
    (void)state;
    begin();
    put_entry(0, 0, 0x83, 64, 100);
    put_entry(0, 1, 0x83, SECTORS - 10, 11);
    put_entry(0, 2, 0x83, UINT32_MAX, UINT32_MAX);
    put_entry(0, 3, 0x83, 0, 64);
    assert_int_equal(list(), OK);
    assert_int_equal(count, 3);
    assert_int_equal(left_out, 4);
    expect(0, 1, 64, 100);
    expect(1, 2, SECTORS - 10, 11);
    expect(2, 3, UINT32_MAX, UINT32_MAX);
}

/* A firmware's word is a hint. */
static void sizes_that_are_not_true(void **state)
{
    static const uint64_t told[] = {0, 1, 63, 100, SECTORS - 1, SECTORS + 1, UINT64_MAX};
    static uint8_t to[4096];

    (void)state;
    begin();
    put_fat_parameters(); /* beside which the table must make sense */
    put_entry(0, 0, 0x83, 64, 100);
    put_entry(0, 1, 0x05, 1000, 2000);
    put_entry(1000, 0, 0x83, 8, SECTORS - 1008);
    disk[sizeof disk - 1] = 0x77;
    for (size_t i = 0; i < ARRAY_LENGTH(told); i++) {
        struct facts *facts = fake_begin(0);
        fake_disk_in_memory(disk, sizeof disk, 512);
        facts->disks[0].sectors = told[i];
        assert_int_equal(list_disk(facts), OK);
        assert_int_equal(count, 2);
        expect(0, 1, 64, 100);
        expect(1, 5, 1008, SECTORS - 1008);

        facts = fake_begin(0);
        fake_disk_in_memory(disk, sizeof disk, 512);
        facts->disks[0].sectors = told[i];
        found[1].disk = &facts->disks[0];
        uint64_t end = found[1].sectors * 512;
        assert_int_equal(volume_read(&found[1], end - sizeof to, sizeof to, to), OK);
        assert_int_equal(to[sizeof to - 1], 0x77);
        assert_int_equal(volume_read(&found[1], end - 1, 2, to), ERR_FORMAT);
        fake_end();
    }
}

/* ---- with and without a table ---------------------------------------------------------------- */

static void no_table(void **state)
{
    (void)state;
    begin();
    expect_whole();
    put_fat_parameters();
    expect_whole();
    memcpy(disk + 446, "This is not a bootable disk. Please insert a bootable floppy\r\n", 62);
    expect_whole();
    begin();
    put_entry(0, 0, 0, 0, 0);
    expect_whole();
    put_entry(0, 0, 0x83, 64, 100)[0] = 0x42; /* code of another file system's boot sector */
    expect_whole();
}

/* As mkfs.fat --mbr writes it. */
static void fat_with_a_fake_table(void **state)
{
    (void)state;
    begin();
    put_fat_parameters();
    put_entry(0, 0, 0x0c, 0, SECTORS)[0] = 0x80;
    expect_whole();
    put_entry(0, 0, 0x0c, 0x20202020, 0x20202020); /* text */
    expect_whole();
    memcpy(disk + 512, "EFI PART", 8); /* an older life's */
    expect_whole();
}

/* A disk that was one FAT volume and got partitioned keeps the parameters. */
static void table_below_old_parameters(void **state)
{
    (void)state;
    begin();
    put_fat_parameters();
    put_entry(0, 0, 0x83, 64, 100);
    assert_int_equal(list(), OK);
    assert_int_equal(count, 1);
    expect(0, 1, 64, 100);
    put_entry(0, 1, 0xee, 1, UINT32_MAX);
    assert_int_equal(list(), ERR_FORMAT);
    assert_non_null(strstr(err_message(), "both copies of its GPT are damaged"));
}

/* The tables of a CD image may be read or not; test_hybrid.c has real ones. */
static void iso9660_beside_a_table(void **state)
{
    (void)state;
    begin();
    memcpy(disk + 32768, "\1CD001", 6);
    expect_whole();
    put_entry(0, 0, 0x83, 100, 100);
    assert_int_equal(list(), OK);
    assert_int_equal(count, 2);
    expect(0, 1, 100, 100);
    assert_int_equal(found[1].number, 0);
    chain_of_records(10);
    put_entry(100 + 2 * 9, 1, 0x05, 2 * 4, 2); /* a loop */
    memcpy(disk + 32768, "\1CD001", 6);
    expect_whole();
}

static void cd(void **state)
{
    struct facts *facts = fake_begin(0);

    (void)state;
    begin();
    put_entry(0, 0, 0x17, 64, 100);
    fake_disk_in_memory(disk, sizeof disk, 2048);
    facts->disks[0].medium = LINTEL_MEDIUM_CD;
    assert_int_equal(list_disk(facts), OK);
    assert_int_equal(count, 1);
    assert_int_equal(found[0].partitioning, LINTEL_PARTITIONING_NONE);
}

static void odd_sector_sizes(void **state)
{
    static const uint32_t sizes[] = {0, 520, 8192};

    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        struct facts *facts = fake_begin(0);
        fake_disk_in_memory(disk, sizeof disk, 512);
        facts->disks[0].sector_bytes = sizes[i];
        assert_int_equal(list_disk(facts), ERR_UNSUPPORTED);
    }
}

/* ---- tables made by tools -------------------------------------------------------------------- */

static void sgdisk_table(void **state)
{
    struct facts *facts;

    (void)state;
    run("truncate -s 64M gpt.img && sgdisk -n 1:2048:4095 -t 1:ef02 -n 3:8192:+32M -t 3:ef00 "
        "-n 128:102400:102400 -u 3:01234567-89AB-CDEF-0011-223344556677 gpt.img > sgdisk.log");
    facts = fake_begin(0);
    fake_disk_in_file("gpt.img", 512);
    assert_int_equal(list_disk(facts), OK);
    assert_int_equal(count, 3);
    assert_int_equal(found[1].partitioning, LINTEL_PARTITIONING_GPT);
    assert_int_equal(found[1].number, 3);
    assert_int_equal(found[1].first_lba, 8192);
    assert_int_equal(found[1].sectors, 65536);
    assert_true(volume_is_esp(&found[1]));
    assert_false(volume_is_esp(&found[0]));
    assert_memory_equal(found[1].guid,
                        "\x67\x45\x23\x01\xab\x89\xef\xcd\x00\x11\x22\x33\x44\x55\x66\x77", 16);
    assert_int_equal(found[2].number, 128);
    assert_int_equal(found[2].sectors, 1);
}

static void sfdisk_tables(void **state)
{
    struct facts *facts;

    (void)state;
    run("truncate -s 64M mbr.img && printf 'label: dos\\nlabel-id: 0xdeadbeef\\n"
        "1: start=2048,size=4096,type=c,bootable\\n2: start=8192,size=2048\\n"
        "3: start=16384,type=5\\n5: size=8192\\n6: size=8192,type=82\\n7: type=b\\n' | "
        "sfdisk -q mbr.img");
    facts = fake_begin(0);
    fake_disk_in_file("mbr.img", 512);
    assert_int_equal(list_disk(facts), OK);
    assert_int_equal(count, 5);
    expect(0, 1, 2048, 4096);
    assert_true(found[0].active);
    expect(1, 2, 8192, 2048);
    expect(2, 5, 18432, 8192);
    expect(3, 6, 28672, 8192);
    expect(4, 7, 38912, 131072 - 38912);
    assert_memory_equal(found[0].disk_guid, "\xef\xbe\xad\xde", 4);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void bytes_of_a_volume(void **state)
{
    static uint8_t to[4096];
    struct facts *facts;

    (void)state;
    for (size_t i = 0; i < sizeof disk; i++)
        disk[i] = (uint8_t)(i * 2654435761u >> 13);
    for (uint32_t sector_bytes = 512; sector_bytes <= 4096; sector_bytes *= 2) {
        struct volume volume = {
            .firmware = &fake_firmware, .number = 1, .first_lba = 3, .sectors = 100};
        facts = fake_begin(0);
        fake_disk_in_memory(disk, sizeof disk, sector_bytes);
        volume.disk = &facts->disks[0];
        for (uint64_t offset = 0; offset < 9000; offset += 511)
            for (uint64_t bytes = 0; bytes < sizeof to; bytes += 255) {
                assert_int_equal(volume_read(&volume, offset, bytes, to), OK);
                assert_memory_equal(to, disk + 3 * sector_bytes + offset, bytes);
            }
        assert_int_equal(volume_read(&volume, 100 * sector_bytes - 1, 1, to), OK);
        assert_int_equal(volume_read(&volume, 100 * sector_bytes - 1, 2, to), ERR_FORMAT);
        assert_int_equal(volume_read(&volume, UINT64_MAX, 2, to), ERR_FORMAT);
        assert_int_equal(volume_read(&volume, 1, UINT64_MAX, to), ERR_FORMAT);
        volume.number = 0;
        volume.first_lba = UINT64_MAX;
        assert_int_equal(volume_read(&volume, sector_bytes, 1, to), ERR_FORMAT);
        fake_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(primaries),
        cmocka_unit_test(logicals),
        cmocka_unit_test(long_chains),
        cmocka_unit_test(loops),
        cmocka_unit_test(records_off_the_disk),
        cmocka_unit_test(partitions_off_the_disk),
        cmocka_unit_test(sizes_that_are_not_true),
        cmocka_unit_test(no_table),
        cmocka_unit_test(fat_with_a_fake_table),
        cmocka_unit_test(table_below_old_parameters),
        cmocka_unit_test(iso9660_beside_a_table),
        cmocka_unit_test(cd),
        cmocka_unit_test(odd_sector_sizes),
        cmocka_unit_test(sgdisk_table),
        cmocka_unit_test(sfdisk_tables),
        cmocka_unit_test(bytes_of_a_volume),
    };

    return cmocka_run_group_tests(tests, scratch_begin, scratch_end);
}
