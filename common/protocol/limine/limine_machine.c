/* Where do the other CPUs wait, and what has to be quiet when the kernel begins? */
#include "common/hw/interrupts.h"
#include "common/lib/mem.h"
#include "common/protocol/limine/limine.h"

#define MP_FLAGS  48 /* the request's member */
#define MP_X2APIC 1u

struct cpu {
    uint32_t uid, apic_id;
    uint64_t reserved;
    uint64_t go_to, argument;
};

struct cpus_response {
    uint64_t revision;
    uint32_t flags, boot_apic_id;
    uint64_t count, list;
};

/* A kernel that does not ask for x2APIC mode need not know it. */
static enum err check_xapic(const struct limine *limine)
{
    const struct facts *facts = attempt_facts(limine->attempt);
    struct apic apic;
    if (apic_begin(&apic, &facts->cpu, false, facts->reachable_end) != OK || !apic.x2apic ||
        apic_can_leave_x2apic(&apic))
        return OK;
    return fail(ERR_UNSUPPORTED,
                "%s: its Limine request for CPUs has not the flag for x2APIC mode, which this "
                "machine cannot leave",
                limine->memory.name);
}

enum err limine_list_cpus(struct limine *limine)
{
    struct attempt *attempt = limine->attempt;
    uint64_t stack = MAX(attempt->wishes.stack_bytes, PLAN_DEFAULT_STACK_BYTES);
    if (!limine_has(limine, LIMINE_MP))
        return OK;
    bool x2apic = limine_member(&limine->image, LIMINE_MP, MP_FLAGS) & MP_X2APIC;
    attempt->apic_mode = x2apic ? MP_MODE_X2APIC : MP_MODE_XAPIC;
    if (!x2apic)
        TRY(check_xapic(limine));
    return upper_half_list_cpus(attempt, align_up(stack, PAGE_BYTES));
}

/* Filled when the CPUs have come, by limine_tell_cpus(). */
enum err limine_cpus(const struct limine *limine, struct buffer *buffer, void **out)
{
    uint64_t count = limine->attempt->plan.cpu_count, *list;
    struct cpus_response *response;
    struct cpu *cpus;
    TRY(buffer_take(buffer, sizeof *response, (void **)&response));
    TRY(buffer_take(buffer, count * sizeof *list, (void **)&list));
    TRY(buffer_take(buffer, count * sizeof *cpus, (void **)&cpus));
    for (uint64_t i = 0; i < count; i++)
        list[i] = (uintptr_t)buffer_virtual(buffer, &cpus[i]);
    response->list = (uintptr_t)buffer_virtual(buffer, list);
    *out = response;
    return OK;
}

/* What an address of the kernel leads to. */
static void *find_physical(const struct attempt *attempt, uint64_t address)
{
    return at_physical(address - attempt->plan.direct_map);
}

static uint64_t cpu_address(const struct limine *limine, uint64_t index)
{
    const struct cpus_response *response = limine->responses[LIMINE_MP];
    const uint64_t *list = find_physical(limine->attempt, response->list);
    return list[index];
}

void limine_fill_mailbox(const struct attempt *attempt, uint64_t index, struct mp_mailbox *mailbox)
{
    mailbox->argument = cpu_address(attempt->protocol, index);
    mailbox->word = mailbox->argument + offsetof(struct cpu, go_to);
}

void limine_tell_cpus(const struct attempt *attempt, uint64_t missing)
{
    const struct limine *limine = attempt->protocol;
    const struct acpi_processor *cpus = attempt->cpus.cpus;
    struct cpus_response *response = limine->responses[LIMINE_MP];
    (void)missing;
    response->flags = attempt->apic_mode == MP_MODE_X2APIC ? MP_X2APIC : 0;
    response->boot_apic_id = cpus[0].apic_id;
    response->count = attempt->cpus.count;
    for (uint32_t i = 0; i < attempt->cpus.count; i++) {
        struct cpu *cpu = find_physical(attempt, cpu_address(limine, i));
        cpu->uid = cpus[i].uid == MP_UID_UNKNOWN ? 0 : cpus[i].uid;
        cpu->apic_id = cpus[i].apic_id;
    }
}

/* Where the kernel did not ask for x2APIC mode it is left: the other CPUs have done so. */
static void leave_x2apic(const struct attempt *attempt)
{
    const struct facts *facts = attempt_facts(attempt);
    struct apic apic;
    if (attempt->apic_mode != MP_MODE_X2APIC &&
        apic_begin(&apic, &facts->cpu, false, facts->reachable_end) == OK && apic.x2apic &&
        apic_can_leave_x2apic(&apic))
        apic_leave_x2apic();
}

/* The boot CPU's; the others' are settled when they start. */
static void settle_local_apic(const struct attempt *attempt)
{
    const struct facts *facts = attempt_facts(attempt);
    struct apic apic;
    if (apic_begin(&apic, &facts->cpu, false, facts->reachable_end) == OK)
        interrupts_mask_local_apic(
            facts, &apic, attempt->cpus.count ? attempt->cpus.cpus[0].uid : MP_UID_UNKNOWN);
}

/* The state of local APICs and IOMMUs is a promise from base revision 5 on. */
void limine_settle(const struct attempt *attempt)
{
    const struct limine *limine = attempt->protocol;
    const struct facts *facts = attempt_facts(attempt);
    bool strict = limine->image.base_revision >= 5;

    interrupts_mask_io_apics(facts, strict);
    leave_x2apic(attempt);
    if (!strict)
        return;
    if (!limine_has(limine, LIMINE_KEEP_IOMMU))
        interrupts_disable_iommus(facts);
    settle_local_apic(attempt);
}
