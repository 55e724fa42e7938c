#include "claims.h"
#include "../console/console.h"
#include "../handover/handover.h"
#include "../lib/text.h"

static const struct claim {
    uint32_t number; /* as in PROTOCOL.md */
    const char *title;
    bool (*holds)(void);
} claims[] = {
    {1, "64-bit mode, CPL 0, flat segments, no LDT", mode_is_promised},
    {2, "RDI points to the boot information, other registers are 0", registers_are_zero},
    {3, "interrupts and direction flag are off", flags_are_promised},
    {4, "the stack is aligned, writable and of the size asked for", stack_is_usable},
    {5, "CR0: paging, and read-only pages hold for the kernel, too", cr0_is_promised},
    {6, "CR4: what the CPU has and the kernel was promised", cr4_is_promised},
    {7, "EFER: long mode, no-execute", efer_is_promised},
    {8, "PAT: write-back first, write-combining last", pat_is_promised},
    {9, "the GDT is flat, in SYSRET order", gdt_is_promised},
    {10, "the TSS has a fault stack and nothing else", tss_is_promised},
    {11, "the IDT has 256 gates, on the fault stack", idt_is_promised},
    {12, "both interrupt controllers are masked", interrupt_controllers_are_masked},

    {13, "the lower half is empty", lower_half_is_empty},
    {14, "no page is writable and executable, under any address", write_excludes_execute},
    {15, "pages are for the supervisor, and global", pages_are_global_supervisor},
    {16, "the kernel lies where it was linked, with its permissions", kernel_image_is_in_place},
    {17, "the direct map is exact", direct_map_is_exact},
    {18, "nothing else is mapped, stacks have guard pages", nothing_else_is_mapped},

    {19, "the memory map is sorted, disjoint, page-aligned, merged", memory_map_is_normal},
    {20, "nothing handed over lies in usable memory", usable_memory_is_free},
    {21, "usable memory can be written and read back", usable_memory_works},
    {22, "usable memory was zeroed when asked for", usable_memory_was_zero},

    {23, "the boot information is complete, its strings end", information_is_complete},
    {24, "the modules are whole", modules_are_whole},
    {25, "framebuffers can be drawn on and read back", framebuffers_can_be_drawn},
    {26, "RSDP and SMBIOS entry points are valid", firmware_tables_are_valid},
    {27, "EFI tables are there on UEFI only", efi_is_as_firmware_says},
    {28, "the CPU facts are what CPUID says", cpu_facts_are_cpuid},
    {29, "the boot volume has size, place and identity", boot_volume_is_named},
    {30, "the log is text", log_is_text},
    {31, "the timeline is in order, its clock plausible", timeline_is_ordered},
    {32, "the entropy is not blank", entropy_is_not_blank},
    {33, "the boot time is plausible", boot_time_is_plausible},

    {34, "the CPUs are listed, the one that boots first", processors_are_listed},
    {35, "every CPU comes by one write, with clean registers", processors_start_clean},
    {36, "every CPU is in the state of the one that boots", processors_are_alike},
    {37, "every CPU has a GDT, a TSS and a fault stack of its own", processors_have_own_tables},
    {38, "every CPU has a stack of its own, between guard pages", processors_have_own_stacks},
};
#define CLAIM_COUNT (sizeof claims / sizeof *claims)

static char explanation[512]; /* of the claim under check; "" when there is nothing to say */

bool violated(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_format(explanation, sizeof explanation, format, list);
    va_end(list);
    return false;
}

void remark(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_format(explanation, sizeof explanation, format, list);
    va_end(list);
}

bool claim_holds(uint32_t number)
{
    explanation[0] = 0;
    return claims[number - 1].holds();
}

const char *claim_explanation(void)
{
    return explanation;
}

static bool check_one(const struct claim *claim)
{
    bool holds = claim_holds(claim->number);
    print("C%-2u ", claim->number);
    if (holds)
        print_colour(COLOUR_GOOD, "ok   ");
    else
        print_colour(COLOUR_BAD, "FAILED  ");
    print("%s", claim->title);
    if (explanation[0])
        print_colour(holds ? COLOUR_QUIET : COLOUR_BAD, holds ? " (%s)" : ": %s", explanation);
    print("\n");
    return holds;
}

bool claims_check(void)
{
    uint32_t passed = 0;
    for (size_t i = 0; i < CLAIM_COUNT; i++)
        passed += check_one(&claims[i]);
    bool all = passed == CLAIM_COUNT;
    print_colour(all ? COLOUR_GOOD : COLOUR_BAD, "claims: %u of %u passed\n", passed,
                 (uint32_t)CLAIM_COUNT);
    return all;
}
