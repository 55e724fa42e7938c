/* Virtual memory in two steps, as on the systems that invented it: a region is reserved first,
 * which costs nothing but addresses; its pages are committed later, and get a frame of zeroes when
 * they are first touched. Pure: runs on the host against a model (test/unit/test_kernel_vm.c). */
#pragma once

#include "kernel/vm/spans.h"
#include "kernel/vm/tables.h"

enum vm_status {
    VM_OK,
    VM_BAD_SIZE,       /* 0, or the range wraps */
    VM_BAD_ADDRESS,    /* outside the addresses of this space */
    VM_BAD_PROTECTION, /* no such combination: write and execute exclude each other */
    VM_ADDRESS_TAKEN,  /* part of the range is reserved */
    VM_NO_ADDRESS,     /* no gap is large enough */
    VM_NOT_RESERVED,   /* the range is not inside one region */
    VM_NOT_COMMITTED,  /* part of the range is only reserved */
    VM_NOT_A_REGION,   /* no region begins there */
    VM_SHARED,         /* pages of a shared region can't be decommitted */
    VM_NO_MEMORY,
};

#define VM_NO_ACCESS 0x0u
#define VM_READ      0x1u
#define VM_WRITE     0x2u /* with VM_READ */
#define VM_EXECUTE   0x4u /* with VM_READ */
#define VM_GUARD     0x8u /* the first access faults, once */

enum vm_access { VM_FOR_READ, VM_FOR_WRITE, VM_FOR_EXECUTE };

/* What a page fault turned out to be. */
enum vm_fault {
    VM_FAULT_NONE,        /* nothing was wrong with the page */
    VM_FAULT_DEMAND_ZERO, /* mended: the page has a frame now */
    VM_FAULT_COPY,        /* mended: a shared page was copied before the write */
    VM_FAULT_GUARD,       /* the guard is off now; the access may be tried again */
    VM_FAULT_FREE,        /* nobody reserved it */
    VM_FAULT_RESERVED,    /* not committed */
    VM_FAULT_PROTECTION,
    VM_FAULT_NO_MEMORY,
    VM_FAULTS,
};

/* Memory that several regions can show. */
struct section {
    uint64_t pages, views;
    uint64_t frames[]; /* physical; 0: not touched yet */
};

struct vm {
    struct spans spans;
    struct tables tables;
    uint64_t first, end; /* the addresses that may be reserved */
    bool user;           /* pages are for user mode */
    uint64_t nx;         /* ENTRY_NX; 0: the CPU can't keep anybody from executing */
    uint64_t faults[VM_FAULTS];
    uint64_t frames_held; /* of private pages */
};

/* What vm_query() says of an address. VM_NONE: it is free; VM_SYSTEM: no region can be there. */
enum vm_type { VM_NONE, VM_PRIVATE, VM_SECTION, VM_SECTION_COPIED, VM_SYSTEM };

struct vm_info {
    uint64_t base, bytes; /* of the run of pages around the address that are alike */
    uint64_t region;
    enum vm_type type;
    uint32_t protection, reserved_with;
    uint32_t committed; /* or only reserved; no bool, so that programs get no padding */
};

/* `address` 0: anywhere. Ranges grow to whole pages; *base is where the region begins. The
 * protection is only remembered. */
enum vm_status vm_reserve(struct vm *vm, uint64_t address, uint64_t bytes, uint32_t protection,
                          uint64_t *base);

/* Committed pages stay so, with the new protection. */
enum vm_status vm_commit(struct vm *vm, uint64_t address, uint64_t bytes, uint32_t protection);

/* What was in the pages is lost; the addresses stay reserved. */
enum vm_status vm_decommit(struct vm *vm, uint64_t address, uint64_t bytes);

/* The whole region that begins there. */
enum vm_status vm_release(struct vm *vm, uint64_t region);

enum vm_status vm_protect(struct vm *vm, uint64_t address, uint64_t bytes, uint32_t protection);

void vm_query(const struct vm *vm, uint64_t address, struct vm_info *info); /* of any address */

/* A region that shows the whole section, committed, at a page or (0) anywhere. With `copies`, what
 * is written stays in this region. */
enum vm_status vm_show(struct vm *vm, struct section *section, bool copies, uint64_t address,
                       uint32_t protection, uint64_t *base);

/* NULL: no memory. It ends with its last view. */
struct section *section_create(struct heap *heap, uint64_t pages);

/* To be called by the page-fault handler, and by whoever is about to touch a user's memory. Counts.
 */
enum vm_fault vm_fault(struct vm *vm, uint64_t address, enum vm_access access);

/* Copies between `memory` and what an address of the space shows, as if a program there touched it,
 * but by physical addresses: the space need not be in use. For reading `memory` is filled from the
 * space, for writing the space from `memory`; NULL: the pages are only touched. False: an address
 * may not be touched so; what lies in front of it is copied. */
bool vm_copy(struct vm *vm, uint64_t address, void *memory, uint64_t bytes, enum vm_access access);

/* Flags of a page's entry that has a frame; for the calls, and for faults. */
uint64_t vm_entry_flags(const struct vm *vm, const struct span *span, bool owned);

/* Bytes of what is reserved, of what of that is committed, and of what of that has a frame: the
 * working set. */
struct vm_sums {
    uint64_t reserved, committed, working_set;
};
struct vm_sums vm_sums(const struct vm *vm);

/* Releases every region, and the tables. */
void vm_end(struct vm *vm);

const char *vm_status_name(enum vm_status status);
const char *vm_fault_name(enum vm_fault fault);
