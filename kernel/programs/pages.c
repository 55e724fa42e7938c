/* Memory in two steps, from user mode: reserves much, commits less, touches little. */
#include "kernel/programs/program.h"

#define MIB       (UINT64_C(1) << 20)
#define RESERVED  (64 * 1024 * MIB)
#define COMMITTED (16 * MIB)
#define TOUCHED   UINT64_C(32) /* pages */
#define PAGE      UINT64_C(4096)

static const char *failed;

static void check(const char *what, int64_t result, int64_t expected)
{
    if (result != expected && !failed)
        failed = what;
}

static void touch_pages(volatile uint64_t *page)
{
    for (uint64_t i = 0; i < TOUCHED; i++) {
        check("zeroes", (int64_t)page[i * PAGE / 8], 0);
        page[i * PAGE / 8] = i;
    }
}

/* Whatever the kernel is asked to read or write must be the program's own to the last byte. */
static void try_pointers(uint64_t base)
{
    static const char text[1];
    uint64_t end = base + COMMITTED;
    check("reserved", call(CALL_WRITE, end, 1, 0), ERROR_POINTER);
    check("half reserved", call(CALL_WRITE, end - 1, 2, 0), ERROR_POINTER);
    check("null", call(CALL_READ, 0, 1, 0), ERROR_POINTER);
    check("read-only", call(CALL_READ, (uint64_t)text, 1, 0), ERROR_POINTER);
    check("the kernel's", call(CALL_READ, 0xffff800000000000, 1, 0), ERROR_POINTER);
    check("not canonical", call(CALL_WRITE, 0x800000000000, 1, 0), ERROR_POINTER);
    check("over the top", call(CALL_WRITE, UINT64_MAX, 2, 0), ERROR_POINTER);
    check("a query's", call(CALL_QUERY, base, 0xffffffff80000000, 0), ERROR_POINTER);
}

static void try_errors(uint64_t base)
{
    check("an unknown call", call(CALLS, 0, 0, 0), ERROR_CALL);
    check("a wide number", call((enum call)UINT32_MAX, 0, 0, 0), ERROR_CALL);
    check("release inside", call(CALL_RELEASE, base + PAGE, 0, 0), -VM_NOT_A_REGION);
    check("wide protection", call(CALL_PROTECT, base, 1, (UINT64_C(1) << 32) | VM_READ),
          -VM_BAD_PROTECTION);
    check("the kernel's half", call(CALL_RESERVE, 0xffff800000000000, PAGE, 0), -VM_BAD_ADDRESS);
    check("size", call(CALL_COMMIT, base, UINT64_MAX, VM_READ), -VM_BAD_SIZE);
}

/* The kernel trips over a guard page, too: once. */
static void try_guard(uint64_t base)
{
    check("guard", call(CALL_PROTECT, base, PAGE, VM_READ | VM_WRITE | VM_GUARD), 0);
    check("the first access", call(CALL_WRITE, base, 1, 0), ERROR_POINTER);
    check("the second access", *(volatile uint64_t *)base, 0);
}

/* Without a stack, with the flags AC, NT and DF: a page fault and a system call, whose kernel code
 * expects others. */
static int64_t query_oddly(uint64_t address, struct vm_info *info)
{
    int64_t result = CALL_QUERY;
    __asm__ volatile("lea -128(%%rsp), %%rsp; pushq $0x44402; popfq\n"
                     "mov %%rsp, %%rbx; xor %%esp, %%esp\n"
                     "movb $1, (%%rdi); syscall\n"
                     "mov %%rbx, %%rsp; pushq $2; popfq; lea 128(%%rsp), %%rsp"
                     : "+a"(result)
                     : "D"(address), "S"(info)
                     : "rbx", "rcx", "r11", "memory", "cc");
    return result;
}

static void try_odd_state(uint64_t base)
{
    volatile uint8_t *page = (volatile uint8_t *)base + TOUCHED * PAGE;
    struct vm_info info;
    page[-8] = 1;
    check("odd state", query_oddly((uint64_t)page, &info), 0);
    check("what it wrote", page[0] + page[1] + page[PAGE - 1], 1);
    check("the page in front", page[-8], 1);
    check("what it asked", (int64_t)info.bytes, COMMITTED);
}

int64_t program(void)
{
    int64_t base = call(CALL_RESERVE, 0, RESERVED, 0);
    struct vm_info info;
    if (base < 0) {
        say("reserve failed\n");
        return 1;
    }
    check("commit", call(CALL_COMMIT, (uint64_t)base, COMMITTED, VM_READ | VM_WRITE), 0);
    touch_pages((volatile uint64_t *)base);
    try_odd_state((uint64_t)base);
    check("query", call(CALL_QUERY, (uint64_t)base + COMMITTED, (uint64_t)&info, 0), 0);
    check("committed", (int64_t)info.committed, 0);
    check("what is reserved", (int64_t)info.bytes, RESERVED - COMMITTED);
    try_pointers((uint64_t)base);
    try_errors((uint64_t)base);
    try_guard((uint64_t)base);
    check("release", call(CALL_RELEASE, (uint64_t)base, 0, 0), 0);
    if (failed) {
        say(failed);
        say(": not as it should be\n");
        return 1;
    }
    say("64 GiB reserved, 16 MiB committed, ");
    say_number(TOUCHED);
    say(" pages touched\n");
    return 0;
}
