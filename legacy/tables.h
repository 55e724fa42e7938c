/* Tables that a BIOS leaves in low memory, found by their anchors. */
#pragma once

#include <stdint.h>

/* Physical addresses, 0: none with a right checksum. */
uint64_t tables_find_rsdp(void);    /* ACPI 6.5, 5.2.5.1 */
uint64_t tables_find_smbios(void);  /* SMBIOS 3.6, 5.2.1: "_SM_" */
uint64_t tables_find_smbios3(void); /* SMBIOS 3.6, 5.2.2: "_SM3_" */
