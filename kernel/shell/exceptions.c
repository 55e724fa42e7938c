/* What has happened when an exception comes that no handler explains, and who goes on after it? */
#include "kernel/machine/instructions.h"
#include "kernel/machine/interrupts.h"
#include "kernel/machine/page_tables.h"
#include "kernel/machine/symbols.h"
#include "kernel/shell/shell.h"
#include "kernel/threads/thread.h"
#include "kernel/user/program.h"
#include "kernel/vm/memory.h"

#define VECTOR_BREAKPOINT 3

#define ERROR_PRESENT  0x1 /* page-fault error code, Intel SDM 3A, 4.7 */
#define ERROR_WRITE    0x2
#define ERROR_USER     0x4
#define ERROR_RESERVED 0x8
#define ERROR_FETCH    0x10

const char *exception_name(uint64_t vector)
{
    static const char *const names[] = {"divide error",
                                        "debug",
                                        "non-maskable interrupt",
                                        "breakpoint",
                                        "overflow",
                                        "bound range exceeded",
                                        "invalid opcode",
                                        "device not available",
                                        "double fault",
                                        "coprocessor segment overrun",
                                        "invalid TSS",
                                        "segment not present",
                                        "stack-segment fault",
                                        "general protection fault",
                                        "page fault",
                                        "reserved",
                                        "x87 floating-point error",
                                        "alignment check",
                                        "machine check",
                                        "SIMD floating-point error",
                                        "virtualization exception",
                                        "control protection exception"};
    return vector < sizeof names / sizeof *names ? names[vector] : "reserved";
}

static const char *reason_of(uint64_t address, uint64_t error)
{
    uint64_t stack_bottom = boot->stack_top - boot->stack_bytes;
    if (stack_bottom - address <= PAGE_BYTES)
        return "stack guard hit: the kernel's stack has overflowed";
    if (error & ERROR_RESERVED)
        return "a reserved bit is set in a page-table entry";
    if (error & ERROR_PRESENT)
        return error & ERROR_FETCH   ? "the page is not executable"
               : error & ERROR_USER  ? "the page is the kernel's"
               : error & ERROR_WRITE ? "the page is read-only"
                                     : "the page is the user's";
    return address < PAGE_BYTES ? "null pointer: page 0 is never mapped" : "the page is not mapped";
}

/* A stack that overflows makes a double fault: there was no stack left for the page fault. */
static void report_address(const struct interrupt_frame *frame)
{
    bool is_page_fault = frame->vector == VECTOR_PAGE_FAULT;
    uint64_t error = is_page_fault ? frame->error : ERROR_WRITE;
    print("  CR2 %016lx  %s: %s\n", read_cr2(),
          error & ERROR_FETCH   ? "executing"
          : error & ERROR_WRITE ? "writing"
                                : "reading",
          is_page_fault && memory_verdict ? memory_verdict : reason_of(read_cr2(), error));
}

/* After a call of something that is no code the return address is still on the stack. */
static void report_caller(const struct interrupt_frame *frame)
{
    char where[160] = "";
    if (mapped_with(frame->rsp, 8, 0))
        symbols_describe(*(const uint64_t *)frame->rsp - 1, where, sizeof where);
    if (where[0])
        print_colour(COLOUR_TITLE, "  called from %s\n", where);
}

static void report_registers(const struct interrupt_frame *f)
{
    const struct {
        char name[8];
        uint64_t value;
    } rows[] = {{"RAX", f->rax}, {"RBX", f->rbx}, {"RCX", f->rcx},       {"RDX", f->rdx},
                {"RSI", f->rsi}, {"RDI", f->rdi}, {"RBP", f->rbp},       {"RSP", f->rsp},
                {"R8", f->r8},   {"R9", f->r9},   {"R10", f->r10},       {"R11", f->r11},
                {"R12", f->r12}, {"R13", f->r13}, {"R14", f->r14},       {"R15", f->r15},
                {"CS", f->cs},   {"SS", f->ss},   {"RFLAGS", f->rflags}, {"CR3", read_cr3()}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        print("  %-6s %016lx%s", rows[i].name, rows[i].value, i % 3 == 2 ? "\n" : "");
    print("\n");
}

void exception_report(const struct interrupt_frame *frame)
{
    char where[160];
    struct thread *thread = thread_current();
    bool goes_on = frame->vector == VECTOR_BREAKPOINT || frame->cs & 3 || thread->recovers;
    console_pause_after(0); /* no keys come meanwhile */
    if (!goes_on)
        screen_use(NULL);
    symbols_describe(frame->rip, where, sizeof where);
    print_colour(COLOUR_BAD, "exception: %s (vector %lu), error code %#lx\n",
                 exception_name(frame->vector), frame->vector, frame->error);
    print_colour(COLOUR_TITLE, "  RIP %016lx  %s\n", frame->rip, where);
    if (where[0] == 0)
        report_caller(frame);
    if (frame->vector == VECTOR_PAGE_FAULT || frame->vector == VECTOR_DOUBLE_FAULT)
        report_address(frame);
    report_registers(frame);
    if (frame->vector == VECTOR_BREAKPOINT)
        return;
    if (frame->cs & 3)
        program_fault();
    if (thread->recovers)
        __builtin_longjmp(thread->recovery, 1);
    print("The machine is stopped.\n");
    halt_forever();
}
