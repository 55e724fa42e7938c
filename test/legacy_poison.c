/* The thunk's contract, with poison: 1,000 calls of a real-mode handler that overwrites every
 * register it can, from a caller whose every register holds a pattern. Linked in place of
 * common/boot.c; says "poison: ok" on the console and ends QEMU with status 33, else 35. */
#include "common/firmware.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "legacy/bios.h"
#include "legacy/ports.h"

#define CALLS       1000u
#define VECTOR      0x60u /* free for programs */
#define HANDLER     0x600u
#define EXIT_PORT   0xf4
#define EXIT_OK     0x10
#define EXIT_FAILED 0x11

#define FLAG_INTERRUPTS UINT64_C(0x200)
#define FLAG_DIRECTION  UINT64_C(0x400)
#define EFER            0xc0000080u

/* Closes address line A20, inverts the general registers, swaps DS with ES and FS with GS, then
 * sets DF and CF and returns with interrupts on. */
static const uint8_t handler[] = {
    0x50,                   /* push ax */
    0xe4, 0x92,             /* in al, 92h */
    0x24, 0xfc,             /* and al, 0FCh */
    0xe6, 0x92,             /* out 92h, al */
    0x58,                   /* pop ax */
    0x66, 0xf7, 0xd0,       /* not eax */
    0x66, 0xf7, 0xd3,       /* not ebx */
    0x66, 0xf7, 0xd1,       /* not ecx */
    0x66, 0xf7, 0xd2,       /* not edx */
    0x66, 0xf7, 0xd6,       /* not esi */
    0x66, 0xf7, 0xd7,       /* not edi */
    0x66, 0xf7, 0xd5,       /* not ebp */
    0x1e, 0x06, 0x1f, 0x07, /* push ds; push es; pop ds; pop es */
    0x0f, 0xa0, 0x0f, 0xa8, /* push fs; push gs */
    0x0f, 0xa1, 0x0f, 0xa9, /* pop fs; pop gs */
    0xfd, 0xf9, 0xfb,       /* std; stc; sti */
    0xca, 0x02, 0x00,       /* retf 2 */
};

struct __attribute__((packed)) table_register {
    uint16_t limit;
    uint64_t base;
};

struct machine {
    uint64_t cr0, cr3, cr4, efer;
    struct table_register gdt, idt;
    uint16_t cs, ds, es, fs, gs, ss;
};

/* volatile: or the compiler reads once and believes that nothing changed. */
static struct machine read_machine(void)
{
    struct machine now;
    uint32_t low, high;

    memset(&now, 0, sizeof now);
    __asm__ volatile("mov %%cr0, %0" : "=r"(now.cr0));
    __asm__ volatile("mov %%cr3, %0" : "=r"(now.cr3));
    __asm__ volatile("mov %%cr4, %0" : "=r"(now.cr4));
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(EFER));
    now.efer = (uint64_t)high << 32 | low;
    __asm__ volatile("sgdt %0" : "=m"(now.gdt));
    __asm__ volatile("sidt %0" : "=m"(now.idt));
    __asm__ volatile("mov %%cs, %0" : "=r"(now.cs));
    __asm__ volatile("mov %%ds, %0" : "=r"(now.ds));
    __asm__ volatile("mov %%es, %0" : "=r"(now.es));
    __asm__ volatile("mov %%fs, %0" : "=r"(now.fs));
    __asm__ volatile("mov %%gs, %0" : "=r"(now.gs));
    __asm__ volatile("mov %%ss, %0" : "=r"(now.ss));
    return now;
}

#define CR0_AM   (UINT64_C(1) << 18) /* harmless bits, to be on in some calls and off in others */
#define CR3_PWT  (UINT64_C(1) << 3)
#define CR4_DE   (UINT64_C(1) << 3)
#define EFER_SCE UINT64_C(1)

/* Makes the control registers and the tables' limits other than the loader ever has them. */
static void poison_machine(const struct machine *first, uint64_t pattern)
{
    struct machine next = *first;

    next.cr0 ^= pattern & CR0_AM;
    next.cr3 ^= pattern & CR3_PWT;
    next.cr4 ^= pattern << 1 & CR4_DE;
    next.efer ^= pattern & EFER_SCE;
    next.gdt.limit = (uint16_t)(next.gdt.limit + (pattern >> 32 & 0xf0));
    next.idt.limit = (uint16_t)(next.idt.limit + (pattern >> 40 & 0xf0));
    __asm__ volatile("mov %0, %%cr0" : : "r"(next.cr0));
    __asm__ volatile("mov %0, %%cr3" : : "r"(next.cr3));
    __asm__ volatile("mov %0, %%cr4" : : "r"(next.cr4));
    __asm__ volatile("wrmsr"
                     :
                     : "a"((uint32_t)next.efer), "d"((uint32_t)(next.efer >> 32)), "c"(EFER));
    __asm__ volatile("lgdt %0" : : "m"(next.gdt));
    __asm__ volatile("lidt %0" : : "m"(next.idt));
}

struct kept { /* what a call must not change */
    uint64_t rbx, rbp, r12, r13, r14, r15, rsp, flags;
};

