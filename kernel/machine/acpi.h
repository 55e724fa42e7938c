/* ACPI tables (ACPI 6.5, chapter 5), read through the direct map. */
#ifndef KERNEL_ACPI_H
#define KERNEL_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rsdp { /* 5.2.5.3 */
    char signature[8];
    uint8_t checksum; /* makes the first 20 bytes sum up to 0 */
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length; /* from here on: revision 2 */
    uint64_t xsdt;
    uint8_t extended_checksum;
    uint8_t reserved[3];
} __attribute__((packed));

#define RSDP_BYTES_1 20

struct acpi_table { /* 5.2.6: every table begins so */
    char signature[4];
    uint32_t length; /* bytes, with this header */
    uint8_t revision;
    uint8_t checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision;
    char creator[4];
    uint32_t creator_revision;
} __attribute__((packed));

/* RSDT or XSDT first, then what it lists, then FADT's DSDT. NULL when there is no index-th that is
 * mapped as a whole. */
const struct acpi_table *acpi_table(uint32_t index);
const struct acpi_table *acpi_find(const char *signature);

uint8_t sum_of(const void *bytes, uint64_t count); /* modulo 256 */

/* sleep_state.c: SLP_TYPa and SLP_TYPb for sleep state S5 from a definition block's
 * `Name (_S5, Package ...)` (7.4.2, 20.2), without running its byte code. False: there is none. */
bool acpi_find_s5(const uint8_t *aml, size_t bytes, uint8_t types[2]);

/* The fields of FADT (5.2.9) that power management takes, as byte offsets. */
enum { FADT_DSDT = 40, FADT_SMI_COMMAND = 48, FADT_ENABLE = 52, FADT_PM1A = 64, FADT_PM1B = 68 };

#endif
