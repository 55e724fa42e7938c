/* How do the other CPUs come to wait for the kernel? */
#include "common/handoff/mp.h"
#include "common/hw/cpu.h"
#include "common/hw/interrupts.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

#define CPUS_MAX 4096 /* more are left out: searching for doubles takes the square of it */

/* Where the TSC's frequency is not known, waits are as long as they have to be on a fast CPU. */
#define HZ_MAX UINT64_C(5000000000)

#define RESET_MICROSECONDS  10000   /* after INIT (Intel SDM 3A, 8.4.4.1) */
#define RETRY_MICROSECONDS  1000    /* until the second startup message */
#define SILENT_MICROSECONDS 5000000 /* until a CPU is given up: hypervisors may be busy */
#define PATIENCE_SECONDS    10      /* for all CPUs that are given up */

/* ---- the list -------------------------------------------------------------------------------- */

static bool is_listed(const struct mp_list *list, uint32_t apic_id)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->cpus[i].apic_id == apic_id)
            return true;
    return false;
}

static enum err find_madt(const struct facts *facts, struct acpi_table *madt)
{
    const struct acpi acpi = {.rsdp = facts->rsdp, .first = 0, .end = facts->reachable_end};
    return acpi_find(&acpi, "APIC", madt);
}

static uint32_t count_processors(const struct acpi_table *madt)
{
    struct acpi_processor processor;
    uint32_t count = 0;
    for (uint32_t offset = 0; acpi_next_processor(madt, &offset, &processor);)
        count++;
    return MIN(count, CPUS_MAX);
}

/* Firmware may list a processor twice, by its APIC and by its x2APIC. */
enum err mp_list(const struct facts *facts, struct arena *arena, struct mp_list *list)
{
    struct acpi_table madt = {NULL, 0};
    struct acpi_processor processor;
    if (find_madt(facts, &madt) != OK)
        note("%s: only one CPU is known\n", err_message());

    uint32_t capacity = 1 + count_processors(&madt);
    TRY(ARENA_TAKE(arena, capacity, &list->cpus));
    list->cpus[0] = (struct acpi_processor){MP_UID_UNKNOWN, facts->cpu.apic_id};
    list->count = 1;
    for (uint32_t offset = 0; acpi_next_processor(&madt, &offset, &processor);) {
        if (processor.apic_id == facts->cpu.apic_id && list->cpus[0].uid == MP_UID_UNKNOWN)
            list->cpus[0].uid = processor.uid;
        if (list->count < capacity && !is_listed(list, processor.apic_id))
            list->cpus[list->count++] = processor;
    }
    return OK;
}

/* ---- time ------------------------------------------------------------------------------------ */

static uint64_t ticks(const struct mp *mp, uint64_t microseconds)
{
    return mp->hz / 1000000 * microseconds;
}

static void wait(const struct mp *mp, uint64_t microseconds)
{
    uint64_t begin = cpu_tsc();
    while (cpu_tsc() - begin < ticks(mp, microseconds))
        __asm__ volatile("pause");
}

/* ---- starting -------------------------------------------------------------------------------- */

static bool needs_x2apic(const struct mp_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (list->cpus[i].apic_id >= UINT8_MAX)
            return true;
    return false;
}

static void fill_page(struct mp *mp, const struct mp_world *world)
{
    struct mp_page *page = mp->page = at_physical(world->page);
    memcpy(page, mp_trampoline, (size_t)(mp_trampoline_end - mp_trampoline));
    page->gate = MP_NOBODY;
    page->apic_base = APIC_BASE_ENABLED | (mp->x2apic ? APIC_BASE_X2APIC : 0);
    page->world = *world;
    if (!mp->x2apic && mp->apic.registers != world->local.registers)
        page->world.local.spurious = 0; /* they are not mapped where they are */
    page->mtrr_count = mtrr_read(page->mtrrs);
}

