/* The other CPUs: parked in long mode on the kernel's page tables before the kernel is entered. */
#include "common/attempt/job.h"
#include "common/hw/quiet.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/memory/gdt.h"

enum err job_list_cpus(struct job *job, uint64_t stack_bytes)
{
    job->request.cpu_stack_bytes = stack_bytes;
    return mp_list(job->boot->machine.facts, &job->boot->machine.arena, &job->cpus);
}

uint64_t job_cpus_bytes(const struct job *job)
{
    uint64_t each = sizeof(struct mp_seat) + TSS_BYTES + job->rules->gdt_bytes;
    return job->cpus.count * (each + 2 * BLOCK_ALIGNMENT) + BLOCK_ALIGNMENT;
}

static enum err build_seat(const struct job *job, struct block *block, uint64_t index)
{
    struct mp_seat *seat = &job->seats[index - 1];
    seat->stack_top = plan_cpu_stack_top(&job->plan, index);
    seat->tss = job->rules->tss;
    memcpy(seat->idtr, job_handoff(job)->idtr, sizeof seat->idtr);
    job->rules->seat_cpu(job, index, seat);
    return job_build_gdt(job, block, plan_cpu_fault_stack_top(&job->plan, index), seat->gdtr);
}

enum err job_build_cpus(struct job *job, struct block *block)
{
    uint64_t others = job->plan.cpu_count - 1;
    TRY(block_take(block, others * sizeof *job->seats, (void **)&job->seats));
    for (uint64_t i = 1; i <= others; i++)
        TRY(build_seat(job, block, i));
    return OK;
}

static enum err begin(struct job *job, struct mp *mp)
{
    const struct handoff_state *state = job_handoff(job);
    const struct mp_world world = {
        .page = job->plan.places[PLACE_TRAMPOLINE].physical,
        .page_virtual = job->plan.trampoline_virtual,
        .root = state->root,
        .cr0 = state->cr0,
        .cr4 = state->cr4,
        .efer = state->efer,
        .pat = state->pat,
        .code = state->code,
        .data = state->data,
        .fs_gs = state->fs_gs,
        .local.spurious = job->rules->plan.local_apic ? QUIET_SPURIOUS : 0,
        .local.registers = PLAN_LOCAL_APIC,
    };
    enum mp_mode wish = job->apic_mode;
    job->apic_mode = MP_MODE_XAPIC;
    TRY(mp_begin(mp, &world, &job->cpus, job->boot->machine.facts, wish));
    if (mp->x2apic)
        job->apic_mode = MP_MODE_X2APIC;
    return OK;
}

/* One that does not come leaves its place, and its seat, to the next. */
static enum err start_each(struct job *job, struct mp *mp, uint32_t listed)
{
    struct mp_list *cpus = &job->cpus;
    for (uint32_t i = 1; i < listed; i++) {
        struct mp_seat *seat = &job->seats[cpus->count - 1];
        enum err err = mp_start(mp, &cpus->cpus[i], seat, job->plan.direct_map + (uintptr_t)seat);
        if (err == OK)
            cpus->cpus[cpus->count++] = cpus->cpus[i];
        else if (err == ERR_NOT_FOUND)
            note("%s\n", err_message());
        else
            return err;
    }
    return OK;
}

static enum err start_others(struct job *job)
{
    uint32_t listed = job->cpus.count;
    struct mp mp;
    enum err err = begin(job, &mp);
    job->cpus.count = 1;
    if (err != OK)
        return err;
    if (listed > job->plan.cpu_count)
        return fail(ERR_NO_MEMORY, "no page below 640 KiB is free for CPUs to start in");
    return start_each(job, &mp, listed);
}

void job_start_cpus(struct job *job)
{
    uint32_t listed = job->cpus.count;
    if (!listed)
        return;
    if (start_others(job) != OK)
        note("%s: no more CPUs are started\n", err_message());
    job->rules->tell_cpus(job, listed - job->cpus.count);
}
