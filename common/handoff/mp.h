/* Starts the other CPUs (Intel SDM 3A, 8.4) and parks each, in long mode on the kernel's page
 * tables, until the kernel writes an address into a 64-bit word.
 *
 * While the firmware is there: mp_list(), and memory for what follows. When it has left, on the
 * loader's tables and before the kernel's lose their lower half: mp_begin() once, and mp_start()
 * for each CPU in turn. */
#pragma once

#include "common/firmware.h"
#include "common/hw/acpi.h"
#include "common/hw/apic.h"
#include "common/hw/mtrr.h"
#include "common/lib/arena.h"

#define MP_UID_UNKNOWN UINT32_MAX

struct mp_list {
    struct acpi_processor *cpus; /* enabled ones, each once; the one that boots is the first */
    uint32_t count;              /* 1 and up */
};

/* From the MADT; without one the CPU that boots is alone, with MP_UID_UNKNOWN, and the log says
 * why. ERR_NO_MEMORY. */
enum err mp_list(const struct facts *facts, struct arena *arena, struct mp_list *list);

/* What all CPUs share. */
struct mp_world {
    uint64_t page;           /* physical, below A0000h: a page of memory for the trampoline, in use
                                for good, since a CPU might be late; 0: no CPU is to be started */
    uint64_t page_virtual;   /* the kernel's tables map the page here, executable, for good; and one
                                to one, executable, until the last CPU is started */
    uint64_t root;           /* CR3: below 4 GiB */
    uint64_t cr0, cr4, efer; /* but for EFER.LMA */
    uint64_t pat;            /* 0: the CPU has none */
    uint64_t code, data, fs_gs; /* selectors in the GDT that each mailbox names */
    struct mp_apic {            /* what to write to their APICs' registers; spurious 0: nothing */
        uint64_t spurious, lint[2]; /* mp_start() chooses the latter, from the MADT */
        uint64_t registers;         /* of an xAPIC: mapped one to one, as the page is */
    } local;
};

enum mp_mode {               /* of the local APICs */
               MP_MODE_KEPT, /* as the firmware chose it; x2APIC where an APIC ID needs it */
               MP_MODE_XAPIC,
               MP_MODE_X2APIC, /* where the CPU has it */
};

/* A CPU's own, in memory that the kernel's tables map writable: all addresses are virtual there. */
struct mp_mailbox {
    uint64_t parked;    /* the CPU writes 1: it waits for the word */
    uint64_t word;      /* address of 64 bits, 0 at first: where to go */
    uint64_t argument;  /* RDI for that */
    uint64_t stack_top; /* RSP, before a 0 is pushed as return address */
    uint64_t tss;       /* selector; 0: none is loaded */
    uint8_t gdtr[16];   /* pseudo-descriptors in the first 10 bytes */
    uint8_t idtr[16];
};

struct mp {
    struct apic apic; /* of the CPU that boots */
    bool x2apic;      /* the others will be in this mode */
    const struct facts *facts;
    struct mp_page *page;
    uint64_t hz;       /* of the TSC */
    uint64_t patience; /* TSC ticks that silent CPUs may cost from now on */
};

/* Fills the trampoline's page and resets all CPUs but the one that boots (the list's first), in
 * 10 ms. The mode is all CPUs', but for one thing: where it is MP_MODE_XAPIC and the firmware has
 * x2APIC on, the CPU that boots is left so, to reach the others. ERR_UNSUPPORTED: the CPU has no
 * APIC to do this with. */
enum err mp_begin(struct mp *mp, const struct mp_world *world, const struct mp_list *list,
                  const struct facts *facts, enum mp_mode mode);

/* Starts one CPU; returns when it is parked. `mailbox` and `mailbox_virtual` are the same place:
 * now, and on the kernel's tables. ERR_NOT_FOUND: it did not answer, or cannot be reached; the
 * mailbox is free for another. ERR_IO: it answered and was not seen again: leave it the mailbox,
 * and start no more. The started CPU has at its first instruction the world's control registers,
 * PAT and selectors, FS and GS with base 0, LDTR 0, the mailbox's GDT, IDT, TSS and stack, RFLAGS
 * 2, RDI as the mailbox says, all other general registers 0, x87 and SSE as after FNINIT and with
 * MXCSR 1F80h, no stale translation, the MTRRs of the CPU that boots, and its local APIC as INIT
 * leaves it, but for what the world says. */
enum err mp_start(struct mp *mp, const struct acpi_processor *cpu, struct mp_mailbox *mailbox,
                  uint64_t mailbox_virtual);

/* ---- the trampoline's page --------------------------------------------------------------------
 */

#define MP_NOBODY UINT32_MAX

struct mp_page { /* at the beginning of the page */
    uint8_t jump[4];
    volatile uint32_t gate; /* the APIC ID that may come in; the CPU changes it to MP_NOBODY */
    uint64_t apic_base;     /* the mode, in IA32_APIC_BASE */
    uint64_t mailbox;       /* virtual */
    struct mp_world world;
    uint64_t mtrr_count;
    struct mtrr mtrrs[MTRRS_MAX];
};

/* The program (handoff/trampoline.asm): position-independent, less than a page. */
extern const uint8_t mp_trampoline[], mp_trampoline_end[];
