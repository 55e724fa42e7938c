/* ACPI tables: the whole ones, and each field damaged by itself. */
#include "test/unit/acpi_tables.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct acpi acpi;

static int begin(void **state)
{
    (void)state;
    acpi = begin_acpi_tables();
    return 0;
}

static int end(void **state)
{
    (void)state;
    return munmap(tables, sizeof *tables);
}

static void assert_found(void)
{
    struct acpi_table table;
    assert_int_equal(acpi_find(&acpi, "APIC", &table), OK);
    assert_ptr_equal(table.bytes, tables->madt);
    assert_int_equal(table.length, madt_length());
}

static void assert_refused(enum err err, const char *message)
{
    struct acpi_table table;
    assert_int_equal(acpi_find(&acpi, "APIC", &table), err);
    if (!strstr(err_message(), message))
        fail_msg("\"%s\" lacks \"%s\"", err_message(), message);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void finds_a_table(void **state)
{
    (void)state;
    assert_found();
    struct acpi_table table;
    assert_int_equal(acpi_find(&acpi, "TEST", &table), OK);
    assert_ptr_equal(table.bytes, tables->other);
    assert_int_equal(acpi_find(&acpi, "NONE", &table), ERR_NOT_FOUND);
    acpi.rsdp = 0;
    assert_refused(ERR_NOT_FOUND, "no ACPI tables");
}

static void the_rsdt_stands_in(void **state)
{
    (void)state;
    tables->rsdp[15] = 0; /* ACPI 1.0 */
    tables->xsdt[0] = 'Y';
    seal_rsdp();
    assert_found();
    tables->rsdp[15] = 2;
    seal_rsdp();
    assert_found();
    begin_roots();
    tables->xsdt[9]++; /* its checksum */
    assert_found();
    begin_roots();
    tables->rsdp[32]++; /* the RSDP's second checksum: what it covers is not trusted */
    tables->rsdt[36]--;
    assert_refused(ERR_FORMAT, "RSDT");
}

/* What such an RSDP has where the XSDT's address would be means nothing. */
static void an_rsdp_without_an_xsdt(void **state)
{
    (void)state;
    tables->rsdt[0] = 'S';
    assert_found();
    tables->rsdp[15] = 0;
    seal_rsdp();
    assert_refused(ERR_FORMAT, "RSDT");
    tables->rsdp[15] = 2;
    put(tables->rsdp + 20, 20, 4); /* its length */
    seal(tables->rsdp, 20, 8);
    assert_refused(ERR_FORMAT, "RSDT");
}

static void the_xsdt_comes_first(void **state)
{
    (void)state;
    tables->rsdt[0] = 'S';
    assert_found();
}

static void damaged_rsdp(void **state)
{
    (void)state;
    tables->rsdp[9]++;
    assert_refused(ERR_FORMAT, "RSDP");
    begin(state);
    memcpy(tables->rsdp, "RSD-PTR ", 8);
    seal_rsdp();
    assert_refused(ERR_FORMAT, "RSDP");
    begin(state);
    acpi.rsdp = acpi.end - 19;
    assert_refused(ERR_FORMAT, "RSDP");
    acpi.rsdp = acpi.first - 1;
    assert_refused(ERR_FORMAT, "RSDP");
    acpi.rsdp = UINT64_MAX - 4;
    assert_refused(ERR_FORMAT, "RSDP");
}

static void damaged_roots(void **state)
{
    static const uint32_t lengths[] = {0, 35, sizeof *tables, MIB + 1, UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
        begin_roots();
        tables->xsdt[0] = 'Y';
        put(tables->rsdt + 4, lengths[i], 4);
        assert_refused(ERR_FORMAT, "RSDT");
    }
    put(tables->rsdp + 16, acpi.end - 35, 4);
    seal_rsdp();
    assert_refused(ERR_FORMAT, "outside of memory");
}

static void a_root_with_half_an_address(void **state)
{
    (void)state;
    put(tables->xsdt + 4, sizeof tables->xsdt - 1, 4);
    seal_table(tables->xsdt);
    assert_refused(ERR_NOT_FOUND, "APIC");
}

static void damaged_table(void **state)
{
    (void)state;
    tables->madt[40]++;
    assert_refused(ERR_FORMAT, "APIC at 200000");
    put(tables->madt + 4, sizeof *tables, 4);
    assert_refused(ERR_FORMAT, "length");
}

static void wild_addresses_are_passed(void **state)
{
    static const uint64_t wild[] = {0, 1, UINT64_MAX, UINT64_MAX - 35, ACPI_TABLES_BASE - 1};
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(wild); i++) {
        put(tables->xsdt + 36, wild[i], 8);
        seal_table(tables->xsdt);
        assert_found();
    }
}

