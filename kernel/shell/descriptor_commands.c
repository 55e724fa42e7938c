/* Descriptor tables: GDT, IDT, TSS. */
#include "kernel/lib/text.h"
#include "kernel/machine/descriptors.h"
#include "kernel/machine/interrupts.h"
#include "kernel/machine/symbols.h"
#include "kernel/shell/shell.h"

/* ---- GDT (Intel SDM 3A, 3.4.5) --------------------------------------------------------------- */

enum { IN_CODE = 1, IN_DATA = 2, IN_SEGMENT = 3, IN_SYSTEM = 4, IN_LOW = 7, IN_UPPER = 8 };

static const struct bit_row rows[] = {
    {"limit 15-0", 0, 16, IN_LOW, "", ""},
    {"base 15-0", 16, 16, IN_LOW, "", ""},
    {"base 23-16", 32, 8, IN_LOW, "", ""},
    {"A", 40, 1, IN_SEGMENT, "not accessed", "accessed"},
    {"W", 41, 1, IN_DATA, "read-only", "writable"},
    {"R", 41, 1, IN_CODE, "execute-only", "readable"},
    {"E", 42, 1, IN_DATA, "expands up", "expands down"},
    {"C", 42, 1, IN_CODE, "not conforming", "conforming"},
    {"X", 43, 1, IN_SEGMENT, "data", "code"},
    {"type", 40, 4, IN_SYSTEM, "", "9 TSS, 11 busy TSS, 2 LDT (table 3-2)"},
    {"S", 44, 1, IN_LOW, "system", "code or data"},
    {"DPL", 45, 2, IN_LOW, "the kernel's level", "for outer levels, too"},
    {"P", 47, 1, IN_LOW, "absent", "present"},
    {"limit 19-16", 48, 4, IN_LOW, "", ""},
    {"AVL", 52, 1, IN_LOW, "", ""},
    {"L", 53, 1, IN_LOW, "not 64-bit code", "64-bit code"},
    {"D/B", 54, 1, IN_LOW, "16 bits, or L says", "32 bits"},
    {"G", 55, 1, IN_LOW, "limit in bytes", "limit in 4 KiB"},
    {"base 31-24", 56, 8, IN_LOW, "", ""},
    {"base 63-32", 0, 32, IN_UPPER, "", ""},
    {"reserved", 32, 32, IN_UPPER, "", ""},
};

static void draw_half(uint64_t half, uint8_t kind)
{
    struct bit_field fields[BIT_FIELDS_MAX];
    diagram_draw(fields, bits_decode(rows, sizeof rows / sizeof *rows, kind, half, fields));
}

static bool is_system(uint64_t descriptor)
{
    return descriptor && !(descriptor >> 44 & 1);
}

static void print_descriptor(const uint64_t *gdt, uint32_t i)
{
    uint64_t d = gdt[i], limit = (d & 0xffff) | (d >> 32 & 0xf0000);
    uint64_t base = (d >> 16 & 0xffffff) | d >> 56 << 24 | (is_system(d) ? gdt[i + 1] << 32 : 0);
    char type[16] = "code";
    if (is_system(d))
        text_print(type, sizeof type, "TSS, type %lx", d >> 40 & 15);
    print_colour(COLOUR_TITLE, "  %02x  %016lx  ", i * 8, d);
    if (d == 0)
        print("null\n");
    else
        print("%s, DPL %lu, %s, base %lx, limit %lx%s\n",
              is_system(d) || d >> 43 & 1 ? type : "data", d >> 45 & 3,
              d >> 47 & 1 ? "present" : "absent", base, limit, d >> 55 & 1 ? " pages" : "");
}

/* A system descriptor has 16 bytes. */
static void show_gdt(void)
{
    struct table_register gdtr = read_gdtr();
    const uint64_t *gdt = (const uint64_t *)gdtr.base;
    uint64_t wanted = given.values[0] / 8, found = UINT64_MAX;
    print("GDT at %016lx, limit %u; TR %02x, LDTR %02x\n", gdtr.base, gdtr.limit, read_tr(),
          read_ldtr());
    for (uint32_t i = 0; i < (gdtr.limit + 1u) / 8; i += is_system(gdt[i]) ? 2 : 1) {
        if (given.count && i != wanted)
            continue;
        print_descriptor(gdt, found = i);
        if (given.count)
            draw_half(gdt[i], is_system(gdt[i]) ? IN_SYSTEM : gdt[i] >> 43 & 1 ? IN_CODE : IN_DATA);
        if (given.count && is_system(gdt[i]))
            draw_half(gdt[i + 1], IN_UPPER);
    }
    if (found == UINT64_MAX)
        print_colour(COLOUR_BAD, "%lx: no descriptor begins there\n", given.values[0]);
}

