/* Claims C13 to C15 and C18: what the page tables map, and with which rights. */
#include "kernel/claims/claims.h"

#define UPPER_HALF (UINT64_C(1) << 63)

bool lower_half_is_empty(void)
{
    for (uint32_t i = 0; i < mapped_count; i++)
        if (mapped[i].virtual < UPPER_HALF)
            return violated("%#lx is mapped to %#lx, %lu bytes, wanted nothing", mapped[i].virtual,
                            mapped[i].physical, mapped[i].bytes);
    return true;
}

/* A mapping that may write what `executable` runs. */
static bool has_writable_alias(const struct mapped_range *executable)
{
    for (uint32_t i = 0; i < mapped_count; i++)
        if (mapped[i].rights & RIGHT_WRITE &&
            overlap(mapped[i].physical, mapped[i].bytes, executable->physical, executable->bytes)) {
            violated("physical %#lx is executable at %#lx and writable at %#lx",
                     executable->physical, executable->virtual, mapped[i].virtual);
            return true;
        }
    return false;
}

bool write_excludes_execute(void)
{
    if (!cpu_has(LINTEL_CPU_NX))
        return remark("the CPU has no NX");
    for (uint32_t i = 0; i < mapped_count; i++) {
        if (!(mapped[i].rights & RIGHT_EXECUTE))
            continue;
        if (mapped[i].rights & RIGHT_WRITE)
            return violated("%#lx, %lu bytes, is writable and executable", mapped[i].virtual,
                            mapped[i].bytes);
        if (has_writable_alias(&mapped[i]))
            return false;
    }
    return true;
}

bool pages_are_global_supervisor(void)
{
    bool has_global = cpu_has(LINTEL_CPU_PGE);
    for (uint32_t i = 0; i < mapped_count; i++) {
        if (mapped[i].rights & RIGHT_USER)
            return violated("%#lx, %lu bytes, is user-accessible", mapped[i].virtual,
                            mapped[i].bytes);
        if (has_global && !(mapped[i].rights & RIGHT_GLOBAL))
            return violated("%#lx, %lu bytes, is not global", mapped[i].virtual, mapped[i].bytes);
    }
    return true;
}

static bool contains(uint64_t start, uint64_t end, const struct mapped_range *range)
{
    return range->virtual >= start && range->virtual - start < end - start &&
           range->bytes <= end - range->virtual;
}

/* What lies in Lintel's window must be Lintel's own: in memory of the types that it hands out. */
static bool check_window_range(const struct mapped_range *range)
{
    for (uint64_t done = 0; done < range->bytes; done += PAGE_BYTES) {
        uint32_t type = memory_type_at(range->physical + done);
        if (type != LINTEL_MEMORY_RECLAIMABLE && type != LINTEL_MEMORY_KERNEL)
            return violated("%#lx in Lintel's window maps physical %#lx, which is %s",
                            range->virtual + done, range->physical + done, memory_type_name(type));
    }
    return true;
}

bool stack_is_writable(uint64_t cpu, const char *name, uint64_t bottom, uint64_t top)
{
    for (uint64_t at = bottom; at < top; at += PAGE_BYTES)
        if (!mapped_with(at, PAGE_BYTES, RIGHT_WRITE) ||
            (cpu_has(LINTEL_CPU_NX) && mapped_at(at)->rights & RIGHT_EXECUTE))
            return violated("page %#lx of CPU %lu's %s is not writable, or executable", at, cpu,
                            name);
    return true;
}

bool stack_is_guarded(uint64_t cpu, const char *name, uint64_t bottom, uint64_t top)
{
    return must(!mapped_at(bottom - PAGE_BYTES) && !mapped_at(top),
                "CPU %lu's %s from %#lx to %#lx has a page beside it", cpu, name, bottom, top);
}

bool fault_stack_is_good(uint64_t cpu, uint64_t top)
{
    const struct mapped_range *stack = mapped_at(top - 1);
    return must(stack, "CPU %lu's IST1 is %#lx, below which no stack is mapped", cpu, top) &&
           stack_is_writable(cpu, "fault stack", stack->virtual, top) &&
           stack_is_guarded(cpu, "fault stack", stack->virtual, top);
}

bool nothing_else_is_mapped(void)
{
    if (!mapped_all)
        return violated("the page tables hold more than %u ranges or %u pieces", MAPPED_MAX,
                        TABLES_MAX);
    for (uint32_t i = 0; i < mapped_count; i++) {
        const struct mapped_range *range = &mapped[i];
        if (contains(WINDOW_START, WINDOW_END, range)) {
            if (!check_window_range(range))
                return false;
        } else if (!contains(boot->direct_map, direct_map_end(), range) &&
                   !contains(boot->kernel_virtual, boot->kernel_virtual + boot->kernel_bytes,
                             range)) {
            return violated("%#lx is mapped to %#lx, %lu bytes, and belongs to nothing",
                            range->virtual, range->physical, range->bytes);
        }
    }
    return stack_is_guarded(0, "stack", boot->stack_top - boot->stack_bytes, boot->stack_top) &&
           fault_stack_is_good(0, fault_stack_top());
}
