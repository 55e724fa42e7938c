/* The machine at the kernel's first instruction. */
#pragma once

#include "test/kernels/limine/abi.h"
#include "test/kernels/limine/text.h"

struct arrival { /* as entry.asm pushes it */
    uint64_t rflags, rax, rbx, rcx, rdx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t return_address;
};

struct __attribute__((packed)) table_register {
    uint16_t limit;
    uint64_t base;
};

/* Of the CPU that runs; `rdi` is what it should have found there. */
void check_machine(const struct arrival *arrival, uint64_t rdi);

/* The first for each CPU. */
void check_local_apic(void);
void check_interrupt_controllers(void);

/* Where a virtual address leads. */
struct page {
    bool present, writable, executable;
    uint32_t pat; /* number of the entry */
    uint64_t physical;
};
struct page page_at(uint64_t virtual);

/* Maps device registers for the kernel itself. */
volatile uint32_t *map_device(uint64_t physical);

void check_mappings(void);
void check_memory_map(void);
uint64_t type_at(uint64_t physical); /* TYPES: no range */
void check_answers(void);
void check_tables(void);
void check_screen(void);
void check_files(void);
void check_cpus(void);

static inline uint64_t offset(void)
{
    return direct_map.response->values[0];
}

static inline void *virtual_of(uint64_t physical)
{
    return (void *)(offset() + physical);
}

/* Memory that a response lies in. */
void check_response(const volatile void *response, const char *what);

static inline uint64_t read_msr(uint32_t number)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
    return (uint64_t)high << 32 | low;
}

static inline uint64_t read_cr3(void)
{
    uint64_t value;
    __asm__("mov %%cr3, %0" : "=r"(value));
    return value;
}

static inline bool has_cpuid(uint32_t leaf, uint32_t subleaf, int reg, uint32_t bit)
{
    uint32_t r[4];
    __asm__("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(subleaf));
    return r[reg] >> bit & 1;
}

extern uint8_t image_begin[], rodata_begin[], data_begin[], image_end[];
