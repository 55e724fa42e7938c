/* The resident image: the reporter of the kernel's first fault. It is a small static PIE that is
 * embedded in the loader, placed like the kernel, and stays mapped in Lintel's window when the
 * loader is gone. Its layout is a promise of resident.ld: the image begins with 256 interrupt
 * vectors of VECTOR_BYTES each, its writable segment with struct resident_state. */
#pragma once

#include "common/format/elf.h"
#include "common/lintel.h"
#include "common/resident/frame.h"

struct resident_guard {
    uint64_t base, bytes; /* virtual */
    const char *meaning;  /* of a fault in it; virtual, in the direct map */
};

/* All pointers are the kernel's. */
struct resident_state {
    /* Where RSP is when the function returns that a CPU was started in; virtual. Those of the CPUs
     * but the first are equally far apart. */
    uint64_t stack_top, cpu_stack_top, cpu_stack_distance, cpu_count;
    uint64_t slide, kernel_first, kernel_end; /* virtual */
    const struct elf_symbol *symbols;         /* link addresses */
    const char *names;
    uint64_t symbol_count;
    struct resident_guard guards[4];
    struct lintel_framebuffer framebuffer; /* pixels 0: none */
    uint64_t vga_text;                     /* virtual address of the text screen; 0: none */
};

/* The embedded image (image.asm). */
extern const uint8_t resident_image[], resident_image_end[];
