/* How did the processor stand when Lintel handed it over? */
#include "kernel/machine/original.h"
#include "kernel/handover/handover.h"
#include "kernel/lib/bytes.h"
#include "kernel/machine/descriptors.h"
#include "kernel/machine/interrupts.h"

static struct state {
    uint64_t cr0, cr3, cr4, efer;
    struct table_register idt;
    struct tss tss;
    uint8_t masks[2];
} original;

static struct state read_state(void)
{
    return (struct state){.cr0 = read_cr0(),
                          .cr3 = read_cr3(),
                          .cr4 = read_cr4(),
                          .efer = read_msr(MSR_EFER),
                          .idt = read_idtr(),
                          .tss = *(const struct tss *)tss_address(),
                          .masks = {in8(PIC_PRIMARY), in8(PIC_SECONDARY)}};
}

static void write_state(const struct state *state)
{
    write_cr0(state->cr0);
    write_cr3(state->cr3);
    write_cr4(state->cr4);
    write_msr(MSR_EFER, state->efer);
    load_idt(state->idt);
    *(struct tss *)tss_address() = state->tss;
    out8(PIC_PRIMARY, state->masks[0]);
    out8(PIC_SECONDARY, state->masks[1]);
}

uint8_t original_sector[SECTOR_BYTES];

void original_keep_sector(void)
{
    memcpy(original_sector, direct(SECTOR_AT), SECTOR_BYTES);
}

void original_keep(void)
{
    original = read_state();
}

void original_show(void (*look)(void))
{
    uint64_t flags = interrupts_off();
    struct state present = read_state();
    write_state(&original);
    look();
    write_state(&present);
    interrupts_restore(flags);
}
