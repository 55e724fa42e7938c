/* Where firmware tables lie, true ones and wild ones. */
#include "common/hw/firmware_ranges.h"
#include "common/lib/mem.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MEMORY (16 * MIB)
#define AT(n)  (FAKE_MEMORY_BASE + MIB + (n)*0x1000) /* the n-th table */

static struct facts *facts;
static struct firmware_range list[16];
static struct firmware_ranges ranges;

static void store(uint64_t physical, uint64_t value, uint32_t bytes)
{
    memcpy(at_physical(physical), &value, bytes);
}

/* RSDP, RSDT, XSDT, FADT, FACS, DSDT and one more at 0 to 6. */
static void make_acpi(void)
{
    static const struct {
        uint32_t number;
        const char *signature;
        uint32_t bytes;
    } tables[] = {{1, "RSDT", 40}, {2, "XSDT", 52},  {3, "FACP", 244},
                  {4, "FACS", 64}, {5, "DSDT", 500}, {6, "APIC", 100}};
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++) {
        memcpy(at_physical(AT(tables[i].number)), tables[i].signature, 4);
        store(AT(tables[i].number) + 4, tables[i].bytes, 4);
    }
    facts->rsdp = AT(0);
    store(AT(0) + 15, 2, 1);
    store(AT(0) + 16, AT(1), 4);
    store(AT(0) + 24, AT(2), 8);
    store(AT(1) + 36, AT(3), 4);
    store(AT(2) + 36, AT(3), 8);
    store(AT(2) + 44, AT(6), 8);
    store(AT(3) + 36, AT(4), 4);
    store(AT(3) + 40, AT(5), 4);
    store(AT(3) + 132, AT(4), 8);
    store(AT(3) + 140, AT(5), 8);
}

static int begin(void **state)
{
    (void)state;
    facts = fake_begin(MEMORY);
    memset(at_physical(AT(0)), 0, 0x10000);
    ranges = (struct firmware_ranges){list, 0, ARRAY_LENGTH(list)};
    make_acpi();
    return 0;
}

/* Bytes of the range at the n-th table; 0: it is not listed. */
static uint64_t listed(uint64_t n)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < ranges.count; i++)
        if (ranges.ranges[i].physical == AT(n)) {
            assert_int_equal(bytes, 0);
            bytes = ranges.ranges[i].bytes;
        }
    return bytes;
}

static void lists_acpi(void **state)
{
    static const uint64_t bytes[] = {36, 40, 52, 244, 64, 500, 100};
    (void)state;
    firmware_ranges_acpi(facts, &ranges);
    assert_int_equal(ranges.count, ARRAY_LENGTH(bytes));
    for (size_t i = 0; i < ARRAY_LENGTH(bytes); i++)
        assert_int_equal(listed(i), bytes[i]);
}

static void old_acpi_has_no_xsdt(void **state)
{
    (void)state;
    store(AT(0) + 15, 0, 1);
    firmware_ranges_acpi(facts, &ranges);
    assert_int_equal(listed(2), 0);
    assert_int_equal(listed(6), 0);
    assert_int_equal(listed(5), 500);
}

static void passes_over_wild_tables(void **state)
{
    (void)state;
    store(AT(2) + 44, UINT64_MAX, 8);
    store(AT(5) + 4, UINT32_MAX, 4); /* longer than memory */
    store(AT(4) + 4, 3, 4);          /* shorter than a header */
    store(AT(1) + 36, AT(1), 4);     /* itself */
    firmware_ranges_acpi(facts, &ranges);
    assert_int_equal(ranges.count, 4);
    assert_int_equal(listed(3), 244);
    facts->rsdp = facts->reachable_end - 8;
    ranges.count = 0;
    firmware_ranges_acpi(facts, &ranges);
    assert_int_equal(ranges.count, 0);
}

static void stops_when_full(void **state)
{
    (void)state;
    ranges.capacity = 3;
    firmware_ranges_acpi(facts, &ranges);
    assert_int_equal(ranges.count, 3);
}

static void lists_smbios(void **state)
{
    (void)state;
    facts->smbios = AT(0);
    facts->smbios3 = AT(1);
    store(AT(0) + 22, 700, 2);
    store(AT(0) + 24, AT(2), 4);
    store(AT(1) + 12, 800, 4);
    store(AT(1) + 16, AT(3), 8);
    firmware_ranges_smbios(facts, &ranges);
    assert_int_equal(listed(0), 31);
    assert_int_equal(listed(1), 24);
    assert_int_equal(listed(2), 700);
    assert_int_equal(listed(3), 800);
}

static void lists_efi(void **state)
{
    (void)state;
    facts->efi_system_table = AT(0);
    store(AT(0) + 24, AT(1), 8); /* the vendor: five units and a 0 */
    memcpy(at_physical(AT(1)), "v\0e\0n\0d\0o\0", 10);
    store(AT(1) + 10, 0, 2);
    store(AT(0) + 88, AT(2), 8);
    store(AT(2) + 12, 140, 4);
    store(AT(0) + 104, 10, 8);
    store(AT(0) + 112, AT(3), 8);
    firmware_ranges_efi(facts, &ranges);
    assert_int_equal(ranges.count, 4);
    assert_int_equal(listed(0), 120);
    assert_int_equal(listed(1), 12);
    assert_int_equal(listed(2), 140);
    assert_int_equal(listed(3), 240);
}

static void lists_nothing_of_a_machine_without(void **state)
{
    (void)state;
    facts->rsdp = facts->smbios = facts->smbios3 = facts->efi_system_table = 0;
    firmware_ranges_acpi(facts, &ranges);
    firmware_ranges_smbios(facts, &ranges);
    firmware_ranges_efi(facts, &ranges);
    assert_int_equal(ranges.count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, fake_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(lists_acpi),
        TEST(old_acpi_has_no_xsdt),
        TEST(passes_over_wild_tables),
        TEST(stops_when_full),
        TEST(lists_smbios),
        TEST(lists_efi),
        TEST(lists_nothing_of_a_machine_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
