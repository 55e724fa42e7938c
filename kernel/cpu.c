#include "cpu.h"
#include "claims.h"
#include "handover.h"
#include "machine.h"
#include "text.h"

#define LEAF_FEATURES   1
#define LEAF_STRUCTURED 7
#define LEAF_EXTENDED   0x80000001
#define LEAF_BRAND      0x80000002
#define LEAF_POWER      0x80000007
#define LEAF_ADDRESSES  0x80000008

enum cpuid_register { EAX, EBX, ECX, EDX };

/* Intel SDM 2A, CPUID; AMD APM 3, appendix E. In the order of LINTEL_CPU_..., bit 0 first. */
static const struct feature {
    char name[16];
    uint32_t leaf;
    enum cpuid_register in;
    uint32_t bit;
} features[] = {
    {"nx", LEAF_EXTENDED, EDX, 20},        {"1gib", LEAF_EXTENDED, EDX, 26},
    {"la57", LEAF_STRUCTURED, ECX, 16},    {"smep", LEAF_STRUCTURED, EBX, 7},
    {"smap", LEAF_STRUCTURED, EBX, 20},    {"pge", LEAF_FEATURES, EDX, 13},
    {"pat", LEAF_FEATURES, EDX, 16},       {"x2apic", LEAF_FEATURES, ECX, 21},
    {"invariant-tsc", LEAF_POWER, EDX, 8}, {"rdrand", LEAF_FEATURES, ECX, 30},
    {"rdseed", LEAF_STRUCTURED, EBX, 18},  {"hypervisor", LEAF_FEATURES, ECX, 31},
};
#define FEATURE_COUNT (sizeof features / sizeof *features)

/* All zero where the CPU has no such leaf. */
static struct cpuid leaf_or_zero(uint32_t leaf)
{
    uint32_t last = cpuid(leaf & 0x80000000).a;
    return leaf <= last ? cpuid(leaf) : (struct cpuid){0};
}

static bool has_feature(const struct feature *feature)
{
    struct cpuid r = leaf_or_zero(feature->leaf);
    uint32_t value[] = {[EAX] = r.a, [EBX] = r.b, [ECX] = r.c, [EDX] = r.d};
    return value[feature->in] >> feature->bit & 1;
}

uint32_t cpu_features(void)
{
    static uint32_t found;
    static bool known;
    for (uint32_t i = 0; !known && i < FEATURE_COUNT; i++)
        found |= (uint32_t)has_feature(&features[i]) << i;
    known = true;
    return found;
}

const char *cpu_feature_name(uint32_t index)
{
    return index < FEATURE_COUNT ? features[index].name : NULL;
}

static bool check_vendor(void)
{
    struct cpuid r = cpuid(0);
    char vendor[13] = {0};
    memcpy(vendor, &r.b, 4);
    memcpy(vendor + 4, &r.d, 4);
    memcpy(vendor + 8, &r.c, 4);
    if (!text_equal(vendor, boot->cpu.vendor))
        return violated("vendor is \"%s\", CPUID says \"%s\"", boot->cpu.vendor, vendor);
    return true;
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
        struct cpuid r = leaf_or_zero(LEAF_BRAND + i);
        memcpy(brand + 16 * i, &r, 16);
    }
    if (!text_equal(skip_spaces(brand), skip_spaces(boot->cpu.brand)))
        return violated("brand is \"%s\", CPUID says \"%s\"", boot->cpu.brand, brand);
    return true;
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
    if (cpu->family != family || cpu->model != model || cpu->stepping != stepping)
        return violated("family, model, stepping are %u, %u, %u, CPUID says %u, %u, %u",
                        cpu->family, cpu->model, cpu->stepping, family, model, stepping);
    uint32_t apic = cpuid(LEAF_FEATURES).b >> 24;
    if ((cpu->apic_id & 0xff) != apic)
        return violated("APIC id is %u, CPUID says %u", cpu->apic_id, apic);
    return true;
}

static bool check_address_bits(void)
{
    uint32_t a = leaf_or_zero(LEAF_ADDRESSES).a;
    uint32_t physical = a ? a & 0xff : 36, linear = a ? a >> 8 & 0xff : 48;
    if (boot->cpu.physical_bits != physical || boot->cpu.linear_bits != linear)
        return violated("addresses have %u physical and %u linear bits, CPUID says %u and %u",
                        boot->cpu.physical_bits, boot->cpu.linear_bits, physical, linear);
    return true;
}

bool cpu_facts_are_cpuid(void)
{
    if (boot->cpu.features != cpu_features())
        return violated("features are %#x, CPUID says %#x", boot->cpu.features, cpu_features());
    return check_vendor() && check_brand() && check_model() && check_address_bits();
}
