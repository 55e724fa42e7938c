/* The claims of PROTOCOL.md, checked: list.h names the functions that do it. */
#pragma once

#include "kernel/handover/handover.h"
#include "kernel/machine/cpu.h"
#include "kernel/machine/descriptors.h"
#include "kernel/machine/page_tables.h"

/* Checks all claims and prints a line for each; returns whether all hold. */
bool claims_check(void);

/* Breaks each claim on purpose, sees that its check notices, and repairs the damage: a check that
 * cannot fail proves nothing. Prints a line for each; returns whether all were noticed. */
bool sabotage_all(void);

/* Looks, before anybody writes, whether usable memory is zero as LINTEL_BOOT_MEMORY_ZEROED says. */
void memory_look_for_zeroes(void);

/* ---- for the checks themselves --------------------------------------------------------------- */

#define CLAIM(number, title, check) bool check(void);
#include "kernel/claims/list.h"
#undef CLAIM

/* Checks one claim without a word; what it had to say is then in claim_explanation(). */
bool claim_holds(uint32_t number);
const char *claim_explanation(void);

/* A check is made of must(condition, "what was found, what was wanted"), or fails by
 * violated("..."). One that holds may return remark(...), shown behind the claim's title: what
 * could not be looked at, and why. */
#define must(condition, ...) ((condition) || violated(__VA_ARGS__))
#define violated(...)        explain(false, __VA_ARGS__)
#define remark(...)          explain(true, __VA_ARGS__)
bool explain(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Values that should be the same; the first that differ are the violation. `cpu` is named unless it
 * is 0, the one that boots. */
struct comparison {
    const char *name;
    uint64_t found, wanted;
};
bool all_equal(uint64_t cpu, const struct comparison *rows, size_t count);

/* Of any CPU: C2 and C35, C1 and C36, C9 and C10 (with its own TSS) and C37. */
bool general_registers_are_zero(uint64_t cpu, const struct initial_state *registers);
bool segments_are_flat(uint64_t cpu, const struct initial_state *registers);
bool gdt_is_good(struct table_register gdtr);
bool tss_is_good(struct table_register gdtr);

/* Of any CPU: C4 and C38, C18 and C38. A stack's pages are not executable, either; nothing is
 * mapped on either side of it. */
bool stack_is_writable(uint64_t cpu, const char *name, uint64_t bottom, uint64_t top);
bool stack_is_guarded(uint64_t cpu, const char *name, uint64_t bottom, uint64_t top);
bool fault_stack_is_good(uint64_t cpu, uint64_t top);

/* Virtual address behind the last byte that the direct map may map. */
uint64_t direct_map_end(void);

/* Everything that the boot information points to, one thing after the other. `bytes` counts a
 * string's final 0; STRING_BYTES_MAX: it has none. False ends the round. */
#define STRING_BYTES_MAX 65536
typedef bool (*handed_over_visit)(const char *what, const void *at, uint64_t bytes);
bool handed_over_each(handed_over_visit visit);
