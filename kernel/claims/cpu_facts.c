/* Claim C28: the CPU facts, asked again. */
#include "kernel/claims/claims.h"
#include "kernel/lib/bytes.h"
#include "kernel/lib/text.h"

static bool check_vendor(void)
{
    struct cpuid r = cpuid(0);
    char vendor[13] = {0};
    memcpy(vendor, &r.b, 4);
    memcpy(vendor + 4, &r.d, 4);
    memcpy(vendor + 8, &r.c, 4);
    return must(text_equal(vendor, boot->cpu.vendor), "vendor is \"%s\", CPUID says \"%s\"",
                boot->cpu.vendor, vendor);
}

/* CPUID pads the brand with spaces in front; a loader may drop them. */
static const char *skip_spaces(const char *text)
{
    while (*text == ' ')
        text++;
    return text;
}

static bool check_brand(void)
{
    char brand[49] = {0};
    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid r = cpuid_leaf(LEAF_BRAND + i);
        memcpy(brand + 16 * i, &r, 16);
    }
    return must(text_equal(skip_spaces(brand), skip_spaces(boot->cpu.brand)),
                "brand is \"%s\", CPUID says \"%s\"", boot->cpu.brand, brand);
}

/* Intel SDM 2A, CPUID leaf 1: the extended family counts where the family is 15, the extended model
 * where it is 6 or 15. */
static bool check_model(void)
{
    uint32_t a = cpuid(LEAF_FEATURES).a;
    uint32_t family = a >> 8 & 15, model = a >> 4 & 15, stepping = a & 15;
    if (family == 6 || family == 15)
        model |= (a >> 16 & 15) << 4;
    if (family == 15)
        family += a >> 20 & 0xff;
    const struct lintel_cpu *cpu = &boot->cpu;
    uint32_t apic = cpuid(LEAF_FEATURES).b >> 24;
    return must(cpu->family == family && cpu->model == model && cpu->stepping == stepping,
                "family, model, stepping are %u, %u, %u, CPUID says %u, %u, %u", cpu->family,
                cpu->model, cpu->stepping, family, model, stepping) &&
           must((cpu->apic_id & 0xff) == apic, "APIC id is %u, CPUID says %u", cpu->apic_id, apic);
}

static bool check_address_bits(void)
{
    uint32_t a = cpuid_leaf(LEAF_ADDRESSES).a;
    uint32_t physical = a ? a & 0xff : 36, linear = a ? a >> 8 & 0xff : 48;
    return must(boot->cpu.physical_bits == physical && boot->cpu.linear_bits == linear,
                "addresses have %u physical and %u linear bits, CPUID says %u and %u",
                boot->cpu.physical_bits, boot->cpu.linear_bits, physical, linear);
}

bool cpu_facts_are_cpuid(void)
{
    return must(boot->cpu.features == cpu_features(), "features are %#x, CPUID says %#x",
                boot->cpu.features, cpu_features()) &&
           check_vendor() && check_brand() && check_model() && check_address_bits();
}
