/* Does virtual memory do on the CPU what it promises? */
#include "kernel/console/console.h"
#include "kernel/vm/memory.h"

#define RW  (VM_READ | VM_WRITE)
#define RX  (VM_READ | VM_EXECUTE)
#define RET 0xc3 /* the shortest function */

enum act { RESERVE, COMMIT, DECOMMIT, PROTECT, QUERY, SHOW, SHOW_COPY, RELEASE, READ, WRITE, RUN };
enum where { OWN, SHARED, COPIED, REGIONS };

/* What is done to some pages of a region, and what must come of it: a status or, for what touches
 * a page on the CPU itself, a fault; and how many frames the space then holds for itself.
 * `value`: the protection, or the byte that is read or written. */
static const struct step {
    const char *what;
    enum act act;
    enum where where;
    uint32_t page, pages, value, expected, frames;
} steps[] = {
    {"reserve", RESERVE, OWN, 0, 16, 0, VM_OK, 0},
    {"what is reserved can't be touched", READ, OWN, 0, 1, 0, VM_FAULT_RESERVED, 0},
    {"nor protected", PROTECT, OWN, 0, 1, VM_READ, VM_NOT_COMMITTED, 0},
    {"it can't be reserved again", RESERVE, OWN, 15, 1, 0, VM_ADDRESS_TAKEN, 0},
    {"commit takes no memory", COMMIT, OWN, 0, 8, RW, VM_OK, 0},
    {"the first touch brings a page of zeroes", READ, OWN, 3, 1, 0, VM_FAULT_DEMAND_ZERO, 1},
    {"a second touch brings none", WRITE, OWN, 3, 1, RET, VM_FAULT_NONE, 1},
    {"writing brings one as well", WRITE, OWN, 7, 1, 1, VM_FAULT_DEMAND_ZERO, 2},
    {"the page behind is still only reserved", READ, OWN, 8, 1, 0, VM_FAULT_RESERVED, 2},
    {"commit over what is committed", COMMIT, OWN, 2, 14, RW, VM_OK, 2},
    {"contents stay", READ, OWN, 3, 1, RET, VM_FAULT_NONE, 2},
    {"query: a run of pages that are alike", QUERY, OWN, 0, 16, RW, VM_OK, 2},
    {"write and execute exclude each other", PROTECT, OWN, 3, 1, RW | RX, VM_BAD_PROTECTION, 2},
    {"read-write is not executable", RUN, OWN, 3, 1, 0, VM_FAULT_PROTECTION, 2},
    {"execute-read", PROTECT, OWN, 3, 1, RX, VM_OK, 2},
    {"it is executable", RUN, OWN, 3, 1, 0, VM_FAULT_NONE, 2},
    {"but not writable", WRITE, OWN, 3, 1, 0, VM_FAULT_PROTECTION, 2},
    {"read-only", PROTECT, OWN, 3, 1, VM_READ, VM_OK, 2},
    {"query: a run of one", QUERY, OWN, 3, 1, VM_READ, VM_OK, 2},
    {"it is not writable", WRITE, OWN, 3, 1, 0, VM_FAULT_PROTECTION, 2},
    {"no-access", PROTECT, OWN, 3, 1, VM_NO_ACCESS, VM_OK, 2},
    {"it can't even be read", READ, OWN, 3, 1, 0, VM_FAULT_PROTECTION, 2},
    {"a guard page", PROTECT, OWN, 3, 1, RW | VM_GUARD, VM_OK, 2},
    {"it fires", READ, OWN, 3, 1, RET, VM_FAULT_GUARD, 2},
    {"once", READ, OWN, 3, 1, RET, VM_FAULT_NONE, 2},
    {"decommit gives the page back", DECOMMIT, OWN, 3, 1, 0, VM_OK, 1},
    {"it is gone", READ, OWN, 3, 1, 0, VM_FAULT_RESERVED, 1},
    {"commit again", COMMIT, OWN, 3, 1, RW, VM_OK, 1},
    {"a new page of zeroes", READ, OWN, 3, 1, 0, VM_FAULT_DEMAND_ZERO, 2},
    {"beyond the region", COMMIT, OWN, 15, 2, RW, VM_NOT_RESERVED, 2},
    {"no pages at all", COMMIT, OWN, 0, 0, RW, VM_BAD_SIZE, 2},
    {"release inside", RELEASE, OWN, 1, 0, 0, VM_NOT_A_REGION, 2},
    {"a view of a section", SHOW, SHARED, 0, 2, RW, VM_OK, 2},
    {"a view that copies", SHOW_COPY, COPIED, 0, 2, RW, VM_OK, 2},
    {"a write to the first", WRITE, SHARED, 0, 1, 1, VM_FAULT_DEMAND_ZERO, 2},
    {"shows in the second", READ, COPIED, 0, 1, 1, VM_FAULT_DEMAND_ZERO, 2},
    {"a write there copies the page", WRITE, COPIED, 0, 1, 2, VM_FAULT_COPY, 3},
    {"once", WRITE, COPIED, 0, 1, 3, VM_FAULT_NONE, 3},
    {"the first has not seen it", READ, SHARED, 0, 1, 1, VM_FAULT_NONE, 3},
    {"views can't be decommitted", DECOMMIT, SHARED, 0, 1, 0, VM_SHARED, 3},
    {"release of the first", RELEASE, SHARED, 0, 0, 0, VM_OK, 3},
    {"the second still shows the section", READ, COPIED, 1, 1, 0, VM_FAULT_DEMAND_ZERO, 3},
    {"release of the second", RELEASE, COPIED, 0, 0, 0, VM_OK, 2},
    {"release", RELEASE, OWN, 0, 0, 0, VM_OK, 0},
    {"what is released can't be touched", READ, OWN, 0, 1, 0, VM_FAULT_FREE, 0},
};

