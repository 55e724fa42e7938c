/* PCI devices, by configuration mechanism 1 (PCI Local Bus 3.0, 3.2.2.3.2). */
#include "kernel/lib/text.h"
#include "kernel/machine/instructions.h"
#include "kernel/shell/shell.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u
#define ABSENT         0xffffffffu
#define MULTI_FUNCTION 0x800000u /* of the register at 0Ch */

static uint32_t read_config(uint32_t bus, uint32_t device, uint32_t function, uint32_t offset)
{
    out32(CONFIG_ADDRESS, CONFIG_ENABLE | bus << 16 | device << 11 | function << 8 | offset);
    return in32(CONFIG_DATA);
}

/* Class and subclass (PCI Code and ID Assignment 1.14). */
static const char *class_name(uint32_t class)
{
    static const struct {
        uint16_t class;
        const char *name;
    } names[] = {{0x0100, "SCSI"},       {0x0101, "IDE"},         {0x0102, "floppy"},
                 {0x0106, "SATA"},       {0x0108, "NVMe"},        {0x0200, "Ethernet"},
                 {0x0300, "VGA"},        {0x0380, "display"},     {0x0401, "audio"},
                 {0x0403, "audio"},      {0x0600, "host bridge"}, {0x0601, "ISA bridge"},
                 {0x0604, "PCI bridge"}, {0x0680, "bridge"},      {0x0780, "communication"},
                 {0x0c03, "USB"},        {0x0c05, "SMBus"},       {0x0500, "memory"}};
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].class == class)
            return names[i].name;
    return "";
}

static bool print_function(uint32_t bus, uint32_t device, uint32_t function)
{
    uint32_t id = read_config(bus, device, function, 0);
    if (id == ABSENT)
        return false;
    uint32_t class = read_config(bus, device, function, 8);
    uint32_t line = read_config(bus, device, function, 0x3c);
    print("  %02x:%02x.%u  %04x:%04x  class %02x.%02x.%02x  %-14s", bus, device, function,
          id & 0xffff, id >> 16, class >> 24, class >> 16 & 0xff, class >> 8 & 0xff,
          class_name(class >> 16));
    if (line >> 8 & 0xff)
        print("INT%c, line %u", 'A' + (line >> 8 & 0xff) - 1, line & 0xff);
    print("\n");
    return true;
}

static void show_pci(void)
{
    uint32_t found = 0;
    for (uint32_t slot = 0; slot < 256 * 32; slot++) {
        uint32_t bus = slot / 32, device = slot % 32;
        if (!print_function(bus, device, 0))
            continue;
        found++;
        bool has_more = read_config(bus, device, 0, 0x0c) & MULTI_FUNCTION;
        for (uint32_t function = 1; has_more && function < 8; function++)
            found += print_function(bus, device, function);
    }
    print("%u function%s\n", found, text_plural(found));
}

const struct command pci_commands[] = {
    {"pci", "", "PCI devices of all buses", NULL, show_pci},
    {0},
};
