/* What firmwares call memory, against the tables of ACPI 6.5, 15.2, and UEFI 2.10, 7.2.1. */
#include "common/lib/mem.h"
#include "common/memory/memmap.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_e820_types(void **state)
{
    static const enum lintel_memory_type want[] = {
        LINTEL_MEMORY_RESERVED,         LINTEL_MEMORY_USABLE,     LINTEL_MEMORY_RESERVED,
        LINTEL_MEMORY_ACPI_RECLAIMABLE, LINTEL_MEMORY_ACPI_NVS,   LINTEL_MEMORY_BAD,
        LINTEL_MEMORY_RESERVED,         LINTEL_MEMORY_PERSISTENT, LINTEL_MEMORY_RESERVED};
    enum lintel_memory_type type;

    (void)state;
    for (uint32_t i = 0; i < ARRAY_LENGTH(want); i++) {
        assert_true(memmap_type_of_e820(i, 1, &type));
        assert_int_equal(want[i], type);
        assert_false(memmap_type_of_e820(i, 0, &type));
        assert_false(memmap_type_of_e820(i, 0xfffffffe, &type));
    }
    assert_true(memmap_type_of_e820(UINT32_MAX, UINT32_MAX, &type));
    assert_int_equal(LINTEL_MEMORY_RESERVED, type);
}

static void test_efi_types(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        enum lintel_memory_type type = memmap_type_of_efi(i, 0xf);
        bool usable = i == 1 || i == 2 || i == 7, boot_services = i == 3 || i == 4;

        assert_int_equal(usable, type == LINTEL_MEMORY_USABLE);
        assert_int_equal(boot_services, type == LINTEL_MEMORY_RECLAIMABLE);
        if (usable || boot_services)
            assert_int_equal(LINTEL_MEMORY_RESERVED, memmap_type_of_efi(i, 0x4000f));
    }
    assert_int_equal(LINTEL_MEMORY_EFI_RUNTIME_CODE, memmap_type_of_efi(5, 0));
    assert_int_equal(LINTEL_MEMORY_EFI_RUNTIME_DATA, memmap_type_of_efi(6, 0));
    assert_int_equal(LINTEL_MEMORY_BAD, memmap_type_of_efi(8, 0));
    assert_int_equal(LINTEL_MEMORY_ACPI_RECLAIMABLE, memmap_type_of_efi(9, 0));
    assert_int_equal(LINTEL_MEMORY_ACPI_NVS, memmap_type_of_efi(10, 0));
    assert_int_equal(LINTEL_MEMORY_MMIO, memmap_type_of_efi(11, 0));
    assert_int_equal(LINTEL_MEMORY_MMIO, memmap_type_of_efi(12, 0));
    assert_int_equal(LINTEL_MEMORY_PERSISTENT, memmap_type_of_efi(14, 0));
    assert_int_equal(LINTEL_MEMORY_RESERVED, memmap_type_of_efi(0x80000000, 0));
}

static void test_names(void **state)
{
    (void)state;
    for (enum lintel_memory_type a = 1; a < LINTEL_MEMORY_TYPES; a++)
        for (enum lintel_memory_type b = 1; b < a; b++)
            assert_string_not_equal(memmap_type_name(a), memmap_type_name(b));
    assert_string_equal("unknown", memmap_type_name(0));
    assert_string_equal("unknown", memmap_type_name(LINTEL_MEMORY_TYPES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_e820_types),
        cmocka_unit_test(test_efi_types),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