/* ---- IDT (Intel SDM 3A, 6.14.1) -------------------------------------------------------------- */

static bool same_kind(const struct gate *a, const struct gate *b)
{
    return a->selector == b->selector && a->ist == b->ist && a->type == b->type;
}

static void print_gate_kind(const struct gate *gate)
{
    uint32_t type = gate->type & 15;
    print("%s gate, %s, DPL %u, code %02x, IST %u",
          type == 14   ? "interrupt"
          : type == 15 ? "trap"
                       : "unknown",
          gate->type & 0x80 ? "present" : "absent", gate->type >> 5 & 3, gate->selector, gate->ist);
}

static void print_counts(void)
{
    static const char *const lines[16] = {[0] = "timer", [1] = "keyboard", [4] = "COM1"};
    for (uint32_t vector = 0; vector < IDT_GATES; vector++) {
        uint32_t irq = vector - VECTOR_IRQ;
        const char *name = vector < VECTOR_IRQ      ? exception_name(vector)
                           : irq < 16 && lines[irq] ? lines[irq]
                                                    : "interrupt";
        if (interrupts_counted((uint8_t)vector))
            print("  vector %u (%s) came %lu time%s\n", vector, name,
                  interrupts_counted((uint8_t)vector),
                  text_plural(interrupts_counted((uint8_t)vector)));
    }
}

static void print_groups(const struct gate *gates)
{
    for (uint32_t first = 0, end; first < IDT_GATES; first = end) {
        for (end = first + 1; end < IDT_GATES && same_kind(&gates[first], &gates[end]); end++)
            ;
        print("  %3u to %3u: ", first, end - 1);
        print_gate_kind(&gates[first]);
        print("\n");
    }
}

static void show_idt(void)
{
    struct table_register idtr = read_idtr();
    const struct gate *gates = (const struct gate *)idtr.base;
    uint64_t vector = given.values[0];
    if (vector >= IDT_GATES) {
        print_colour(COLOUR_BAD, "%lu: there are %u vectors\n", vector, IDT_GATES);
        return;
    }
    if (given.count) {
        char where[160];
        symbols_describe(gate_handler(&gates[vector]), where, sizeof where);
        print("  vector %lu%s%s: ", vector, vector < VECTOR_IRQ ? ", " : "",
              vector < VECTOR_IRQ ? exception_name(vector) : "");
        print_gate_kind(&gates[vector]);
        print("\n  leads to %016lx %s\n", gate_handler(&gates[vector]), where);
        return;
    }
    print("IDT at %016lx, limit %u\n", idtr.base, idtr.limit);
    print_groups(gates);
    print_counts();
    print("  masks of the interrupt controllers: %02x, %02x\n", in8(PIC_PRIMARY),
          in8(PIC_SECONDARY));
}

static void show_tss(void)
{
    const struct tss *tss = (const struct tss *)tss_address();
    print("TSS at %016lx\n", address_of(tss));
    for (uint32_t i = 0; i < 3; i++)
        print("  RSP%u %016lx  the stack for level %u\n", i, tss->rsp[i], i);
    for (uint32_t i = 0; i < 7; i++)
        print("  IST%u %016lx%s\n", i + 1, tss->ist[i],
              i + 1 == IST_FAULT ? "  the fault stack" : "");
    print("  I/O bitmap at %u: %s\n", tss->io_bitmap,
          tss->io_bitmap >= TSS_BYTES ? "behind the limit, there is none" : "there is one");
}

const struct command descriptor_commands[] = {
    {"gdt", "[SELECTOR]", "global descriptor table; a descriptor's bits",
     "  gdt 8         the kernel's code\n  gdt 28        the TSS, of 16 bytes\n", show_gdt},
    {"idt", "[VECTOR]", "interrupt table, and what came so far",
     "  idt        all 256 gates in groups\n  idt 14     the gate of page faults\n", show_idt},
    {"tss", "", "task state segment: stacks for interrupts", NULL, show_tss},
    {0},
};
