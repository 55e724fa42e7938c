/* What can this CPU do? */
#include "kernel/machine/cpu.h"
#include <stddef.h>

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
    {"apic", LEAF_FEATURES, EDX, 9},
};
#define FEATURE_COUNT (sizeof features / sizeof *features)

struct cpuid cpuid_leaf(uint32_t leaf)
{
    uint32_t last = cpuid(leaf & 0x80000000).a;
    return leaf <= last ? cpuid(leaf) : (struct cpuid){0};
}

static bool has_feature(const struct feature *feature)
{
    struct cpuid r = cpuid_leaf(feature->leaf);
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
