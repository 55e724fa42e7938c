/* What the kernel's first fault says before the machine stops: on COM1 and on the screen. Runs in
 * the kernel's address space, from the resident image, on the fault stack; relies on nothing of the
 * kernel. */
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/resident/frame.h"
#include "common/resident/resident.h"
#include "common/resident/screen.h"

#define VECTOR_PAGE_FAULT 14

#define ERROR_PRESENT  0x1 /* page-fault error code, Intel SDM 3A, 4.7 */
#define ERROR_WRITE    0x2
#define ERROR_RESERVED 0x8
#define ERROR_FETCH    0x10

__attribute__((section(".data.state"))) struct resident_state state = {0};

static const char *vector_name(uint64_t vector)
{
    static const char names[][32] = {
        "divide error",
        "debug exception",
        "non-maskable interrupt",
        "breakpoint",
        "overflow",
        "bound range exceeded",
        "invalid opcode",
        "device not available",
        "double fault",
        "coprocessor overrun",
        "invalid TSS",
        "segment not present",
        "stack-segment fault",
        "general protection fault",
        "page fault",
        "reserved exception",
        "x87 floating-point error",
        "alignment check",
        "machine check",
        "SIMD floating-point error",
        "virtualization exception",
        "control protection exception",
    };
    return vector < ARRAY_LENGTH(names) ? names[vector]
           : vector < 32                ? "reserved exception"
                                        : "interrupt without a handler";
}

/* Names of symbols are whatever the file says: no byte of them moves a cursor or a terminal. */
static void clean(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

static void say_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say_line(const char *format, ...)
{
    char text[160];
    va_list list;
    va_start(list, format);
    fmt_shown_list(text, sizeof text, format, list);
    va_end(list);
    clean(text);
    screen_line(text);
}

/* "function+offset" for an address of the kernel, "" for any other. */
static void describe_address(uint64_t address, char *text, size_t bytes)
{
    uint64_t low = 0, high = state.symbol_count;
    text[0] = 0;
    if (address < state.kernel_first || address >= state.kernel_end)
        return;
    while (low < high) {
        uint64_t middle = (low + high) / 2;
        if (state.symbols[middle].virtual + state.slide <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low) {
        const struct elf_symbol *symbol = &state.symbols[low - 1];
        fmt(text, bytes, "%s+0x%lx", state.names + symbol->name,
            address - state.slide - symbol->virtual);
    }
}

static const char *guard_meaning(uint64_t address)
{
    for (size_t i = 0; i < ARRAY_LENGTH(state.guards); i++)
        if (address - state.guards[i].base < state.guards[i].bytes)
            return state.guards[i].meaning;
    return NULL;
}

static const char *access_reason(uint64_t address, uint64_t error)
{
    if (error & ERROR_RESERVED)
        return "a reserved bit is set in a page-table entry";
    if (error & ERROR_PRESENT)
        return error & ERROR_FETCH ? "the page is not executable" : "the page is read-only";
    if (address < PAGE_BYTES)
        return "a null pointer: page 0 is never mapped";
    if (address < UINT64_C(0x8000000000000000))
        return "the lower half is empty";
    return "the page is not mapped";
}

/* To the address 0, which Lintel left at the stack's top. */
static bool has_returned(const struct fault_frame *frame)
{
    uint64_t beyond = frame->rsp - state.cpu_stack_top;

    if (frame->rip)
        return false;
    return frame->rsp == state.stack_top ||
           (state.cpu_count > 1 && beyond % state.cpu_stack_distance == 0 &&
            beyond / state.cpu_stack_distance < state.cpu_count - 1);
}

static void report_page_fault(const struct fault_frame *frame)
{
    uint64_t address, error = frame->error;
    __asm__("mov %%cr2, %0" : "=r"(address));
    const char *guard = error & ERROR_PRESENT ? NULL : guard_meaning(address);
    say_line("  %s 0x%016lx: %s",
             error & ERROR_FETCH   ? "executing"
             : error & ERROR_WRITE ? "writing"
                                   : "reading",
             address,
             has_returned(frame) ? "the kernel's entry function returned: nothing has called it"
             : guard             ? "stack guard hit"
                                 : access_reason(address, error));
    if (guard)
        say_line("  %s", guard);
}

/* Three to a line: a text screen has 80 columns. */
static void report_registers(const struct fault_frame *frame)
{
    uint64_t cr0, cr2, cr3, cr4;
    __asm__("mov %%cr0, %0" : "=r"(cr0));
    __asm__("mov %%cr2, %0" : "=r"(cr2));
    __asm__("mov %%cr3, %0" : "=r"(cr3));
    __asm__("mov %%cr4, %0" : "=r"(cr4));
    const struct {
        char name[7];
        uint64_t value;
    } rows[] = {
        {"RAX", frame->rax}, {"RBX", frame->rbx}, {"RCX", frame->rcx},
        {"RDX", frame->rdx}, {"RSI", frame->rsi}, {"RDI", frame->rdi},
        {"RBP", frame->rbp}, {"RSP", frame->rsp}, {"R8", frame->r8},
        {"R9", frame->r9},   {"R10", frame->r10}, {"R11", frame->r11},
        {"R12", frame->r12}, {"R13", frame->r13}, {"R14", frame->r14},
        {"R15", frame->r15}, {"CR0", cr0},        {"CR2", cr2},
        {"CR3", cr3},        {"CR4", cr4},        {"RFLAGS", frame->rflags},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i += 3)
        say_line("  %-3s %016lx  %-3s %016lx  %-6s %016lx", rows[i].name, rows[i].value,
                 rows[i + 1].name, rows[i + 1].value, rows[i + 2].name, rows[i + 2].value);
    say_line("  CS %02lx  SS %02lx  error code %lx", frame->cs, frame->ss, frame->error);
}

/* The first fault of any CPU is the one to explain; the others' would only come between. */
static bool is_first(void)
{
    static uint32_t reported;
    return !__atomic_exchange_n(&reported, 1, __ATOMIC_SEQ_CST);
}

__attribute__((used)) void fault_report(const struct fault_frame *frame)
{
    char where[96];
    if (!is_first())
        return;
    describe_address(frame->rip, where, sizeof where);
    screen_begin(&state);
    say_line("Lintel: the kernel's first fault: %s (vector %lu)", vector_name(frame->vector),
             frame->vector);
    if (frame->vector == VECTOR_PAGE_FAULT)
        report_page_fault(frame);
    say_line("  RIP %016lx  %s", frame->rip, where);
    report_registers(frame);
    say_line("  The machine is stopped. To handle faults, load an interrupt table of your own.");
}
