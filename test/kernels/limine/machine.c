#include "test/kernels/limine/machine.h"

#define CR0_FINAL 0x80010011 /* PG WP ET PE */
#define CR4_PAE   (1u << 5)
#define CR4_LA57  (1u << 12)
#define EFER_LONG 0x500u /* LMA LME */
#define EFER_NXE  (1u << 11)
#define MSR_EFER  0xc0000080
#define MSR_PAT   0x277
#define MSR_FS    0xc0000100
#define CODE      0x28
#define DATA      0x30

#define SEGMENT(name)                                                                              \
    ({                                                                                             \
        uint16_t value_;                                                                           \
        __asm__("mov %%" #name ", %0" : "=rm"(value_));                                            \
        value_;                                                                                    \
    })

static void check_segments(void)
{
    CHECK_EQUAL(SEGMENT(cs), CODE);
    CHECK_EQUAL(SEGMENT(ds), DATA);
    CHECK_EQUAL(SEGMENT(es), DATA);
    CHECK_EQUAL(SEGMENT(ss), DATA);
    CHECK_EQUAL(SEGMENT(fs), DATA);
    CHECK_EQUAL(SEGMENT(gs), DATA);
    for (uint32_t i = 0; i < 3; i++)
        CHECK_EQUAL(read_msr(MSR_FS + i), 0);
}

/* Base, and the limit's 20 bits; the CPU sets "accessed". */
static void check_gdt(void)
{
    static const uint64_t should[] = {0,
                                      0x00009a000000ffff,
                                      0x000092000000ffff,
                                      0x00cf9a000000ffff,
                                      0x00cf92000000ffff,
                                      0x00209a0000000000,
                                      0x0000920000000000};
    struct table_register gdtr;
    __asm__("sgdt %0" : "=m"(gdtr));
    const uint64_t *gdt = (void *)gdtr.base;
    CHECK(gdtr.limit >= sizeof should - 1);
    CHECK_EQUAL(type_at(gdtr.base - offset()), LOADER_RECLAIMABLE);
    for (int i = 1; i < 5; i++)
        CHECK_EQUAL(gdt[i] & ~(UINT64_C(1) << 40), should[i]);
    for (int i = 5; i < 7; i++) /* only code has to be 64-bit; limits do not count */
        CHECK_EQUAL(gdt[i] & 0x00209a0000000000 & ~(UINT64_C(1) << 40), should[i]);
}

static void check_system_tables(void)
{
    struct table_register idtr, gdtr;
    uint16_t task, local;
    __asm__("sidt %0" : "=m"(idtr));
    __asm__("sgdt %0" : "=m"(gdtr));
    __asm__("str %0" : "=rm"(task));
    __asm__("sldt %0" : "=rm"(local));
    CHECK_EQUAL(local, 0);
    CHECK_EQUAL(idtr.base, 0);
    CHECK_EQUAL(idtr.limit, 0);
    if (task) { /* what it was loaded from */
        const uint64_t *descriptor = (void *)(gdtr.base + (task & ~7u));
        CHECK_EQUAL(descriptor[0] & 0xff0fffffff00ffff & ~(UINT64_C(0xff) << 40), 0);
        CHECK_EQUAL(descriptor[1], 0);
    }
}

static void check_control(void)
{
    uint64_t cr0, cr4, rflags = paging_mode.response->values[0] ? CR4_LA57 : 0;
    bool has_nx = has_cpuid(0x80000001, 0, 3, 20), has_pat = has_cpuid(1, 0, 3, 16);
    uint64_t should = CR4_PAE | rflags;
    __asm__("mov %%cr0, %0" : "=r"(cr0));
    __asm__("mov %%cr4, %0" : "=r"(cr4));
    CHECK_EQUAL(cr0, CR0_FINAL);
    CHECK_EQUAL(cr4, should);
    CHECK_EQUAL(read_msr(MSR_EFER), EFER_LONG | (has_nx ? EFER_NXE : 0));
    if (has_pat)
        CHECK_EQUAL(read_msr(MSR_PAT) & 0x0000ffffffffffff, 0x010500070406);
}

static void check_registers(const struct arrival *arrival, uint64_t rdi)
{
    const uint64_t *values = &arrival->rax;
    CHECK_EQUAL(arrival->rflags, 2);
    for (int i = 0; i < 15; i++)
        if (&values[i] != &arrival->rdi)
            check_value(values[i] == 0, "a general register is 0", values[i]);
    CHECK_EQUAL(arrival->rdi, rdi);
    CHECK_EQUAL(arrival->return_address, 0);
}

static void check_stack(const struct arrival *arrival)
{
    uint64_t top = (uintptr_t)(&arrival->return_address + 1);
    CHECK_EQUAL(top % 16, 0);
    for (uint64_t at = top - STACK_BYTES; at < top; at += 4096) {
        struct page page = page_at(at);
        CHECK(page.present && page.writable);
        CHECK_EQUAL(type_at(page.physical), LOADER_RECLAIMABLE);
    }
}

void check_machine(const struct arrival *arrival, uint64_t rdi)
{
    check_registers(arrival, rdi);
    check_stack(arrival);
    check_segments();
    check_gdt();
    check_control();
    if (REVISION >= 5)
        check_system_tables();
}

/* ---- interrupt controllers ------------------------------------------------------------------- */

#define IO_APIC    0xfec00000
#define LOCAL_APIC 0xfee00000

static bool is_maskable(uint32_t entry)
{
    uint32_t mode = entry >> 8 & 7;
    return mode <= 1 || (REVISION >= 5 && (mode == 4 || mode == 7));
}

static void check_io_apic(void)
{
    volatile uint32_t *registers = map_device(IO_APIC);
    registers[0] = 1;
    uint32_t count = (registers[4] >> 16 & 0xff) + 1;
    CHECK_EQUAL(count, 24u);
    for (uint32_t i = 0; i < count; i++) {
        registers[0] = 0x10 + 2 * i;
        uint32_t entry = registers[4];
        CHECK(!is_maskable(entry) || entry >> 16 & 1);
    }
}

static uint32_t local_register(uint32_t place)
{
    if (read_msr(0x1b) >> 10 & 1)
        return (uint32_t)read_msr(0x800 + place / 16);
    return map_device(LOCAL_APIC)[place / 4];
}

static void check_local_registers(void)
{
    static const uint16_t places[] = {0x320, 0x330, 0x340, 0x350, 0x360, 0x370};
    CHECK_EQUAL(local_register(0xf0), 0x1ffu);
    CHECK_EQUAL(local_register(0x80), 0u);
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        uint32_t entry = local_register(places[i]);
        check_value(!is_maskable(entry) || entry >> 16 & 1, "a local interrupt is masked", entry);
    }
    CHECK_EQUAL(local_register(0x360) >> 8 & 7, 4u); /* the MADT says that LINT1 is for NMIs */
}

void check_local_apic(void)
{
    if (REVISION >= 5)
        check_local_registers();
}

void check_interrupt_controllers(void)
{
    CHECK_EQUAL(in8(0x21), 0xff);
    CHECK_EQUAL(in8(0xa1), 0xff);
    check_io_apic();
    check_local_apic();
}
