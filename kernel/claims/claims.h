/* The claims of PROTOCOL.md and the functions that check them. */
#ifndef KERNEL_CLAIMS_H
#define KERNEL_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>
#include "../machine/instructions.h"

/* Checks all claims and prints a line for each; returns whether all hold. */
bool claims_check(void);

/* Checks one claim without a word; what it had to say is then in claim_explanation(). */
bool claim_holds(uint32_t number);
const char *claim_explanation(void);

/* A check that fails returns violated("what was found, what was wanted"). */
bool violated(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Shown behind the title of a claim that holds: what could not be looked at, and why. */
void remark(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* processor.c */
bool mode_is_promised(void);
bool registers_are_zero(void);
bool flags_are_promised(void);
bool stack_is_usable(void);
bool cr0_is_promised(void);
bool cr4_is_promised(void);
bool efer_is_promised(void);
bool pat_is_promised(void);

/* descriptors.c */
bool gdt_is_promised(void);
bool tss_is_promised(void);
bool idt_is_promised(void);
bool interrupt_controllers_are_masked(void);
bool gdt_is_good(struct table_register gdtr); /* of any CPU, with its own TSS */
bool tss_is_good(struct table_register gdtr);

/* paging.c, image.c, direct_map.c */
bool lower_half_is_empty(void);
bool write_excludes_execute(void);
bool pages_are_global_supervisor(void);
bool kernel_image_is_in_place(void);
bool direct_map_is_exact(void);
bool nothing_else_is_mapped(void);

/* memory.c, memory_test.c, handed_over.c */
bool memory_map_is_normal(void);
bool usable_memory_is_free(void);
bool usable_memory_works(void);
bool usable_memory_was_zero(void);

/* information.c, modules.c, framebuffer.c, tables.c, cpu.c, timeline.c */
bool information_is_complete(void);
bool modules_are_whole(void);
bool framebuffers_can_be_drawn(void);
bool firmware_tables_are_valid(void);
bool efi_is_as_firmware_says(void);
bool cpu_facts_are_cpuid(void);
bool boot_volume_is_named(void);
bool log_is_text(void);
bool timeline_is_ordered(void);
bool entropy_is_not_blank(void);
bool boot_time_is_plausible(void);

/* processors.c */
bool processors_are_listed(void);
bool processors_start_clean(void);
bool processors_are_alike(void);
bool processors_have_own_tables(void);
bool processors_have_own_stacks(void);

#endif
