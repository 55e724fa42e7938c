/* What a boot sector is told of its partition, beyond what a machine in a test has: large disks. */
#include "common/lib/mem.h"
#include "common/protocol/sector_table.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct sector_handover handover;

static const struct volume gpt = {
    .partitioning = LINTEL_PARTITIONING_GPT,
    .number = 3,
    .first_lba = UINT64_C(0x123456789a),
    .sectors = UINT64_C(0x200000000),
    .guid = {1, 2, 3},
    .type_guid = {4, 5, 6},
};

static void test_whole_disk(void **state)
{
    const struct volume whole = {.sectors = 100};

    (void)state;
    assert_int_equal(sector_handover(&whole, &handover), OK);
    assert_int_equal(handover.bytes, 0);
    assert_int_equal(handover.eax, 0);
}

/* The short entry says "beyond", the GPT's has all bits. */
static void test_gpt_behind_2_tib(void **state)
{
    (void)state;
    assert_int_equal(sector_handover(&gpt, &handover), OK);
    assert_int_equal(handover.bytes, 148);
    assert_int_equal(handover.eax, 0x54504721);
    assert_int_equal(handover.table[4], 0xed);
    assert_int_equal(load32(handover.table + 8), UINT32_MAX);
    assert_int_equal(load32(handover.table + 12), UINT32_MAX);
    assert_int_equal(load32(handover.table + 16), 128);
    assert_memory_equal(handover.table + 20, gpt.type_guid, 16);
    assert_memory_equal(handover.table + 36, gpt.guid, 16);
    assert_int_equal(load64(handover.table + 52), gpt.first_lba);
    assert_int_equal(load64(handover.table + 60), gpt.first_lba + gpt.sectors - 1);
}

static void test_unreadable_table(void **state)
{
    static uint8_t disk[4096];

    (void)state;
    struct facts *facts = fake_begin(0);
    uint32_t index = fake_disk_in_memory(disk, sizeof disk, 512);
    const struct volume primary = {
        .firmware = &fake_firmware,
        .disk = &facts->disks[index],
        .partitioning = LINTEL_PARTITIONING_MBR,
        .number = 4,
        .first_lba = 1,
        .sectors = 2,
    };
    disk[446 + 48 + 4] = 0x0c;
    assert_int_equal(sector_handover(&primary, &handover), OK);
    assert_int_equal(handover.entry, 48);
    assert_int_equal(handover.table[48], 0x80);
    assert_int_equal(handover.table[52], 0x0c);
    fake_break_sectors(index, 0, 1);
    assert_int_equal(sector_handover(&primary, &handover), ERR_IO);
    fake_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_disk),
        cmocka_unit_test(test_gpt_behind_2_tib),
        cmocka_unit_test(test_unreadable_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
