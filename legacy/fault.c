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

void fault_begin(void)
{
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } pointer = {sizeof idt - 1, (uintptr_t)idt};

    for (uint32_t i = 0; i < FAULT_VECTORS; i++)
        idt_build_gate(idt[i], GDT_KERNEL_CODE, (uintptr_t)fault_stubs[i], 0);
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
    print("\n\nThis is a bug in Lintel: CPU exception %lu in the BIOS loader. Stopped.\n",
          fault->vector);
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
