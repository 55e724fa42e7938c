/* CPU facts against the compiler's own cpuid.h. */
#include "common/hw/cpu.h"
#include <cpuid.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct leaf {
    unsigned eax, ebx, ecx, edx;
};

static struct leaf ask(unsigned leaf)
{
    struct leaf out = {0, 0, 0, 0};

    __get_cpuid_count(leaf, 0, &out.eax, &out.ebx, &out.ecx, &out.edx);
    return out;
}

static void assert_feature(const struct lintel_cpu *cpu, uint32_t feature, unsigned want)
{
    assert_int_equal(want != 0, (cpu->features & feature) != 0);
}

static void test_features(void **state)
{
    struct leaf one = ask(1), seven = ask(7), extended = ask(0x80000001), power = ask(0x80000007);
    struct lintel_cpu cpu;

    (void)state;
    cpu_identify(&cpu);
    assert_feature(&cpu, LINTEL_CPU_NX, extended.edx & 1u << 20);
    assert_feature(&cpu, LINTEL_CPU_1GIB, extended.edx & 1u << 26);
    assert_feature(&cpu, LINTEL_CPU_LA57, seven.ecx & 1u << 16);
    assert_feature(&cpu, LINTEL_CPU_SMEP, seven.ebx & 1u << 7);
    assert_feature(&cpu, LINTEL_CPU_SMAP, seven.ebx & 1u << 20);
    assert_feature(&cpu, LINTEL_CPU_PGE, one.edx & 1u << 13);
    assert_feature(&cpu, LINTEL_CPU_PAT, one.edx & 1u << 16);
    assert_feature(&cpu, LINTEL_CPU_X2APIC, one.ecx & 1u << 21);
    assert_feature(&cpu, LINTEL_CPU_INVARIANT_TSC, power.edx & 1u << 8);
    assert_feature(&cpu, LINTEL_CPU_RDRAND, one.ecx & bit_RDRND);
    assert_feature(&cpu, LINTEL_CPU_RDSEED, seven.ebx & bit_RDSEED);
    assert_feature(&cpu, LINTEL_CPU_HYPERVISOR, one.ecx & 1u << 31);
    assert_feature(&cpu, LINTEL_CPU_APIC, one.edx & 1u << 9);
    assert_int_equal(0, cpu.features & ~0x1fffu);
    assert_int_equal(0, cpu.reserved);
}

static void test_names(void **state)
{
    struct leaf zero = ask(0), brand[3] = {ask(0x80000002), ask(0x80000003), ask(0x80000004)};
    struct lintel_cpu cpu;

    (void)state;
    memset(&cpu, 0xee, sizeof cpu);
    cpu_identify(&cpu);
    assert_memory_equal(&zero.ebx, cpu.vendor, 4);
    assert_memory_equal(&zero.edx, cpu.vendor + 4, 4);
    assert_memory_equal(&zero.ecx, cpu.vendor + 8, 4);
    assert_int_equal(12, strlen(cpu.vendor));
    assert_memory_equal(brand, cpu.brand, sizeof brand);
    assert_true(memchr(cpu.brand, 0, sizeof cpu.brand) != NULL);
}

static void test_numbers(void **state)
{
    struct leaf one = ask(1), sizes = ask(0x80000008);
    unsigned family = one.eax >> 8 & 15, model = one.eax >> 4 & 15;
    struct lintel_cpu cpu;

    (void)state;
    cpu_identify(&cpu);
    if (family == 15 || family == 6)
        model += (one.eax >> 16 & 15) << 4;
    if (family == 15)
        family += one.eax >> 20 & 255;
    assert_int_equal(family, cpu.family);
    assert_int_equal(model, cpu.model);
    assert_int_equal(one.eax & 15, cpu.stepping);
    assert_int_equal(sizes.eax & 255, cpu.physical_bits);
    assert_int_equal(sizes.eax >> 8 & 255, cpu.linear_bits);
}

static void test_tsc(void **state)
{
    uint64_t before = cpu_tsc(), hz = cpu_stated_tsc_hz();

    (void)state;
    assert_true(cpu_tsc() > before);
    assert_true(hz == 0 || (hz > 100000000 && hz < UINT64_C(20000000000)));
}

static uint32_t count_equal(const uint8_t a[32], const uint8_t b[32])
{
    uint32_t equal = 0;

    for (uint32_t i = 0; i < 32; i++)
        equal += a[i] == b[i];
    return equal;
}

/* Two draws differ, with the CPU's generator and without; only the generator makes it strong. */
static void test_entropy(void **state)
{
    struct lintel_cpu cpu, bare = {.features = 0};
    uint8_t a[32] = {0}, b[32] = {0}, zero[32] = {0};

    (void)state;
    cpu_identify(&cpu);
    assert_int_equal((cpu.features & (LINTEL_CPU_RDRAND | LINTEL_CPU_RDSEED)) != 0,
                     cpu_entropy(&cpu, a) != 0);
    cpu_entropy(&cpu, b);
    assert_true(count_equal(a, b) < 8 && count_equal(a, zero) < 8);
    assert_int_equal(0, cpu_entropy(&bare, a));
    assert_int_equal(0, cpu_entropy(&bare, b));
    assert_true(count_equal(a, b) < 8 && count_equal(a, zero) < 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features), cmocka_unit_test(test_names),
        cmocka_unit_test(test_numbers),  cmocka_unit_test(test_tsc),
        cmocka_unit_test(test_entropy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
