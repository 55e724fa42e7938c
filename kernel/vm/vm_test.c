#include "vm_test.h"
#include "../console/console.h"
#include "memory.h"

#define PAGES UINT64_C(16)
#define BYTES (PAGES * FRAME_BYTES)
#define RET   0xc3 /* the shortest function */

static struct vm *vm;
static uint64_t base;
static bool passed;

static void check(const char *what, bool holds)
{
    print_colour(holds ? COLOUR_GOOD : COLOUR_BAD, "vm: %-48s%s\n", what, holds ? "ok" : "FAILED");
    passed &= holds;
}

static volatile uint8_t *page(uint64_t index)
{
    return (volatile uint8_t *)(base + index * FRAME_BYTES);
}

static bool faults(uint64_t index, enum vm_access access, enum vm_fault fault)
{
    return memory_probe(base + index * FRAME_BYTES, access) == fault;
}

static void test_two_steps(void)
{
    uint64_t held = vm->frames_held, zero = vm->faults[VM_FAULT_DEMAND_ZERO];
    bool fresh = true;
    check("reserve", vm_reserve(vm, 0, BYTES, &base) == VM_OK);
    check("reserved pages can't be touched", faults(0, VM_FOR_READ, VM_FAULT_RESERVED));
    check("commit", vm_commit(vm, base, BYTES, VM_READ | VM_WRITE) == VM_OK);
    check("commit takes no memory", vm->frames_held == held);
    for (uint64_t i = 0; i < PAGES; i++)
        fresh &=
            faults(i, i % 2 ? VM_FOR_WRITE : VM_FOR_READ, VM_FAULT_DEMAND_ZERO) && *page(i) == 0;
    check("each page comes with its first touch, zeroed",
          fresh && vm->faults[VM_FAULT_DEMAND_ZERO] == zero + PAGES);
    *page(3) = 1;
    check("decommit", vm_decommit(vm, base + 3 * FRAME_BYTES, 1) == VM_OK &&
                          vm->frames_held == held + PAGES - 1);
    check("commit again: a new page of zeroes",
          vm_commit(vm, base + 3 * FRAME_BYTES, 1, VM_READ | VM_WRITE) == VM_OK &&
              faults(3, VM_FOR_READ, VM_FAULT_DEMAND_ZERO) && *page(3) == 0);
}

static bool protect(uint64_t index, uint32_t protection)
{
    return vm_protect(vm, base + index * FRAME_BYTES, FRAME_BYTES, protection) == VM_OK;
}

static void test_protection(void)
{
    *page(0) = RET;
    check("read-only", protect(0, VM_READ) && faults(0, VM_FOR_READ, VM_FAULT_NONE) &&
                           faults(0, VM_FOR_WRITE, VM_FAULT_PROTECTION) && *page(0) == RET);
    check("read-write is not executable", faults(1, VM_FOR_EXECUTE, VM_FAULT_PROTECTION));
    check("no-access", protect(0, VM_NO_ACCESS) && faults(0, VM_FOR_READ, VM_FAULT_PROTECTION));
    check("execute-read", protect(0, VM_READ | VM_EXECUTE) &&
                              faults(0, VM_FOR_EXECUTE, VM_FAULT_NONE) &&
                              faults(0, VM_FOR_WRITE, VM_FAULT_PROTECTION));
    check("write and execute exclude each other",
          vm_protect(vm, base, 1, VM_READ | VM_WRITE | VM_EXECUTE) == VM_BAD_PROTECTION);
    check("a guard page fires once", protect(2, VM_READ | VM_WRITE | VM_GUARD) &&
                                         faults(2, VM_FOR_READ, VM_FAULT_GUARD) &&
                                         faults(2, VM_FOR_READ, VM_FAULT_NONE));
}

static void test_copy_on_write(void)
{
    struct section *section = section_create(vm->spans.heap, 2);
    uint64_t shared, copied, copies = vm->faults[VM_FAULT_COPY];
    check("two views of a section",
          section && vm_show(vm, section, false, 0, VM_READ | VM_WRITE, &shared) == VM_OK &&
              vm_show(vm, section, true, 0, VM_READ | VM_WRITE, &copied) == VM_OK);
    volatile uint8_t *in_shared = (volatile uint8_t *)shared;
    volatile uint8_t *in_copied = (volatile uint8_t *)copied;
    *in_shared = 1;
    check("both show the same memory", *in_copied == 1);
    *in_copied = 2;
    check("a write copies the page, once",
          *in_shared == 1 && *in_copied == 2 && vm->faults[VM_FAULT_COPY] == copies + 1);
    *in_shared = 3;
    in_copied[FRAME_BYTES] = 4;
    check("what was copied is apart", *in_copied == 2 && in_shared[FRAME_BYTES] == 0);
    check("release of both", vm_release(vm, shared) == VM_OK && vm_release(vm, copied) == VM_OK);
}

static void test_queries(void)
{
    struct vm_info info;
    check("query: a run of pages that are alike",
          protect(5, VM_READ) && vm_query(vm, base + 5 * FRAME_BYTES + 7, &info) == VM_OK &&
              info.base == base + 5 * FRAME_BYTES && info.bytes == FRAME_BYTES &&
              info.region == base && info.committed && info.protection == VM_READ);
    check("errors have names", vm_commit(vm, base, 0, VM_READ) == VM_BAD_SIZE &&
                                   vm_commit(vm, base + BYTES - 1, 2, VM_READ) == VM_NOT_RESERVED &&
                                   vm_release(vm, base + FRAME_BYTES) == VM_NOT_A_REGION &&
                                   vm_reserve(vm, base, 1, &info.base) == VM_ADDRESS_TAKEN &&
                                   vm_reserve(vm, vm->end, 1, &info.base) == VM_BAD_ADDRESS);
}

bool vm_test(void)
{
    passed = true;
    vm = space_in_use();
    uint64_t held = vm->frames_held;
    test_two_steps();
    test_protection();
    test_queries();
    test_copy_on_write();
    check("release", vm_release(vm, base) == VM_OK && vm->frames_held == held);
    check("what is released can't be touched", faults(0, VM_FOR_READ, VM_FAULT_FREE));
    return passed;
}
