/* Where the firmware's tables lie, for kernels that want to find them mapped. Firmware wrote the
 * pointers: nothing outside of reachable memory is read, and what makes no sense is left out. */
#pragma once

#include "common/firmware.h"

struct firmware_range {
    uint64_t physical, bytes;
};

struct firmware_ranges {
    struct firmware_range *ranges;
    uint32_t count, capacity; /* what finds no room is left out */
};

/* RSDP, RSDT, XSDT, the tables that these list, and FACS and DSDT (ACPI 6.5, 5.2). */
void firmware_ranges_acpi(const struct facts *facts, struct firmware_ranges *to);

/* Both entry points and the structures behind them (SMBIOS 3.6, 5.2). */
void firmware_ranges_smbios(const struct facts *facts, struct firmware_ranges *to);

/* The EFI system table, and of what it points to all that outlives boot services: runtime services
 * table, configuration table array, vendor's name (UEFI 2.10, 4.3). */
void firmware_ranges_efi(const struct facts *facts, struct firmware_ranges *to);
