/* How is the machine restarted or switched off? */
#include "kernel/machine/power.h"
#include "kernel/machine/acpi.h"
#include "kernel/machine/instructions.h"

#define DEBUG_EXIT_PORT   0xf4 /* -device isa-debug-exit,iobase=0xf4: ends with 2 * value + 1 */
#define DEBUG_EXIT_PASSED 0x10
#define DEBUG_EXIT_FAILED 0x11
#define RESET_PORT        0xcf9 /* of PCI chip sets */
#define RESET_PREPARE     0x02
#define RESET_NOW         0x06
#define KEYBOARD_COMMAND  0x64
#define KEYBOARD_RESET    0xfe
#define QEMU_POWER_PORT   0x604
#define QEMU_POWER_OFF    0x2000

#define PM1_ENABLED    0x0001 /* SCI_EN: the machine is in ACPI mode (ACPI 6.5, 4.8.3.2.1) */
#define PM1_TYPE_SHIFT 10
#define PM1_SLEEP      0x2000
#define PATIENCE       1000000

/* From the politest to the one that works everywhere. */
void restart(void)
{
    out8(RESET_PORT, RESET_PREPARE);
    out8(RESET_PORT, RESET_NOW);
    for (int i = 0; i < 1000; i++)
        out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
    load_idt((struct table_register){0});
    __asm__ volatile("int3");
    halt_forever();
}

static void enter_acpi_mode(const struct fadt *fadt, uint16_t control)
{
    uint16_t command = (uint16_t)fadt->smi_command;
    if (in16(control) & PM1_ENABLED || command == 0)
        return;
    out8(command, fadt->acpi_enable);
    for (int tries = PATIENCE; tries > 0 && !(in16(control) & PM1_ENABLED); tries--)
        ;
}

static void enter_s5(const struct fadt *fadt, const struct acpi_table *dsdt)
{
    uint16_t control_a = (uint16_t)fadt->pm1a_control, control_b = (uint16_t)fadt->pm1b_control;
    uint8_t types[2];
    if (!control_a || !acpi_find_s5((const uint8_t *)dsdt, dsdt->length, types))
        return;
    enter_acpi_mode(fadt, control_a);
    out16(control_a, (uint16_t)(types[0] << PM1_TYPE_SHIFT | PM1_SLEEP));
    if (control_b)
        out16(control_b, (uint16_t)(types[1] << PM1_TYPE_SHIFT | PM1_SLEEP));
}

void power_off(void)
{
    const struct fadt *fadt = acpi_fadt();
    const struct acpi_table *dsdt = acpi_find("DSDT");
    if (fadt && dsdt)
        enter_s5(fadt, dsdt);
    out16(QEMU_POWER_PORT, QEMU_POWER_OFF);
}

void end_test(bool passed)
{
    out32(DEBUG_EXIT_PORT, passed ? DEBUG_EXIT_PASSED : DEBUG_EXIT_FAILED);
    halt_forever();
}
