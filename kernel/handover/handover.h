/* What the kernel was handed: registers as they were, boot information, and its own place. */
#pragma once

#include "common/lintel.h"
#include <stdbool.h>
#include <stddef.h>

#define KIB        UINT64_C(1024)
#define MIB        (1024 * KIB)
#define GIB        (1024 * MIB)
#define PAGE_BYTES (4 * KIB)

/* The registers at the kernel's first instruction; entry.asm fills it. */
struct initial_state {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags;
    uint64_t tsc;
    uint64_t bss_dirty; /* virtual address of the first quadword of .bss that was not 0; 0: none */
    uint16_t cs, ss, ds, es, fs, gs;
};
_Static_assert(offsetof(struct initial_state, rflags) == 16 * 8, "entry.asm: struc state");
_Static_assert(offsetof(struct initial_state, bss_dirty) == 18 * 8, "entry.asm: struc state");
_Static_assert(offsetof(struct initial_state, gs) == 19 * 8 + 10, "entry.asm: struc state");

extern struct initial_state initial_state;
extern const struct lintel_boot_info *boot; /* main.c sets it first of all */

/* When the index-th stage of the boot began, by the TSC; the last one ended at the kernel's entry.
 */
static inline uint64_t stage_start(uint64_t index)
{
    return index < boot->stage_count ? boot->stages[index].tsc : initial_state.tsc;
}

/* What this kernel asks for, said here because C4 and C25 compare. */
#define WISHED_STACK_BYTES   (64 * KIB)
#define WISHED_PAGING_LEVELS 5
#define WISHED_WIDTH         1280
#define WISHED_HEIGHT        800

/* Where Lintel puts stacks and its fault reporter, as PROTOCOL.md says; virtual, end exclusive. */
#define WINDOW_START UINT64_C(0xffffff0000000000)
#define WINDOW_END   UINT64_C(0xffffff8000000000)

/* Bounds that kernel.ld sets: addresses of these are what counts. */
extern const char kernel_start[], text_start[], text_end[], rodata_start[], rodata_end[];
extern char data_start[], data_end[], bss_start[], bss_end[], kernel_end[];
extern const uint64_t kernel_link_address;

/* A physical address through the direct map. */
static inline void *direct(uint64_t physical)
{
    return (void *)(boot->direct_map + physical);
}

static inline uint64_t address_of(const volatile void *pointer)
{
    return (uint64_t)pointer;
}

/* True when [a, a + a_bytes) and [b, b + b_bytes) share a byte. Neither may wrap. */
static inline bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

/* ---- memory_map.c ---------------------------------------------------------------------------- */

/* The type of a physical address (enum lintel_memory_type; 0: in no range). */
uint32_t memory_type_at(uint64_t physical);

/* The same, and where that ends: the range's end, or where the next one begins (2^64 - 1:
 * never). */
uint32_t memory_stretch_at(uint64_t physical, uint64_t *end);

const char *memory_type_name(uint32_t type); /* "nowhere" for 0 */

uint64_t memory_bytes(uint32_t type);

/* The first usable page that shares a byte with physical [base, base + bytes). */
bool memory_usable_in(uint64_t base, uint64_t bytes, uint64_t *page);

/* The map as the firmware told it, in UEFI's own words where there are any; it need not be sorted.
 */
struct raw_range {
    uint64_t base, bytes; /* physical */
    const char *type;
};
uint64_t raw_map_count(void);
struct raw_range raw_map_range(uint64_t index);

#define EFI_MEMORY_TYPES 16 /* EfiUnacceptedMemoryType is the last */

/* A descriptor of the EFI map (UEFI 2.10, 7.2); they are boot->efi_descriptor_bytes apart. */
struct efi_descriptor {
    uint32_t type;
    uint32_t padding;
    uint64_t physical;
    uint64_t virtual;
    uint64_t pages;
    uint64_t attribute;
};
const struct efi_descriptor *efi_descriptor(uint64_t index);

/* True once the kernel itself has taken usable memory: the claims then leave it alone. */
extern bool memory_is_in_use;

/* The module of that name: its path, or what stands behind the path's last "/"; NULL: none. */
const struct lintel_module *module_find(const char *name);

/* ---- options.c: the command line, words separated by spaces, some of them name=value --------- */

bool option_given(const char *word);

/* True when `text` starts with `name` and '='; *value is then what follows. */
bool option_split(const char *text, const char *name, const char **value);

/* The value of a word name=value on the command line; it ends at a space or at 0. */
bool option_value(const char *name, const char **value);

/* True when the word that begins at `at`, up to a space or 0, is `word`. */
bool option_same(const char *at, const char *word);

/* The word behind the one at `at`; "": there is none. */
const char *option_next(const char *at);

/* Digits at the start of text in base 10 or 16; *end is behind them. */
uint64_t option_number(const char *text, unsigned base, const char **end);
