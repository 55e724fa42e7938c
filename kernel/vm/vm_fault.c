/* What becomes of a page fault, or of a copy that may cause one? */
#include "kernel/vm/vm.h"

const char *vm_fault_name(enum vm_fault fault)
{
    static const char *const names[] = {
        [VM_FAULT_NONE] = "nothing was wrong", [VM_FAULT_DEMAND_ZERO] = "demand-zero",
        [VM_FAULT_COPY] = "copy-on-write",     [VM_FAULT_GUARD] = "guard page",
        [VM_FAULT_FREE] = "not reserved",      [VM_FAULT_RESERVED] = "reserved, not committed",
        [VM_FAULT_PROTECTION] = "protection",  [VM_FAULT_NO_MEMORY] = "no memory",
    };
    return names[fault];
}

uint64_t vm_entry_flags(const struct vm *vm, const struct span *span, bool owned)
{
    uint32_t protection = span->protection;
    bool writable = protection & VM_WRITE && (owned || !span->copies);
    uint64_t flags = ENTRY_BACKED | (owned ? ENTRY_OWNED : 0) | (vm->user ? ENTRY_USER : 0);
    if (protection != VM_NO_ACCESS && !(protection & VM_GUARD))
        flags |= ENTRY_PRESENT;
    return flags | (writable ? ENTRY_WRITE : 0) | (protection & VM_EXECUTE ? 0 : vm->nx);
}

static bool is_allowed(const struct span *span, enum vm_access access)
{
    static const uint32_t needs[] = {
        [VM_FOR_READ] = VM_READ, [VM_FOR_WRITE] = VM_WRITE, [VM_FOR_EXECUTE] = VM_EXECUTE};
    return span->protection & needs[access];
}

static enum vm_fault take_off_guard(struct vm *vm, const struct span *span, uint64_t page)
{
    uint32_t protection = span->protection & ~VM_GUARD;
    return vm_protect(vm, page, FRAME_BYTES, protection) == VM_OK ? VM_FAULT_GUARD
                                                                  : VM_FAULT_NO_MEMORY;
}

/* Gives a page a frame: one of its own, or the one that its section shows to all. Untouched pages
 * of a section have none yet; a copy of those is zeroes, too. */
static enum vm_fault back(struct vm *vm, const struct span *span, uint64_t page,
                          enum vm_access access)
{
    struct tables *tables = &vm->tables;
    uint64_t *entry = tables_entry(tables, page, true);
    uint64_t *shown =
        span->section ? &span->section->frames[(page - span->region) / FRAME_BYTES] : NULL;
    bool own = !shown || (span->copies && access == VM_FOR_WRITE);
    if (!entry)
        return VM_FAULT_NO_MEMORY;
    if (*entry & ENTRY_BACKED && (*entry & ENTRY_OWNED || !own))
        return VM_FAULT_NONE;
    uint64_t frame = own || !*shown ? tables_take_frame(tables) : *shown;
    if (frame == FRAMES_NONE)
        return VM_FAULT_NO_MEMORY;
    if (!own)
        *shown = frame;
    else if (shown && *shown)
        __builtin_memcpy(tables->physical + frame, tables->physical + *shown, FRAME_BYTES);
    vm->frames_held += own;
    tables_set(tables, page, entry, frame | vm_entry_flags(vm, span, own));
    return shown && own ? VM_FAULT_COPY : VM_FAULT_DEMAND_ZERO;
}

static enum vm_fault find_out(struct vm *vm, uint64_t page, enum vm_access access)
{
    const struct span *span = spans_at(&vm->spans, page);
    if (!span)
        return VM_FAULT_FREE;
    if (!span->committed)
        return VM_FAULT_RESERVED;
    if (span->protection & VM_GUARD)
        return take_off_guard(vm, span, page);
    return is_allowed(span, access) ? back(vm, span, page, access) : VM_FAULT_PROTECTION;
}

enum vm_fault vm_fault(struct vm *vm, uint64_t address, enum vm_access access)
{
    enum vm_fault fault = find_out(vm, address & ~(FRAME_BYTES - 1), access);
    vm->faults[fault]++;
    return fault;
}

bool vm_copy(struct vm *vm, uint64_t address, void *memory, uint64_t bytes, enum vm_access access)
{
    uint8_t *ours = memory;
    for (uint64_t done = 0, part; done < bytes; done += part) {
        uint64_t at = address + done, offset = at % FRAME_BYTES;
        part = bytes - done < FRAME_BYTES - offset ? bytes - done : FRAME_BYTES - offset;
        if (vm_fault(vm, at, access) > VM_FAULT_COPY)
            return false;
        uint64_t frame = *tables_entry(&vm->tables, at, false) & ENTRY_ADDRESS;
        uint8_t *theirs = vm->tables.physical + frame + offset;
        if (ours && access == VM_FOR_WRITE)
            __builtin_memcpy(theirs, ours + done, part);
        else if (ours)
            __builtin_memcpy(ours + done, theirs, part);
    }
    return true;
}
