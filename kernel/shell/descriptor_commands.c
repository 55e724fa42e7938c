/* Descriptor tables: GDT, IDT, TSS. */
#include "kernel/lib/text.h"
#include "kernel/machine/descriptors.h"
#include "kernel/machine/interrupts.h"
#include "kernel/machine/symbols.h"
#include "kernel/shell/shell.h"

/* ---- GDT (Intel SDM 3A, 3.4.5) --------------------------------------------------------------- */

static void print_segment(uint64_t d)
{
    bool is_code = d >> 43 & 1;
    print("%s, DPL %lu, %s, %s, %s, %s", is_code ? "code" : "data", d >> 45 & 3,
          d >> 47 & 1 ? "present" : "absent",
          is_code ? (d >> 41 & 1 ? "readable" : "execute-only")
                  : (d >> 41 & 1 ? "writable" : "read-only"),
          is_code ? (d >> 42 & 1 ? "conforming" : "not conforming")
                  : (d >> 42 & 1 ? "expands down" : "expands up"),
          d >> 40 & 1 ? "accessed" : "not accessed");
    print("\n      base %lx, limit %lx %s, L %lu (%s), D %lu, AVL %lu\n",
          (d >> 16 & 0xffffff) | d >> 56 << 24, (d & 0xffff) | (d >> 32 & 0xf0000),
          d >> 55 & 1 ? "pages" : "bytes", d >> 53 & 1, d >> 53 & 1 ? "64-bit" : "not 64-bit code",
          d >> 54 & 1, d >> 52 & 1);
}

static void show_gdt(void)
{
    struct table_register gdtr = read_gdtr();
    const uint64_t *gdt = (const uint64_t *)gdtr.base;
    print("GDT at %016lx, limit %u\n", gdtr.base, gdtr.limit);
    for (uint32_t i = 0; i < (gdtr.limit + 1u) / 8; i++) {
        bool is_system = gdt[i] && !(gdt[i] >> 44 & 1);
        print_colour(COLOUR_TITLE, "  %02x  %016lx  ", i * 8, gdt[i]);
        if (gdt[i] == 0)
            print("null\n");
        else if (!is_system)
            print_segment(gdt[i]);
        else
            print("TSS, type %lx (%s), DPL %lu, base %lx, limit %lu\n", gdt[i] >> 40 & 15,
                  (gdt[i] >> 40 & 15) == 11 ? "64-bit, busy" : "?", gdt[i] >> 45 & 3, tss_address(),
                  (gdt[i] & 0xffff) | (gdt[i] >> 32 & 0xf0000));
        if (is_system)
            i++; /* of 16 bytes */
    }
    print("TR %02x, LDTR %02x\n", read_tr(), read_ldtr());
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
    {"gdt", "", "global descriptor table, decoded", NULL, show_gdt},
    {"idt", "[VECTOR]", "interrupt table, and what came so far",
     "  idt        all 256 gates in groups\n  idt 14     the gate of page faults\n", show_idt},
    {"tss", "", "task state segment: stacks for interrupts", NULL, show_tss},
    {0},
};
