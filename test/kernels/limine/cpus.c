/* The other CPUs: all are there, wait, and come when they are called. */
#include "test/kernels/limine/machine.h"

#define ARGUMENT UINT64_C(0x1122334455667788)

static volatile uint64_t arrived;

void released(struct cpu *cpu);

static uint32_t apic_id(void)
{
    uint32_t a, b, c = 0, d;
    __asm__("cpuid" : "=a"(a), "=b"(b), "+c"(c), "=d"(d) : "a"(1));
    return b >> 24;
}

#define MSR_MTRR_CAPABILITIES 0xfe
#define MSR_MTRR_DEF_TYPE     0x2ff
#define MSR_MTRR_VARIABLE     0x200

/* All CPUs are to have the same as the first. */
static void check_mtrrs(bool is_first)
{
    static uint64_t first[16];
    uint32_t variable = 2 * (read_msr(MSR_MTRR_CAPABILITIES) & 0xff);
    for (uint32_t i = 0; i <= variable && i < 16; i++) {
        uint64_t value = read_msr(i ? MSR_MTRR_VARIABLE + i - 1 : MSR_MTRR_DEF_TYPE);
        if (is_first)
            first[i] = value;
        check_value(value == first[i], "an MTRR is as on the first CPU", value);
    }
}

/* Nobody else checks meanwhile: the others are released one by one. */
void arrive_released(const struct arrival *arrival)
{
    struct cpu *cpu = (void *)arrival->rdi;
    check_machine(arrival, arrival->rdi);
    check_local_apic();
    check_response(cpu, "a CPU's structure");
    CHECK_EQUAL(cpu->argument, ARGUMENT + cpu->apic_id);
    CHECK_EQUAL(apic_id(), cpu->apic_id);
    check_mtrrs(false);
    arrived++;
}

/* "cpus=N" of the command line. */
static uint64_t expected(void)
{
    const char *line = (const char *)command_line.response->values[0];
    while (*line && !begins_with(line, "cpus="))
        line++;
    uint64_t count = 0;
    for (line += *line ? 5 : 0; *line >= '0' && *line <= '9'; line++)
        count = 10 * count + (uint64_t)(*line - '0');
    return count;
}

static void release(struct cpu *cpu)
{
    uint64_t before = arrived;
    CHECK_EQUAL((uintptr_t)cpu->entry, 0);
    cpu->argument = ARGUMENT + cpu->apic_id;
    __atomic_store_n((void (**)(struct cpu *)) & cpu->entry, released, __ATOMIC_SEQ_CST);
    while (arrived == before)
        __asm__ volatile("pause");
}

void check_cpus(void)
{
    const struct cpus *all = cpus.response;
    check_response(all, "the CPUs");
    CHECK_EQUAL(all->count, expected());
    CHECK_EQUAL(all->boot_apic_id, apic_id());
    CHECK_EQUAL(all->flags & 1, read_msr(0x1b) >> 10 & 1);
    if (has_cpuid(1, 0, 2, 21))
        CHECK_EQUAL(all->flags & 1, cpus.flags & 1);
    check_mtrrs(true);
    for (uint64_t i = 0; i < all->count; i++)
        if (all->list[i]->apic_id != all->boot_apic_id)
            release(all->list[i]);
    CHECK_EQUAL(arrived, all->count - 1);
}
