/* The resident image: the last instructions before the kernel, and the reporter of its first fault.
 * It is a small static PIE that is embedded in the loader, placed like the kernel, and stays mapped
 * in Lintel's window when the loader is gone. Its layout is a promise of resident.ld: the image
 * begins with 256 interrupt vectors of RESIDENT_VECTOR_BYTES each, its writable segment with struct
 * resident_state. */
#ifndef LINTEL_RESIDENT_RESIDENT_H
#define LINTEL_RESIDENT_RESIDENT_H

#include "common/format/elf.h"
#include <stddef.h>

#define RESIDENT_VECTOR_BYTES 16

struct resident_zero {
    uint64_t base; /* virtual, in the direct map; page-aligned */
    uint64_t bytes;
};

struct resident_guard {
    uint64_t base, bytes; /* virtual */
    const char *meaning;  /* of a fault in it; virtual, in the direct map */
};

/* Offsets of the first part are known to switch.asm. All pointers are the kernel's. */
struct resident_state {
    uint64_t delta;          /* what turns a physical address of this image into its virtual one */
    uint64_t root;           /* physical address of the kernel's top page table, below 4 GiB */
    uint64_t root_virtual;   /* the same in the direct map */
    uint64_t flip_la57;      /* 1: the kernel's paging levels differ from the loader's */
    uint64_t cr4, efer, pat; /* final values; pat 0: the CPU has none */
    const struct resident_zero *zero; /* usable memory to clear */
    uint64_t zero_count;
    uint8_t gdtr[16], idtr[16]; /* pseudo-descriptors in the first 10 bytes */
    uint64_t stack_top, entry;
    uint64_t argument; /* RDI at the kernel's entry */
    uint64_t cr0;
    uint64_t keeps_lower_half;       /* 1: the kernel's tables map it, too */
    uint16_t code, data, fs_gs, tss; /* selectors */

    uint64_t slide, kernel_first, kernel_end; /* virtual */
    const struct elf_symbol *symbols;         /* link addresses */
    const char *names;
    uint64_t symbol_count;
    struct resident_guard guards[4];
    struct lintel_framebuffer framebuffer; /* pixels 0: none */
    uint64_t vga_text;                     /* virtual address of the text screen; 0: none */
};

_Static_assert(offsetof(struct resident_state, flip_la57) == 24, "switch.asm");
_Static_assert(offsetof(struct resident_state, cr4) == 32, "switch.asm");
_Static_assert(offsetof(struct resident_state, zero) == 56, "switch.asm");
_Static_assert(offsetof(struct resident_state, gdtr) == 72, "switch.asm");
_Static_assert(offsetof(struct resident_state, idtr) == 88, "switch.asm");
_Static_assert(offsetof(struct resident_state, stack_top) == 104, "switch.asm");
_Static_assert(offsetof(struct resident_state, cr0) == 128, "switch.asm");
_Static_assert(offsetof(struct resident_state, code) == 144, "switch.asm");

/* The embedded image (enter.asm). */
extern const uint8_t resident_image[], resident_image_end[];

/* Paging levels of the tables in force, 4 or 5 (enter.asm). */
uint32_t handoff_levels(void);

/* The loader's last call (enter.asm): takes up `bridge` (physical address of a top table in which
 * this code and the resident image are mapped one to one) and jumps to the resident image's entry
 * at its physical address. */
void handoff_enter(uint64_t bridge, uint64_t resident_entry) __attribute__((noreturn));

#endif