static uint64_t bases[REGIONS];
static struct section *section;

static bool query(const struct vm *vm, uint64_t address, const struct step *step)
{
    struct vm_info info;
    vm_query(vm, address + 7, &info);
    return info.base == address && info.bytes == step->pages * FRAME_BYTES &&
           info.region == bases[step->where] && info.committed && info.protection == step->value &&
           info.type == VM_PRIVATE;
}

static uint32_t touch(uint64_t address, const struct step *step)
{
    static const enum vm_access accesses[] = {
        [READ] = VM_FOR_READ, [WRITE] = VM_FOR_WRITE, [RUN] = VM_FOR_EXECUTE};
    volatile uint8_t *byte = (volatile uint8_t *)address;
    enum vm_fault fault = memory_probe(address, accesses[step->act]);
    if (fault > VM_FAULT_GUARD)
        return fault;
    if (step->act == WRITE)
        *byte = (uint8_t)step->value;
    return step->act == READ && *byte != step->value ? VM_FAULTS : fault;
}

static uint32_t take(struct vm *vm, const struct step *step)
{
    uint64_t *base = &bases[step->where], bytes = step->pages * FRAME_BYTES;
    uint64_t address = *base + step->page * FRAME_BYTES;
    switch (step->act) {
    case RESERVE:
        return vm_reserve(vm, step->page ? address : 0, bytes, RW, base);
    case COMMIT:
        return vm_commit(vm, address, bytes, step->value);
    case DECOMMIT:
        return vm_decommit(vm, address, bytes);
    case PROTECT:
        return vm_protect(vm, address, bytes, step->value);
    case QUERY:
        return query(vm, address, step) ? VM_OK : VM_BAD_ADDRESS;
    case SHOW:
        section = section_create(&memory_heap, step->pages);
        return section ? vm_show(vm, section, false, 0, step->value, base) : VM_NO_MEMORY;
    case SHOW_COPY:
        return vm_show(vm, section, true, 0, step->value, base);
    case RELEASE:
        return vm_release(vm, address);
    default:
        return touch(address, step);
    }
}

bool vm_test(void)
{
    struct vm *vm = space_in_use();
    uint64_t held = vm->frames_held;
    bool passed = true;
    for (const struct step *step = steps; step < steps + sizeof steps / sizeof *steps; step++) {
        uint32_t got = take(vm, step);
        bool untold = step->act == RUN && step->expected == VM_FAULT_PROTECTION && !vm->nx;
        bool holds = untold || got == step->expected;
        holds &= vm->frames_held == held + step->frames;
        print_colour(holds ? COLOUR_GOOD : COLOUR_BAD, "vm: %-48s%s\n", step->what,
                     holds ? "ok" : "FAILED");
        passed &= holds;
    }
    return passed;
}
