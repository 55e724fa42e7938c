/* What can this CPU do, how fast is its clock, and what noise does it give? */
#include "common/hw/cpu.h"
#include "common/hw/registers.h"
#include "common/lib/mem.h"

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid out;

    __asm__ volatile("cpuid"
                     : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx)
                     : "a"(leaf), "c"(subleaf));
    return out;
}

/* All zero where the CPU does not have the leaf: a CPU answers a leaf beyond its last one with
 * another leaf's values (Intel SDM 2A, CPUID). */
static struct cpuid cpuid_if_present(uint32_t leaf, uint32_t subleaf)
{
    uint32_t first = leaf & 0xffff0000;

    return cpuid(first, 0).eax >= leaf ? cpuid(leaf, subleaf) : (struct cpuid){0};
}

static uint32_t read_features(void)
{
    struct cpuid basic = cpuid_if_present(1, 0), seven = cpuid_if_present(7, 0);
    struct cpuid extended = cpuid_if_present(0x80000001, 0);
    struct cpuid power = cpuid_if_present(0x80000007, 0);
    const struct {
        uint32_t value, bit, feature;
    } rows[] = {
        {basic.ecx, 21, LINTEL_CPU_X2APIC},       {basic.ecx, 30, LINTEL_CPU_RDRAND},
        {basic.ecx, 31, LINTEL_CPU_HYPERVISOR},   {basic.edx, 13, LINTEL_CPU_PGE},
        {basic.edx, 16, LINTEL_CPU_PAT},          {basic.edx, 9, LINTEL_CPU_APIC},
        {seven.ebx, 7, LINTEL_CPU_SMEP},          {seven.ebx, 18, LINTEL_CPU_RDSEED},
        {seven.ebx, 20, LINTEL_CPU_SMAP},         {seven.ecx, 16, LINTEL_CPU_LA57},
        {extended.edx, 20, LINTEL_CPU_NX},        {extended.edx, 26, LINTEL_CPU_1GIB},
        {power.edx, 8, LINTEL_CPU_INVARIANT_TSC},
    };
    uint32_t features = 0;

    for (uint32_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (rows[i].value >> rows[i].bit & 1)
            features |= rows[i].feature;
    return features;
}

/* Family, model and stepping as Intel SDM 2A, CPUID, leaf 1, says to add them up. */
static void read_signature(struct lintel_cpu *cpu)
{
    uint32_t eax = cpuid_if_present(1, 0).eax;

    cpu->stepping = eax & 0xf;
    cpu->model = eax >> 4 & 0xf;
    cpu->family = eax >> 8 & 0xf;
    if (cpu->family == 6 || cpu->family == 15)
        cpu->model |= eax >> 12 & 0xf0;
    if (cpu->family == 15)
        cpu->family += eax >> 20 & 0xff;
}

/* Leaf 0Bh has all 32 bits of the APIC ID, leaf 1 only the low 8. */
static uint32_t read_apic_id(void)
{
    struct cpuid topology = cpuid_if_present(0xb, 0);

    return topology.ebx ? topology.edx : cpuid_if_present(1, 0).ebx >> 24;
}

static void read_names(struct lintel_cpu *cpu)
{
    struct cpuid vendor = cpuid(0, 0);

    memset(cpu->vendor, 0, sizeof cpu->vendor);
    memcpy(cpu->vendor, &vendor.ebx, 4);
    memcpy(cpu->vendor + 4, &vendor.edx, 4);
    memcpy(cpu->vendor + 8, &vendor.ecx, 4);
    memset(cpu->brand, 0, sizeof cpu->brand);
    for (uint32_t i = 0; i < 3; i++) {
        struct cpuid part = cpuid_if_present(0x80000002 + i, 0);
        memcpy(cpu->brand + i * sizeof part, &part, sizeof part);
    }
}

/* The first 64-bit CPUs lack the leaf and have these sizes (Intel SDM 3A, 4.1.4). */
static uint32_t read_sizes(void)
{
    uint32_t sizes = cpuid_if_present(0x80000008, 0).eax;
    return sizes ? sizes : 48 << 8 | 36;
}

/* AMD's SEV marks encrypted memory by a bit that may be one of an address else (AMD APM 3, E.4.17).
 */
uint64_t cpu_entry_address(void)
{
    struct cpuid encryption = cpuid_if_present(0x8000001f, 0);
    uint64_t bits = (UINT64_C(1) << MIN(read_sizes() & 0xff, 52)) - PAGE_BYTES;

    return encryption.eax & 2 ? bits & ~(UINT64_C(1) << (encryption.ebx & 0x3f)) : bits;
}

void cpu_identify(struct lintel_cpu *cpu)
{
    uint32_t sizes = read_sizes();

    *cpu = (struct lintel_cpu){.features = read_features(), .apic_id = read_apic_id()};
    read_names(cpu);
    read_signature(cpu);
    cpu->physical_bits = sizes & 0xff;
    cpu->linear_bits = sizes >> 8 & 0xff;
}

bool cpu_has_mtrrs(void)
{
    return cpuid_if_present(1, 0).edx >> 12 & 1;
}

bool cpu_locks_x2apic(void)
{
    bool has_capabilities = cpuid_if_present(7, 0).edx >> 29 & 1;
    return has_capabilities && cpu_read_msr(MSR_ARCH_CAPABILITIES) >> 21 & 1 &&
           cpu_read_msr(MSR_XAPIC_DISABLE_STATUS) & 1;
}

uint64_t cpu_stated_tsc_hz(void)
{
    struct cpuid ratio = cpuid_if_present(0x15, 0);

    /* The hypervisors' timing leaf: TSC in kHz. Asked first, since a guest's leaf 15h may be
     * another host's. */
    if (cpuid_if_present(1, 0).ecx >> 31) {
        uint32_t khz = cpuid_if_present(0x40000010, 0).eax;
        if (khz)
            return khz * UINT64_C(1000);
    }
    if (!ratio.eax || !ratio.ebx)
        return 0;
    return (uint64_t)ratio.ecx * ratio.ebx / ratio.eax; /* crystal Hz, 0 where not stated */
}

/* Stirs all bits of a word (the finaliser of MurmurHash3 with Stafford's constants). */
static uint64_t stir(uint64_t word)
{
    word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
    return word ^ word >> 31;
}

static uint64_t read_jitter(uint64_t word)
{
    for (uint32_t i = 0; i < 64; i++) {
        (void)cpuid(0, 0); /* serialises, and leaves the guest where there is a hypervisor */
        word = stir(word + cpu_tsc());
    }
    return word;
}

static bool read_generator(uint32_t features, uint64_t *word)
{
    /* A busy generator says so by carry clear; Intel's advice is to ask again, ten times for
     * RDRAND. Some AMD CPUs answer all ones with carry set after a suspend. */
    for (uint32_t tries = 0; tries < 100; tries++) {
        bool filled = false;

        if (features & LINTEL_CPU_RDSEED)
            __asm__ volatile("rdseed %0" : "=r"(*word), "=@ccc"(filled));
        if (!filled && features & LINTEL_CPU_RDRAND)
            __asm__ volatile("rdrand %0" : "=r"(*word), "=@ccc"(filled));
        if (filled && *word && ~*word)
            return true;
    }
    return false;
}

int cpu_entropy(const struct lintel_cpu *cpu, uint8_t entropy[32])
{
    uint64_t jitter = 0, word;
    bool strong = true;

    for (uint32_t i = 0; i < 4; i++) {
        jitter = read_jitter(jitter);
        word = 0;
        strong &= read_generator(cpu->features, &word);
        word ^= jitter;
        memcpy(entropy + 8 * i, &word, sizeof word);
    }
    return strong;
}
