/* Which memory has this machine, and which address space does the CPU use? */
#include "kernel/vm/memory.h"
#include "kernel/handover/handover.h"
#include "kernel/machine/cpu.h"
#include "kernel/machine/interrupts.h"
#include "kernel/machine/page_tables.h"

/* Each in a slot of the top table that Lintel left empty. */
#define STACKS_4     UINT64_C(0xfffffe0000000000)
#define STACKS_5     UINT64_C(0xfffe000000000000)
#define STACKS_BYTES (UINT64_C(1) << 39)

#define ERROR_PRESENT UINT64_C(0x1) /* page-fault error code, Intel SDM 3A, 4.7 */
#define ERROR_WRITE   UINT64_C(0x2)
#define ERROR_FETCH   UINT64_C(0x10)

struct frames memory_frames;
struct heap memory_heap;
struct vm shell_space, stacks_space;
const char *memory_verdict;

static struct vm *in_use = &shell_space;
static struct {
    void *recovery[5];
    uint64_t page; /* that is touched */
    enum vm_fault first;
} probe = {.page = UINT64_MAX};

/* ---- frames and heap ------------------------------------------------------------------------- */

/* The bitmap lies at the start of the lowest usable range that has room for it. */
static void open_frames(void)
{
    const struct lintel_memory_range *ranges = boot->memory_map, *host = NULL;
    uint64_t frames = 0, own, all = boot->memory_map_count;
    for (uint64_t i = 0; i < all; i++)
        if (ranges[i].type == LINTEL_MEMORY_USABLE)
            frames = (ranges[i].base_physical + ranges[i].bytes) / FRAME_BYTES;
    own = frames_bitmap_bytes(frames) / FRAME_BYTES + 1;
    for (uint64_t i = all; i-- > 0;)
        if (ranges[i].type == LINTEL_MEMORY_USABLE && ranges[i].bytes >= own * FRAME_BYTES)
            host = &ranges[i];
    frames_begin(&memory_frames, direct(host->base_physical), frames);
    for (uint64_t i = 0; i < all; i++) {
        uint64_t taken = &ranges[i] == host ? own : 0;
        if (ranges[i].type == LINTEL_MEMORY_USABLE)
            frames_add(&memory_frames, ranges[i].base_physical / FRAME_BYTES + taken,
                       ranges[i].bytes / FRAME_BYTES - taken);
    }
}

static void *grow_heap(uint64_t bytes)
{
    uint64_t frame = frames_take(&memory_frames, bytes / FRAME_BYTES);
    return frame == FRAMES_NONE ? NULL : direct(frame * FRAME_BYTES);
}

/* ---- spaces ---------------------------------------------------------------------------------- */

static void describe_space(struct vm *space, uint64_t root, uint64_t first, uint64_t end, bool user)
{
    *space = (struct vm){
        .spans = {.heap = &memory_heap},
        .tables = {.frames = &memory_frames,
                   .physical = direct(0),
                   .root = root,
                   .levels = paging_levels(),
                   .invalidate = invalidate_page},
        .first = first,
        .end = end,
        .user = user,
        .nx = cpu_has(LINTEL_CPU_NX) ? ENTRY_NX : 0,
    };
}

/* A new top table with the upper half of another one. */
static bool make_root(uint64_t from, uint64_t *root)
{
    uint64_t frame = frames_take(&memory_frames, 1);
    if (frame == FRAMES_NONE)
        return false;
    uint64_t *to = direct(frame * FRAME_BYTES);
    const uint64_t *other = direct(from);
    for (int i = 0; i < TABLE_ENTRIES; i++)
        to[i] = i < TABLE_ENTRIES / 2 ? 0 : other[i];
    *root = frame * FRAME_BYTES;
    return true;
}

bool space_begin(struct vm *space)
{
    uint64_t root;
    if (!make_root(shell_space.tables.root, &root))
        return false;
    describe_space(space, root, LOWER_FIRST, LOWER_END, true);
    return true;
}

void space_end(struct vm *space)
{
    vm_end(space);
    tables_give_frame(&space->tables, space->tables.root);
}

void space_use(struct vm *space)
{
    struct vm *next = space ? space : &shell_space;
    if (next == in_use)
        return;
    in_use = next;
    write_cr3(next->tables.root);
}

struct vm *space_in_use(void)
{
    return in_use;
}

/* ---- page faults ----------------------------------------------------------------------------- */

static uint64_t page_of(uint64_t address)
{
    return address / FRAME_BYTES;
}

static struct vm *space_of(uint64_t address)
{
    return address >= stacks_space.first && address < stacks_space.end ? &stacks_space : in_use;
}

static enum vm_access access_of(uint64_t error)
{
    return error & ERROR_FETCH ? VM_FOR_EXECUTE : error & ERROR_WRITE ? VM_FOR_WRITE : VM_FOR_READ;
}

/* Only a probe goes on after the fault of a guard page. VM_FAULT_NONE: the page is as
 * it should be, and the access is not: trying again would never end. */
static bool on_page_fault(struct interrupt_frame *frame)
{
    uint64_t address = read_cr2();
    enum vm_fault fault = vm_fault(space_of(address), address, access_of(frame->error));
    bool probed = page_of(address) == probe.page;
    if (probed && probe.first == VM_FAULT_NONE)
        probe.first = fault;
    if (fault == VM_FAULT_DEMAND_ZERO || fault == VM_FAULT_COPY ||
        (fault == VM_FAULT_GUARD && probed))
        return true;
    if (probed)
        __builtin_longjmp(probe.recovery, 1);
    bool knows = fault != VM_FAULT_FREE && !(frame->error & ERROR_PRESENT);
    memory_verdict = knows ? vm_fault_name(fault) : NULL;
    return false;
}

static void __attribute__((noinline)) touch(uint64_t address, enum vm_access access)
{
    volatile uint8_t *byte = (volatile uint8_t *)address;
    if (access == VM_FOR_EXECUTE)
        call_anything(address);
    else if (access == VM_FOR_WRITE)
        *byte = *byte;
    else
        (void)*byte;
}

/* Kept apart: where __builtin_setjmp() returns for the second time, no variable of its function may
 * live in a register. */
static void __attribute__((noinline)) touch_or_return(uint64_t address, enum vm_access access)
{
    if (!__builtin_setjmp(probe.recovery))
        touch(address, access);
    probe.page = UINT64_MAX; /* and so no tail call leaves the frame that is returned to */
}

enum vm_fault memory_probe(uint64_t address, enum vm_access access)
{
    if (!address_is_canonical(address, paging_levels()))
        return VM_FAULT_FREE; /* that would be no page fault */
    uint64_t flags = interrupts_off();
    probe.first = VM_FAULT_NONE;
    probe.page = page_of(address);
    touch_or_return(address, access);
    interrupts_restore(flags);
    return probe.first;
}

/* The tables that Lintel made stay as they are: the claims can be looked at again. */
void memory_open(void)
{
    uint64_t root = read_cr3() & ENTRY_ADDRESS, stacks = paging_levels() == 5 ? STACKS_5 : STACKS_4;
    memory_is_in_use = true;
    open_frames();
    heap_begin(&memory_heap, grow_heap);
    make_root(root, &root);
    describe_space(&shell_space, root, LOWER_FIRST, LOWER_END, false);
    describe_space(&stacks_space, root, stacks, stacks + STACKS_BYTES, false);
    tables_entry(&stacks_space.tables, stacks, true); /* before any space copies the root */
    write_cr3(root);
    interrupts_handle(VECTOR_PAGE_FAULT, on_page_fault);
}
