/* ACPI tables (ACPI 6.5, 5.2): which there are, and the processors that the MADT lists. Firmware
 * wrote them: each is checked, and nothing outside of [first, end) is read. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>
#include <stdint.h>

struct acpi {
    uint64_t rsdp;       /* physical, 0: the machine has none */
    uint64_t first, end; /* physical: the memory that may be read */
};

struct acpi_table {
    const uint8_t *bytes; /* with its header */
    uint32_t length;      /* bytes */
};

/* The first table with this signature, with a checksum that holds. ERR_NOT_FOUND: there is none;
 * ERR_FORMAT: RSDP, XSDT and RSDT, or the table itself are damaged (says which and how). */
enum err acpi_find(const struct acpi *acpi, const char signature[5], struct acpi_table *table);

struct acpi_processor {
    uint32_t uid;     /* as the ACPI namespace names it */
    uint32_t apic_id; /* of its local APIC or x2APIC */
};

/* The next processor that the firmware has enabled, from the MADT ("APIC", ACPI 6.5, 5.2.12).
 * `offset` is 0 at first. False: that was the last one, also where the rest is damaged. */
bool acpi_next_processor(const struct acpi_table *madt, uint32_t *offset,
                         struct acpi_processor *processor);
