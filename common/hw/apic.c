/* How is the local APIC of this CPU reached? */
#include "common/hw/apic.h"
#include "common/hw/cpu.h"
#include "common/hw/registers.h"
#include "common/lib/mem.h"

#define BASE_ADDRESS UINT64_C(0x000ffffffffff000)

#define ICR_BUSY   (1u << 12)
#define BUSY_TRIES 1000000

enum err apic_begin(struct apic *apic, const struct lintel_cpu *cpu, bool want_x2apic,
                    uint64_t reachable_end)
{
    if (!(cpu->features & LINTEL_CPU_APIC))
        return fail(ERR_UNSUPPORTED, "this CPU has no local APIC");
    uint64_t base = cpu_read_msr(MSR_APIC_BASE);
    if (!(base & APIC_BASE_ENABLED))
        return fail(ERR_UNSUPPORTED, "the local APIC is turned off");
    if (want_x2apic && cpu->features & LINTEL_CPU_X2APIC && !(base & APIC_BASE_X2APIC)) {
        base |= APIC_BASE_X2APIC;
        cpu_write_msr(MSR_APIC_BASE, base);
    }
    *apic = (struct apic){.x2apic = base & APIC_BASE_X2APIC, .registers = base & BASE_ADDRESS};
    if (!apic->x2apic && apic->registers >= reachable_end)
        return fail(ERR_UNSUPPORTED, "the local APIC at %lXh is out of reach", apic->registers);
    apic->id = apic_read(apic, APIC_ID) >> (apic->x2apic ? 0 : 24);
    return OK;
}

bool apic_can_leave_x2apic(const struct apic *apic)
{
    return apic->id < UINT8_MAX && !cpu_locks_x2apic();
}

/* By way of "off" (Intel SDM 3A, 10.12.5). */
void apic_leave_x2apic(void)
{
    uint64_t base = cpu_read_msr(MSR_APIC_BASE) & ~APIC_BASE_X2APIC;
    cpu_write_msr(MSR_APIC_BASE, base & ~APIC_BASE_ENABLED);
    cpu_write_msr(MSR_APIC_BASE, base | APIC_BASE_ENABLED);
}

bool apic_reaches(const struct apic *apic, uint32_t id)
{
    return id < (apic->x2apic ? UINT32_MAX : UINT8_MAX) && id != apic->id;
}

static void send_x2apic(uint32_t id, uint32_t command)
{
    /* Writing this register does not wait for earlier stores (Intel SDM 3A, 10.12.3). */
    __asm__ volatile("mfence; lfence" : : : "memory");
    cpu_write_msr(MSR_X2APIC + APIC_ICR_LOW / 16, (uint64_t)id << 32 | command);
}

static void send_xapic(uint64_t registers, uint32_t id, uint32_t command)
{
    volatile uint32_t *low = at_physical(registers + APIC_ICR_LOW);
    volatile uint32_t *high = at_physical(registers + APIC_ICR_HIGH);
    *high = id << 24;
    *low = command;
    for (uint32_t tries = 0; tries < BUSY_TRIES && *low & ICR_BUSY; tries++)
        __asm__ volatile("pause");
}

void apic_send(const struct apic *apic, uint32_t id, uint32_t command)
{
    if (apic->x2apic)
        send_x2apic(id, command);
    else
        send_xapic(apic->registers, id, command);
}

uint32_t apic_read(const struct apic *apic, uint32_t offset)
{
    if (apic->x2apic)
        return (uint32_t)cpu_read_msr(MSR_X2APIC + offset / 16);
    return *(volatile uint32_t *)at_physical(apic->registers + offset);
}

void apic_write(const struct apic *apic, uint32_t offset, uint32_t value)
{
    if (apic->x2apic)
        cpu_write_msr(MSR_X2APIC + offset / 16, value);
    else
        *(volatile uint32_t *)at_physical(apic->registers + offset) = value;
}