/* ---- processors ------------------------------------------------------------------------------ */

static void assert_processors(const struct acpi_processor *wanted, size_t count)
{
    struct acpi_table madt;
    struct acpi_processor processor;
    uint32_t offset = 0;
    assert_int_equal(acpi_find(&acpi, "APIC", &madt), OK);
    for (size_t i = 0; i < count; i++) {
        assert_true(acpi_next_processor(&madt, &offset, &processor));
        assert_int_equal(processor.uid, wanted[i].uid);
        assert_int_equal(processor.apic_id, wanted[i].apic_id);
    }
    assert_false(acpi_next_processor(&madt, &offset, &processor));
    assert_false(acpi_next_processor(&madt, &offset, &processor));
}

static void lists_enabled_processors(void **state)
{
    static const uint8_t io_apic[12] = {1, 12}, override[12] = {5, 12};
    static const struct acpi_processor wanted[] = {{7, 0}, {1, 2}, {70000, 300}, {9, 254}};
    (void)state;
    assert_processors(NULL, 0);
    add_local_apic(7, 0, 1);
    add_local_apic(8, 1, 0); /* neither enabled... */
    add_local_apic(8, 1, 2); /* ...nor, though it could be */
    add_entry(io_apic, sizeof io_apic);
    add_local_apic(1, 2, 3);
    add_entry(override, sizeof override);
    add_x2apic(70000, 300, 1);
    add_x2apic(70001, 301, 2);
    add_local_apic(10, 0xff, 1); /* a message to these would reach all */
    add_x2apic(70002, UINT32_MAX, 1);
    add_local_apic(9, 254, 1);
    assert_processors(wanted, ARRAY_LENGTH(wanted));
}

/* What stands behind a damaged entry is not looked at. */
static void damaged_entries(void **state)
{
    static const uint8_t bad[][2] = {{0, 0}, {0, 1}, {0, 9}, {0xff, 0xff}};
    static const struct acpi_processor wanted[] = {{1, 2}};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        begin(state);
        add_local_apic(1, 2, 1);
        add_local_apic(3, 4, 1);
        memcpy(tables->madt + 44 + 8, bad[i], 2);
        seal_table(tables->madt);
        assert_processors(wanted, 1);
    }
}

static void short_entries(void **state)
{
    static const uint8_t local_apic[7] = {0, 7, 5, 5, 1}, x2apic[15] = {9, 15};
    static const struct acpi_processor wanted[] = {{1, 2}};
    (void)state;
    add_entry(local_apic, sizeof local_apic);
    add_entry(x2apic, sizeof x2apic);
    add_local_apic(1, 2, 1);
    add_entry((const uint8_t[]){0}, 1); /* half a header at the end */
    assert_processors(wanted, 1);
}

static void a_madt_without_entries(void **state)
{
    (void)state;
    for (uint32_t length = 36; length <= 45; length++) {
        begin_table(tables->madt, "APIC", length);
        assert_processors(NULL, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(finds_a_table),
        TEST(the_rsdt_stands_in),
        TEST(an_rsdp_without_an_xsdt),
        TEST(the_xsdt_comes_first),
        TEST(damaged_rsdp),
        TEST(damaged_roots),
        TEST(a_root_with_half_an_address),
        TEST(damaged_table),
        TEST(wild_addresses_are_passed),
        TEST(lists_enabled_processors),
        TEST(damaged_entries),
        TEST(short_entries),
        TEST(a_madt_without_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