enum err mp_begin(struct mp *mp, const struct mp_world *world, const struct mp_list *list,
                  const struct facts *facts, enum mp_mode mode)
{
    bool want_x2apic = mode == MP_MODE_X2APIC || (mode == MP_MODE_KEPT && needs_x2apic(list));
    mp->facts = facts;
    mp->hz = facts->tsc_hz ? facts->tsc_hz : HZ_MAX;
    mp->patience = mp->hz * PATIENCE_SECONDS;
    TRY(apic_begin(&mp->apic, &facts->cpu, want_x2apic, facts->reachable_end));
    mp->x2apic = mp->apic.x2apic && mode != MP_MODE_XAPIC;
    if (!world->page)
        return OK;
    fill_page(mp, world);
    for (uint32_t i = 1; i < list->count; i++)
        if (apic_reaches(&mp->apic, list->cpus[i].apic_id))
            apic_send(&mp->apic, list->cpus[i].apic_id, APIC_INIT);
    wait(mp, RESET_MICROSECONDS);
    return OK;
}

/* Whether the CPU came in before the time was over. */
static bool await_gate(const struct mp *mp, uint64_t limit)
{
    uint64_t begin = cpu_tsc();
    while (mp->page->gate != MP_NOBODY) {
        if (cpu_tsc() - begin >= limit)
            return false;
        __asm__ volatile("pause");
    }
    return true;
}

static bool await_parked(const volatile struct mp_mailbox *mailbox, uint64_t limit)
{
    uint64_t begin = cpu_tsc();
    while (!mailbox->parked) {
        if (cpu_tsc() - begin >= limit)
            return false;
        __asm__ volatile("pause");
    }
    return true;
}

/* A second startup message does nothing to a CPU that took the first. */
static bool call_in(struct mp *mp, uint32_t apic_id)
{
    uint32_t startup = APIC_STARTUP | (uint32_t)(mp->page->world.page / PAGE_BYTES);
    uint64_t limit = MIN(ticks(mp, SILENT_MICROSECONDS), mp->patience);

    mp->page->gate = apic_id;
    apic_send(&mp->apic, apic_id, startup);
    if (await_gate(mp, ticks(mp, RETRY_MICROSECONDS)))
        return true;
    apic_send(&mp->apic, apic_id, startup);
    if (await_gate(mp, limit))
        return true;
    mp->patience -= limit;
    /* False: it comes in at this moment. */
    return !__atomic_compare_exchange_n(&mp->page->gate, &apic_id, MP_NOBODY, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static bool reaches(const struct mp *mp, uint32_t apic_id)
{
    return apic_reaches(&mp->apic, apic_id) && (mp->x2apic || apic_id < UINT8_MAX);
}

#define LINE_AT_RESET 0x10000 /* masked, fixed (Intel SDM 3A, 10.4.7.1) */

/* The MADT may give each CPU another line for NMIs. */
static void choose_lines(struct mp *mp, uint32_t uid)
{
    struct mp_apic *local = &mp->page->world.local;
    for (uint32_t line = 0; local->spurious && line < ARRAY_LENGTH(local->lint); line++)
        local->lint[line] = interrupts_masked_line(mp->facts, uid, line, LINE_AT_RESET);
}

enum err mp_start(struct mp *mp, const struct acpi_processor *cpu, struct mp_mailbox *mailbox,
                  uint64_t mailbox_virtual)
{
    if (!reaches(mp, cpu->apic_id))
        return fail(ERR_NOT_FOUND, "the CPU with APIC ID %u is out of this APIC's reach",
                    cpu->apic_id);
    mailbox->parked = 0;
    mp->page->mailbox = mailbox_virtual;
    choose_lines(mp, cpu->uid);
    if (!call_in(mp, cpu->apic_id))
        return fail(ERR_NOT_FOUND, "the CPU with APIC ID %u does not answer", cpu->apic_id);
    if (!await_parked(mailbox, ticks(mp, SILENT_MICROSECONDS)))
        return fail(ERR_IO, "the CPU with APIC ID %u has got lost on its way", cpu->apic_id);
    return OK;
}
