/* How do the other CPUs come to wait for the kernel, in long mode on its page tables? */
#include "common/attempt/attempt.h"
#include "common/hw/quiet.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

static enum err build_seat(const struct attempt *attempt, struct block *block, uint64_t index,
                           const uint8_t idtr[16])
{
    struct mp_seat *seat = &attempt->seats[index - 1];

    seat->stack_top = plan_cpu_stack_top(&attempt->plan, index);
    seat->tss = attempt->cpu_rules->tss;
    memcpy(seat->idtr, idtr, sizeof seat->idtr);
    if (!block_counts(block))
        attempt->hooks->seat_cpu(attempt, index, seat);
    return attempt_build_gdt(attempt, block, plan_cpu_fault_stack_top(&attempt->plan, index),
                             seat->gdtr);
}

enum err attempt_build_seats(struct attempt *attempt, struct block *block, const uint8_t idtr[16])
{
    uint64_t others = attempt->plan.cpu_count - 1;

    TRY(block_take(block, others * sizeof *attempt->seats, (void **)&attempt->seats));
    for (uint64_t i = 1; i <= others; i++)
        TRY(build_seat(attempt, block, i, idtr));
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
        .local.spurious = attempt->wishes.space->local_apic ? QUIET_SPURIOUS : 0,
        .local.registers = PLAN_LOCAL_APIC,
    };
    enum mp_mode wish = attempt->apic_mode;

    attempt->apic_mode = MP_MODE_XAPIC;
    TRY(mp_begin(mp, &world, &attempt->cpus, attempt_facts(attempt), wish));
    if (mp->x2apic)
        attempt->apic_mode = MP_MODE_X2APIC;
    return OK;
}

/* One that does not come leaves its place, and its seat, to the next. */
static enum err start_each(struct attempt *attempt, struct mp *mp, uint32_t listed)
{
    struct mp_list *cpus = &attempt->cpus;

    for (uint32_t i = 1; i < listed; i++) {
        struct mp_seat *seat = &attempt->seats[cpus->count - 1];
        enum err err =
            mp_start(mp, &cpus->cpus[i], seat, attempt->plan.direct_map + (uintptr_t)seat);
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
