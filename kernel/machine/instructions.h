/* The instructions that C has no words for. */
#pragma once

#include <stdint.h>

#define CR4_LA57 (UINT64_C(1) << 12)

#define MSR_PAT     0x277
#define MSR_EFER    0xc0000080
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101

#define PORT_ACCESS(bits, suffix)                                                                  \
    static inline void out##bits(uint16_t port, uint##bits##_t value)                              \
    {                                                                                              \
        __asm__ volatile("out" suffix " %0, %1" : : "a"(value), "Nd"(port));                       \
    }                                                                                              \
    static inline uint##bits##_t in##bits(uint16_t port)                                           \
    {                                                                                              \
        uint##bits##_t value;                                                                      \
        __asm__ volatile("in" suffix " %1, %0" : "=a"(value) : "Nd"(port));                        \
        return value;                                                                              \
    }
PORT_ACCESS(8, "b")
PORT_ACCESS(16, "w")
PORT_ACCESS(32, "l")

static inline uint64_t read_msr(uint32_t number)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}

static inline void write_msr(uint32_t number, uint64_t value)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

static inline uint64_t read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#define READ_REGISTER(name)                                                                        \
    static inline uint64_t read_##name(void)                                                       \
    {                                                                                              \
        uint64_t value;                                                                            \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value));                                     \
        return value;                                                                              \
    }
#define WRITE_REGISTER(name)                                                                       \
    static inline void write_##name(uint64_t value)                                                \
    {                                                                                              \
        __asm__ volatile("mov %0, %%" #name : : "r"(value) : "memory");                            \
    }
READ_REGISTER(cr0)
READ_REGISTER(cr2)
READ_REGISTER(cr3)
READ_REGISTER(cr4)
READ_REGISTER(cr8)
WRITE_REGISTER(cr0)
WRITE_REGISTER(cr3)
WRITE_REGISTER(cr4)

struct cpuid {
    uint32_t a, b, c, d;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid r = {.a = leaf, .c = 0};
    __asm__ volatile("cpuid" : "+a"(r.a), "=b"(r.b), "+c"(r.c), "=d"(r.d));
    return r;
}

/* What SGDT and SIDT store. */
struct table_register {
    uint16_t limit; /* bytes - 1 */
    uint64_t base;  /* virtual */
} __attribute__((packed));

#define STORE_REGISTER(type, name, instruction)                                                    \
    static inline type read_##name(void)                                                           \
    {                                                                                              \
        type value;                                                                                \
        __asm__ volatile(instruction " %0" : "=m"(value));                                         \
        return value;                                                                              \
    }
STORE_REGISTER(struct table_register, gdtr, "sgdt")
STORE_REGISTER(struct table_register, idtr, "sidt")
STORE_REGISTER(uint16_t, tr, "str")
STORE_REGISTER(uint16_t, ldtr, "sldt")

static inline void load_idt(struct table_register r)
{
    __asm__ volatile("lidt %0" : : "m"(r));
}

static inline void invalidate_page(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* What is called may be anything. Zeroes, as code, add to the byte that RAX points to: RAX points
 * to the zeroes themselves, then. */
static inline void call_anything(uint64_t address)
{
    __asm__ volatile("call *%0"
                     : "+a"(address)
                     :
                     : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
}

static inline void halt_forever(void) __attribute__((noreturn));
static inline void halt_forever(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}
