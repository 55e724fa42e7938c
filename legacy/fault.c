/* What is said when the loader itself causes an exception. */
#include "legacy/fault.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/memory/gdt.h"
#include "common/resident/frame.h"
#include "legacy/console.h"

extern const uint8_t fault_stubs[FAULT_VECTORS][VECTOR_BYTES];
void fault_report(const struct fault_frame *fault) __attribute__((noreturn));

static uint64_t idt[FAULT_VECTORS][2];
extern uint64_t gdt[], gdt_task[2]; /* entry.asm */

/* A stack of its own, for the fault may be the stack's. */
static void load_task(void)
{
    static uint8_t task[TSS_BYTES], stack[4096] __attribute__((aligned(16)));
    uint16_t selector = (uint16_t)((gdt_task - gdt) * sizeof *gdt);

    gdt_build_tss(task, (uintptr_t)(stack + sizeof stack));
    gdt_build_tss_descriptor(gdt_task, (uintptr_t)task);
    __asm__ volatile("ltr %0" : : "r"(selector));
}

void fault_begin(void)
{
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } pointer = {sizeof idt - 1, (uintptr_t)idt};

    load_task();
    for (uint32_t i = 0; i < FAULT_VECTORS; i++)
        idt_build_gate(idt[i], GDT_KERNEL_CODE, (uintptr_t)fault_stubs[i], IST_FAULT);
    __asm__ volatile("lidt %0" : : "m"(pointer));
}

static void __attribute__((format(printf, 1, 2))) print(const char *format, ...)
{
    char text[256];
    va_list list;

    va_start(list, format);
    fmt_list(text, sizeof text, format, list);
    va_end(list);
    for (const char *c = text; *c; c++)
        console_put(*c);
}

static void __attribute__((noreturn)) halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* Of page faults (Intel SDM 3A, 4.7). */
#define PAGE_FAULT  14
#define ERROR_WRITE 0x02u
#define ERROR_FETCH 0x10u

/* legacy.ld: what the loader's own memory consists of, in order. */
extern const uint8_t start[], constants[], variables[], guard[], stack_end[];

static const char *meaning(const struct fault_frame *fault, uint64_t address)
{
    if (fault->vector != PAGE_FAULT)
        return "";
    if (address >= (uintptr_t)guard && address < (uintptr_t)stack_end)
        return ": its stack has overflowed";
    if (address < PAGE_BYTES)
        return ": a null pointer";
    if (fault->error & ERROR_FETCH)
        return ": it jumped to what is no code";
    if (fault->error & ERROR_WRITE && address >= (uintptr_t)start && address < (uintptr_t)constants)
        return ": it wrote to its own code";
    if (fault->error & ERROR_WRITE && address >= (uintptr_t)start && address < (uintptr_t)variables)
        return ": it wrote to its own constants";
    return ": there is no such memory";
}

/* Goes straight to the console, past the log: the fault may have been the log's. A fault in here
 * halts. */
void fault_report(const struct fault_frame *fault)
{
    static bool reporting;
    uint64_t cr2;

    if (reporting)
        halt();
    reporting = true;
    __asm__("mov %%cr2, %0" : "=r"(cr2));
    print("\n\nThis is a bug in Lintel: CPU exception %lu in the BIOS loader%s. Stopped.\n",
          fault->vector, meaning(fault, cr2));
#define X(name) fault->name
    print("RIP %016lx CS %02lx RFLAGS %lx error %lx CR2 %lx\n", X(rip), X(cs), X(rflags), X(error),
          cr2);
    print("RAX %016lx RBX %016lx RCX %016lx\n", X(rax), X(rbx), X(rcx));
    print("RDX %016lx RSI %016lx RDI %016lx\n", X(rdx), X(rsi), X(rdi));
    print("RBP %016lx RSP %016lx R8  %016lx\n", X(rbp), X(rsp), X(r8));
    print("R9  %016lx R10 %016lx R11 %016lx\n", X(r9), X(r10), X(r11));
    print("R12 %016lx R13 %016lx R14 %016lx\n", X(r12), X(r13), X(r14));
    print("R15 %016lx\n", X(r15));
#undef X
    halt();
}
