/* Facts that firmware got wrong: pointers to tables that are none, and times that cannot be. */
#include "common/hw/tables.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define ROOM 4096

static uint8_t *bytes; /* what can be reached ends with them */
static struct facts facts;

static void seal(uint8_t *at, uint32_t count, uint32_t sum)
{
    at[sum] = 0;
    for (uint32_t i = 0; i < count; i++)
        at[sum] = (uint8_t)(at[sum] - (i == sum ? 0 : at[i]));
}

static uint8_t *rsdp(uint8_t *at, uint8_t revision)
{
    memcpy(at, "RSD PTR LINTEL", 15);
    at[15] = revision;
    store_bytes(at + 20, 36, 4);
    seal(at, 20, 8);
    seal(at, 36, 32);
    return at;
}

static uint8_t *smbios(uint8_t *at)
{
    memcpy(at, "_SM_", 4);
    at[5] = 31;
    memcpy(at + 16, "_DMI_", 5);
    seal(at + 16, 15, 5);
    seal(at, 31, 4);
    return at;
}

static uint8_t *smbios3(uint8_t *at)
{
    memcpy(at, "_SM3_", 5);
    at[6] = 24;
    seal(at, 24, 5);
    return at;
}

static int set_up(void **state)
{
    (void)state;
    bytes = calloc(1, ROOM);
    facts = (struct facts){.reachable_end = (uintptr_t)bytes + ROOM};
    facts.rsdp = (uintptr_t)rsdp(bytes, 2);
    facts.smbios = (uintptr_t)smbios(bytes + 64);
    facts.smbios3 = (uintptr_t)smbios3(bytes + 128);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(bytes);
    return 0;
}

static void what_is_sound_stays(void **state)
{
    struct facts before = facts;

    (void)state;
    before.wall_clock = facts.wall_clock = 1577836800;
    before.tsc_hz = facts.tsc_hz = 3000000000;
    tables_check(&facts);
    assert_memory_equal(&before, &facts, sizeof facts);
    rsdp(bytes, 0);
    memset(bytes + 20, 0xff, 16); /* no part of it */
    tables_check(&facts);
    assert_memory_equal(&before, &facts, sizeof facts);
}

static void one_wrong_byte_is_enough(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 36; i++) {
        bytes[i] ^= 0x40;
        assert_false(tables_is_rsdp(bytes, ROOM));
        bytes[i] ^= 0x40;
    }
    for (uint32_t i = 0; i < 31; i++) {
        bytes[64 + i] ^= 0x40;
        assert_false(tables_is_smbios(bytes + 64, ROOM - 64));
        bytes[64 + i] ^= 0x40;
    }
    for (uint32_t i = 0; i < 24; i++) {
        bytes[128 + i] ^= 0x40;
        assert_false(tables_is_smbios3(bytes + 128, ROOM - 128));
        bytes[128 + i] ^= 0x40;
    }
}

static void what_has_no_room_is_none(void **state)
{
    (void)state;
    for (uint64_t room = 0; room < 36; room++) {
        uint8_t *end = calloc(1, room + 1);
        memcpy(end, bytes, room);
        assert_false(tables_is_rsdp(end, room));
        memcpy(end, bytes + 64, room);
        assert_true(tables_is_smbios(end, room) == (room >= 31));
        memcpy(end, bytes + 128, room);
        assert_true(tables_is_smbios3(end, room) == (room >= 24));
        free(end);
    }
    store_bytes(bytes + 20, UINT32_MAX, 4); /* the RSDP's length */
    seal(bytes, 20, 8);
    seal(bytes, 36, 32);
    assert_false(tables_is_rsdp(bytes, ROOM));
}

static void pointers_to_elsewhere_are_none(void **state)
{
    const uint64_t elsewhere[] = {(uintptr_t)bytes + 256, facts.reachable_end - 1,
                                  facts.reachable_end, UINT64_MAX};
    char log[LOG_BYTES + 1];

    (void)state;
    for (uint32_t i = 0; i < ARRAY_LENGTH(elsewhere); i++) {
        facts.rsdp = facts.smbios = facts.smbios3 = elsewhere[i];
        tables_check(&facts);
        assert_true(!facts.rsdp && !facts.smbios && !facts.smbios3);
    }
    log_copy(log, sizeof log);
    assert_non_null(strstr(log, "firmware: at FFFFFFFFFFFFFFFFh there is no RSDP"));
}

static void what_is_not_mapped_is_none(void **state)
{
    (void)state;
    fake_unmapped = (uintptr_t)bytes + 64;
    assert_null(tables_bytes(&facts, fake_unmapped - 1, 2));
    assert_non_null(tables_bytes(&facts, fake_unmapped - 1, 1));
    tables_check(&facts);
    assert_true(facts.rsdp && !facts.smbios && !facts.smbios3);
    fake_unmapped = (uintptr_t)bytes + 35;
    assert_false(tables_have_rsdp(&facts));
    fake_unmapped = UINT64_MAX;
}

static void times_that_cannot_be_are_unknown(void **state)
{
    const int64_t clocks[] = {1,         946684800,  1420070400, 1577836799,
                              INT64_MIN, 7258118400, INT64_MAX};
    const uint64_t counters[] = {1, 360000, UINT64_MAX};

    (void)state;
    for (uint32_t i = 0; i < ARRAY_LENGTH(clocks); i++) {
        facts.wall_clock = clocks[i];
        tables_check(&facts);
        assert_int_equal(facts.wall_clock, 0);
    }
    for (uint32_t i = 0; i < ARRAY_LENGTH(counters); i++) {
        facts.tsc_hz = counters[i];
        tables_check(&facts);
        assert_int_equal(facts.tsc_hz, 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_sound_stays),        TEST(one_wrong_byte_is_enough),
        TEST(what_has_no_room_is_none),   TEST(pointers_to_elsewhere_are_none),
        TEST(what_is_not_mapped_is_none), TEST(times_that_cannot_be_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
