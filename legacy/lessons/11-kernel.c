/* Lesson 11: what has a loader done, before a kernel's first instruction?
 *
 * This is a kernel: C, ELF64, in the higher half, with a note by which Lintel knows it. It has no
 * boot sector, no GDT, no page tables: it looks at those that it was given. Of each claim of
 * PROTOCOL.md below it says whether it holds, what it found, and in which lesson you did the same
 * by hand. */
#include <stdbool.h>
#include "common/lintel.h"

LINTEL_REQUEST(.stack_bytes = 16384);

#define COM1    0x3f8
#define VIDEO   0xb8000              /* physical: VGA text */
#define PRESENT 1                    /* of a page table's entry: */
#define LARGE   0x80                 /* a page of 2 MiB or 1 GiB, no table follows */
#define ADDRESS 0x000ffffffffff000ul /* of the table or the page */

#define READ(variable, instruction) __asm__ volatile(instruction : "=r"(variable))

static const struct lintel_boot_info *boot;

static uint64_t in(uint16_t port)
{
    uint8_t byte;
    __asm__ volatile("inb %1, %0" : "=a"(byte) : "d"(port));
    return byte;
}

static void say(const char *text)
{
    static uint32_t row, column; /* .bss: the loader has made it 0 (C16) */
    volatile uint16_t *screen = (volatile uint16_t *)(boot->direct_map + VIDEO);
    for (; *text; text++) {
        while (!(in(COM1 + 5) & 0x20))
            ;
        __asm__ volatile("outb %0, %1" : : "a"(*text), "d"((uint16_t)COM1));
        if (*text == '\n')
            row++, column = 0;
        else if (*text != '\r' && boot->firmware == LINTEL_FIRMWARE_BIOS)
            screen[row * 80 + column++] = 0x700 | *text;
    }
}

static void say_hex(uint64_t value)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        say((const char[]){"0123456789ABCDEF"[value >> shift & 15], 0});
}

void claim(const char *number, bool holds, uint64_t found, const char *what)
{
    say(number);
    say(holds ? "  holds  " : "  FAILS  ");
    say_hex(found);
    say(what);
}

/* What says where an address lies, or 0: nothing does. The four levels of lesson 10. */
static uint64_t entry_of(uint64_t address)
{
    uint64_t entry;
    READ(entry, "mov %%cr3, %0");
    for (int shift = 39; shift >= 12; shift -= 9) {
        entry = ((const uint64_t *)(boot->direct_map + (entry & ADDRESS)))[address >> shift & 511];
        if (!(entry & PRESENT))
            return 0;
        if (shift < 39 && shift > 12 && entry & LARGE)
            return entry;
    }
    return entry;
}

static void look_at_tables(void)
{
    struct __attribute__((packed)) {
        uint16_t limit;
        uint64_t base;
    } gdt, idt;
    uint64_t cs, flags, rsp, guard = boot->stack_top - boot->stack_bytes - 1;
    READ(cs, "mov %%cs, %0");
    READ(flags, "pushfq; pop %0");
    READ(rsp, "mov %%rsp, %0");
    __asm__ volatile("sgdt %0; sidt %1" : "=m"(gdt), "=m"(idt));
    uint64_t masks = in(0xa1) << 8 | in(0x21);
    claim("C1 ", cs == 8, cs, "  CS: 64-bit code (lessons 06, 10)\r\n");
    claim("C3 ", !(flags & 0x200), flags, "  RFLAGS: interrupts are off (lesson 07)\r\n");
    claim("C4 ", guard < rsp && rsp < boot->stack_top, rsp, "  RSP: in a stack (lesson 01)\r\n");
    claim("C18", !entry_of(guard), guard, "  below the stack nothing is mapped (lesson 09)\r\n");
    claim("C9 ", gdt.limit == 55, gdt.base, "  a GDT of seven places (lesson 06)\r\n");
    claim("C11", idt.limit == 4095, idt.base, "  an IDT of 256 gates (lesson 07)\r\n");
    claim("C12", masks == 0xffff, masks, "  both 8259: all lines masked (lesson 07)\r\n");
}

static void look_at_memory(uint64_t here)
{
    uint64_t cr0, cr3, cr4, efer, free = 0;
    READ(cr0, "mov %%cr0, %0");
    READ(cr3, "mov %%cr3, %0");
    READ(cr4, "mov %%cr4, %0");
    __asm__ volatile("rdmsr" : "=a"(efer) : "c"(0xc0000080) : "rdx");
    uint64_t physical = boot->kernel_physical + (here - boot->kernel_virtual);
    for (uint64_t i = 0; i < boot->memory_map_count; i++)
        if (boot->memory_map[i].type == LINTEL_MEMORY_USABLE)
            free += boot->memory_map[i].bytes;
    claim("C5 ", cr0 >> 31 & cr0 & 1, cr0, "  CR0: paging, protection (lessons 06, 09)\r\n");
    claim("C6 ", cr4 & 0x20, cr4, "  CR4: PAE (lesson 10)\r\n");
    claim("C7 ", efer & 0x400, efer, "  EFER: long mode (lesson 10)\r\n");
    claim("C13", !entry_of(0), cr3, "  CR3: tables, in which page 0 is absent (lesson 09)\r\n");
    claim("C16", (entry_of(here) & ADDRESS) == (physical & ADDRESS), entry_of(here) & ADDRESS,
          "  here lies this function (lesson 09)\r\n");
    claim("C17", *(uint64_t *)here == *(uint64_t *)(boot->direct_map + physical), boot->direct_map,
          "  direct map: the function is there, too (lesson 09)\r\n");
    claim("C19", free > 0, free, "  bytes of free RAM, by the memory map (lesson 08)\r\n");
}

void start(const struct lintel_boot_info *info)
{
    boot = info;
    say(info->loader);
    say(" has done this, and so have you:\r\n");
    look_at_tables();
    look_at_memory((uint64_t)start);
    for (;;)
        __asm__ volatile("hlt");
}
