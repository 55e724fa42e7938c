/* How do the other CPUs come to wait for the kernel, in long mode on its page tables? */
#include "common/attempt/attempt.h"
#include "common/hw/interrupts.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

static enum err build_mailbox(const struct attempt *attempt, struct buffer *buffer, uint64_t index,
                              const uint8_t idtr[16])
{
    struct mp_mailbox *mailbox = &attempt->mailboxes[index - 1];

    mailbox->stack_top = plan_cpu_stack_top(&attempt->plan, index);
    mailbox->tss = attempt->cpu_rules->tss;
    memcpy(mailbox->idtr, idtr, sizeof mailbox->idtr);
    if (!buffer_counts(buffer))
        attempt->hooks->fill_mailbox(attempt, index, mailbox);
    return attempt_build_gdt(attempt, buffer, plan_cpu_fault_stack_top(&attempt->plan, index),
                             mailbox->gdtr);
}

enum err attempt_build_mailboxes(struct attempt *attempt, struct buffer *buffer,
                                 const uint8_t idtr[16])
{
    uint64_t others = attempt->plan.cpu_count - 1;

    TRY(buffer_take(buffer, others * sizeof *attempt->mailboxes, (void **)&attempt->mailboxes));
    for (uint64_t i = 1; i <= others; i++)
        TRY(build_mailbox(attempt, buffer, i, idtr));
    return OK;
}

/* ---- once the firmware has gone -------------------------------------------------------------- */

static enum err begin(struct attempt *attempt, struct mp *mp)
{
    const struct plan *plan = &attempt->plan;
    const struct handoff_state *state = at_physical(plan->places[PLACE_HANDOFF].physical);
    const struct mp_world world = {
        .page = plan->places[PLACE_TRAMPOLINE].physical,
        .page_virtual = plan->trampoline_virtual,
        .root = state->root,
        .cr0 = state->cr0,
        .cr4 = state->cr4,
        .efer = state->efer,
        .pat = state->pat,
        .code = state->code,
        .data = state->data,
        .fs_gs = state->fs_gs,
        .local.spurious = attempt->wishes.space->local_apic ? INTERRUPTS_SPURIOUS : 0,
        .local.registers = PLAN_LOCAL_APIC,
    };
    enum mp_mode wish = attempt->apic_mode;

    attempt->apic_mode = MP_MODE_XAPIC;
    TRY(mp_begin(mp, &world, &attempt->cpus, attempt_facts(attempt), wish));
    if (mp->x2apic)
        attempt->apic_mode = MP_MODE_X2APIC;
    return OK;
}

/* One that does not come leaves its place, and its mailbox, to the next. */
static enum err start_each(struct attempt *attempt, struct mp *mp, uint32_t listed)
{
    struct mp_list *cpus = &attempt->cpus;

    for (uint32_t i = 1; i < listed; i++) {
        struct mp_mailbox *mailbox = &attempt->mailboxes[cpus->count - 1];
        enum err err =
            mp_start(mp, &cpus->cpus[i], mailbox, attempt->plan.direct_map + (uintptr_t)mailbox);
        if (err == OK)
            cpus->cpus[cpus->count++] = cpus->cpus[i];
        else if (err == ERR_NOT_FOUND)
            note("%s\n", err_message());
        else
            return err;
    }
    return OK;
}

static enum err start_others(struct attempt *attempt)
{
    uint32_t listed = attempt->cpus.count;
    struct mp mp;
    enum err err = begin(attempt, &mp);

    attempt->cpus.count = 1;
    if (err != OK)
        return err;
    if (listed > attempt->plan.cpu_count)
        return fail(ERR_NO_MEMORY, "no page below 640 KiB is free for CPUs to start in");
    return start_each(attempt, &mp, listed);
}

void attempt_start_cpus(struct attempt *attempt)
{
    uint32_t listed = attempt->cpus.count;

    if (!listed)
        return;
    if (start_others(attempt) != OK)
        note("%s: no more CPUs are started\n", err_message());
    attempt->hooks->tell_cpus(attempt, listed - attempt->cpus.count);
}