/* Calls bios_call(VECTOR, regs) with the kept registers as in *kept, DF included, and stores there
 * what they are afterwards. */
__attribute__((noinline)) static void call_with(struct kept *kept, struct bios_regs *regs)
{
    __asm__ volatile("push %%rbx\n\t"
                     "push %%rbp\n\t"
                     "push %0\n\t"
                     "mov 0(%0), %%rbx\n\t"
                     "mov 16(%0), %%r12\n\t"
                     "mov 24(%0), %%r13\n\t"
                     "mov 32(%0), %%r14\n\t"
                     "mov 40(%0), %%r15\n\t"
                     "mov 8(%0), %%rbp\n\t"
                     "mov %%rsp, 48(%0)\n\t"
                     "push 56(%0)\n\t"
                     "popf\n\t"
                     "call bios_call\n\t"
                     "pushf\n\t"
                     "cld\n\t"
                     "pop %%rcx\n\t"
                     "mov (%%rsp), %%rax\n\t"
                     "sub %%rsp, 48(%%rax)\n\t"
                     "mov %%rbx, 0(%%rax)\n\t"
                     "mov %%rbp, 8(%%rax)\n\t"
                     "mov %%r12, 16(%%rax)\n\t"
                     "mov %%r13, 24(%%rax)\n\t"
                     "mov %%r14, 32(%%rax)\n\t"
                     "mov %%r15, 40(%%rax)\n\t"
                     "mov %%rcx, 56(%%rax)\n\t"
                     "pop %0\n\t"
                     "pop %%rbp\n\t"
                     "pop %%rbx\n\t"
                     : "+a"(kept), "+S"(regs)
                     : "D"((uint64_t)VECTOR)
                     : "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc",
                       "memory");
}

static uint64_t next_pattern(void)
{
    static uint64_t pattern = UINT64_C(0x9e3779b97f4a7c15);

    pattern ^= pattern << 13;
    pattern ^= pattern >> 7;
    pattern ^= pattern << 17;
    return pattern;
}

static void fill(void *to, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        ((uint8_t *)to)[i] = (uint8_t)next_pattern();
}

/* The handler's answer, computed in C. */
static struct bios_regs expect(const struct bios_regs *in)
{
    return (struct bios_regs){
        .edi = ~in->edi,
        .esi = ~in->esi,
        .ebp = ~in->ebp,
        .ebx = ~in->ebx,
        .edx = ~in->edx,
        .ecx = ~in->ecx,
        .eax = ~in->eax,
        .ds = in->es,
        .es = in->ds,
        .fs = in->gs,
        .gs = in->fs,
    };
}

static const char *check_answer(const struct bios_regs *want, struct bios_regs got)
{
    if (!(got.flags & FLAG_DIRECTION) || !bios_carry(&got))
        return "flags did not come back";
    got.flags = 0;
    got.esp_unused = 0;
    return memcmp(want, &got, sizeof got) == 0 ? NULL : "registers did not arrive or come back";
}

#define LOW_PROBE  0x60000u                /* the bounce buffer */
#define HIGH_PROBE (LOW_PROBE + 0x100000u) /* the same byte where A20 is closed */

static bool is_a20_open(void)
{
    volatile uint8_t *low = at_physical(LOW_PROBE);
    const volatile uint8_t *high = at_physical(HIGH_PROBE);
    uint8_t kept = *low;

    *low = (uint8_t) ~*high;
    bool open = *low != *high;
    *low = kept;
    return open;
}

static const char *check_call(const struct machine *first)
{
    struct kept kept, before;
    struct bios_regs regs, want;
    struct machine machine, now;

    fill(&kept, sizeof kept);
    fill(&regs, sizeof regs);
    regs.flags &= FLAG_CARRY | FLAG_ZERO;
    want = expect(&regs);
    kept.flags = 2 | (next_pattern() & FLAG_DIRECTION);
    before = kept;
    before.rsp = 0; /* call_with() stores the difference */
    poison_machine(first, next_pattern());
    machine = read_machine();
    call_with(&kept, &regs);
    now = read_machine();
    if (!is_a20_open())
        return "A20 is closed";
    if (memcmp(&before, &kept, sizeof kept) != 0)
        return "a register of the caller changed";
    if (memcmp(&machine, &now, sizeof now) != 0)
        return "a control, table or segment register changed";
    return check_answer(&want, regs);
}

void boot_main(struct facts *facts, const struct firmware *firmware)
{
    const char *problem = NULL;
    uint32_t calls = 0, entry = HANDLER; /* segment 0 */

    (void)facts;
    (void)firmware;
    memcpy(page0 + HANDLER, handler, sizeof handler);
    memcpy(page0 + VECTOR * 4, &entry, sizeof entry);
    struct machine first = read_machine();
    while (!problem && calls++ < CALLS)
        problem = check_call(&first);
    if (problem)
        say("poison: call %u: %s\n", calls, problem);
    else
        say("poison: ok\n");
    port_write(EXIT_PORT, problem ? EXIT_FAILED : EXIT_OK);
    for (;;)
        __asm__ volatile("hlt");
}
