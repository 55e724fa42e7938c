/* ACPI tables (ACPI 6.5, chapter 5), read through the direct map. */
#pragma once

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

/* 5.2.9, up to what power management takes. */
struct fadt {
    struct acpi_table header;
    uint32_t firmware_control, dsdt;
    uint8_t reserved, profile;
    uint16_t sci;
    uint32_t smi_command; /* a port; 0: the machine is in ACPI mode for ever */
    uint8_t acpi_enable, acpi_disable, s4_bios, p_state;
    uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control; /* ports */
} __attribute__((packed));
const struct fadt *acpi_fadt(void); /* NULL: there is none, or only a shorter one */
