/* Which code makes which fault? Reports name these functions, so none of them may be inlined. */
#include "kernel/machine/deliberate_fault.h"
#include "kernel/handover/handover.h"

#define DELIBERATE __attribute__((noinline, used))

DELIBERATE static void read_null_page(void)
{
    const volatile uint64_t *null = NULL;
    __asm__("" : "+r"(null)); /* the compiler must not know, or it traps by itself */
    (void)*null;
}

DELIBERATE static uint64_t overflow_stack(uint64_t depth)
{
    volatile uint64_t frame[64] = {depth};
    __asm__("" : "+r"(depth)); /* the compiler must not see that this never ends */
    return depth ? overflow_stack(depth + 1) + frame[depth % 64] : frame[0];
}

DELIBERATE static void write_to_text(void)
{
    volatile uint8_t *code = (volatile uint8_t *)(uintptr_t)write_to_text;
    *code = *code;
}

DELIBERATE static void execute_data(void)
{
    static uint8_t code[] = {0xc3}; /* RET */
    ((void (*)(void))(uintptr_t)code)();
    __asm__ volatile(""); /* a call, not a jump: this function is to be named */
}

#define BY_INSTRUCTION(name, code)                                                                 \
    DELIBERATE static void name(void)                                                              \
    {                                                                                              \
        __asm__ volatile(code : : : "rax", "rdx", "cc", "memory");                                 \
    }
BY_INSTRUCTION(execute_undefined, "ud2")
BY_INSTRUCTION(divide_by_zero, "xor %%eax, %%eax; div %%eax")
BY_INSTRUCTION(load_bad_segment, "mov $0x1f8, %%eax; mov %%eax, %%ds")
BY_INSTRUCTION(push_without_stack, "xor %%esp, %%esp; push %%rax") /* nor does a report find one */
BY_INSTRUCTION(stop_at_breakpoint, "int3")

/* As if kernel_main() returned. */
DELIBERATE static void return_from_main(void)
{
    __asm__ volatile("mov %0, %%rsp; ret" : : "r"(boot->stack_top - 8));
}

DELIBERATE static void overflow(void)
{
    overflow_stack(1);
}

static const struct {
    const char *kind;
    void (*make)(void);
} faults[] = {{"null", read_null_page},       {"stack", overflow},
              {"wx", write_to_text},          {"nx", execute_data},
              {"ud", execute_undefined},      {"return", return_from_main},
              {"divide", divide_by_zero},     {"protection", load_bad_segment},
              {"double", push_without_stack}, {"breakpoint", stop_at_breakpoint}};

bool make_fault(const char *kind)
{
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (option_same(kind, faults[i].kind))
            faults[i].make();
    return option_same(kind, "breakpoint");
}
