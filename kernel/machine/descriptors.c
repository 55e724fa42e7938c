/* Where is the TSS, and which stacks does it name? */
#include "kernel/machine/descriptors.h"
#include "kernel/handover/handover.h"
#include "kernel/machine/page_tables.h"

uint64_t kernel_stack_top;

/* Intel SDM 3A, figure 7-4. */
const struct tss *tss_in(struct table_register gdtr)
{
    const uint64_t *gdt = (const uint64_t *)gdtr.base;
    if (gdtr.limit < GDT_BYTES - 1)
        return NULL;
    uint64_t low = gdt[SELECTOR_TSS / 8], high = gdt[SELECTOR_TSS / 8 + 1];
    return (const struct tss *)((low >> 16 & 0xffffff) | (low >> 56) << 24 | high << 32);
}

uint64_t tss_address(void)
{
    return address_of(tss_in(read_gdtr()));
}

void kernel_stack_use(uint64_t stack_top)
{
    kernel_stack_top = stack_top;
    ((struct tss *)tss_address())->rsp[0] = stack_top;
}

uint64_t fault_stack_top(void)
{
    const struct tss *tss = (const struct tss *)tss_address();
    return tss && mapped_with(address_of(tss), TSS_BYTES, 0) ? tss->ist[IST_FAULT - 1] : 0;
}
