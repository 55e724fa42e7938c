/* GDT, TSS and IDT gates, byte for byte as the Intel SDM's figures draw them. */
#include "common/memory/gdt.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* Figure 3-8: limit 15:0, base 23:0, access, flags and limit 19:16, base 31:24. */
static void test_segments(void **state)
{
    static const uint8_t want[5][8] = {
        {0},
        {0xff, 0xff, 0, 0, 0, 0x9b, 0xaf, 0}, /* code, readable, accessed, DPL 0; G, L */
        {0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0}, /* data, writable, accessed, DPL 0; G, B */
        {0xff, 0xff, 0, 0, 0, 0xf3, 0xcf, 0}, /* the same, DPL 3 */
        {0xff, 0xff, 0, 0, 0, 0xfb, 0xaf, 0},
    };
    uint64_t gdt[GDT_ENTRIES];

    (void)state;
    memset(gdt, 0xee, sizeof gdt);
    gdt_build(gdt, 0);
    assert_memory_equal(want, gdt, sizeof want);
}

/* SYSRET takes SS from STAR 63:48 + 8 and CS from + 16; SYSCALL CS from STAR 47:32, SS from + 8. */
static void test_selectors(void **state)
{
    (void)state;
    assert_int_equal(GDT_KERNEL_CODE + 8, GDT_KERNEL_DATA);
    assert_int_equal(GDT_KERNEL_DATA + 8, GDT_USER_DATA);
    assert_int_equal(GDT_KERNEL_DATA + 16, GDT_USER_CODE);
    assert_int_equal(GDT_TSS + 16, GDT_BYTES);
    assert_int_equal(56, GDT_BYTES);
}

/* Figure 8-4: limit 103, base in four pieces, type 9 (available), present. */
static void test_tss_descriptor(void **state)
{
    static const uint8_t want[16] = {0x67, 0,    0xef, 0xcd, 0xab, 0x89, 0, 0x89,
                                     0x67, 0x45, 0x23, 0xf1, 0,    0,    0, 0};
    uint64_t gdt[GDT_ENTRIES];

    (void)state;
    memset(gdt, 0xee, sizeof gdt);
    gdt_build(gdt, UINT64_C(0xf123456789abcdef));
    assert_memory_equal(want, &gdt[GDT_TSS / 8], sizeof want);
}

/* Figure 8-11: IST1 at 36, I/O map base at 102, all else zero. */
static void test_tss(void **state)
{
    uint8_t tss[TSS_BYTES + 1], want[TSS_BYTES + 1] = {0};
    static const uint8_t top[8] = {0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0xf1};

    (void)state;
    memset(tss, 0xee, sizeof tss);
    memcpy(want + 36, top, sizeof top);
    want[102] = 104; /* not below the limit of 103: there is no map */
    want[TSS_BYTES] = 0xee;
    gdt_build_tss(tss, UINT64_C(0xf123456789abcdef));
    assert_memory_equal(want, tss, sizeof want);
}

/* Figure 6-8: offset 15:0, selector, IST, type 14 present, offset 31:16, offset 63:32, zero. */
static void test_gate(void **state)
{
    static const uint8_t want[16] = {0xef, 0xcd, 0x08, 0,    IST_FAULT, 0x8e, 0xab, 0x89,
                                     0x67, 0x45, 0x23, 0xf1, 0,         0,    0,    0};
    uint64_t gate[2] = {~UINT64_C(0), ~UINT64_C(0)};

    (void)state;
    idt_build_gate(gate, GDT_KERNEL_CODE, UINT64_C(0xf123456789abcdef), IST_FAULT);
    assert_memory_equal(want, gate, sizeof want);
    idt_build_gate(gate, GDT_KERNEL_CODE, 0, 0xff); /* only three bits are an IST number */
    assert_int_equal(7, ((const uint8_t *)gate)[4]);
    assert_int_equal(0x8e, ((const uint8_t *)gate)[5]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments),       cmocka_unit_test(test_selectors),
        cmocka_unit_test(test_tss_descriptor), cmocka_unit_test(test_tss),
        cmocka_unit_test(test_gate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
