/* The firmware's tables that others are found by, and what makes one. */
#ifndef LINTEL_HW_TABLES_H
#define LINTEL_HW_TABLES_H

#include "common/firmware.h"

/* Whether one begins at these bytes, of which `room` may be read. */
bool tables_is_rsdp(const uint8_t *at, uint64_t room);    /* ACPI 6.5, 5.2.5.3 */
bool tables_is_smbios(const uint8_t *at, uint64_t room);  /* SMBIOS 3.6, 5.2.1 */
bool tables_is_smbios3(const uint8_t *at, uint64_t room); /* 5.2.2 */

/* Bytes at an address that firmware told; NULL when not all of them can be read. */
const uint8_t *tables_bytes(const struct facts *facts, uint64_t physical, uint64_t bytes);

/* Takes out of the facts what cannot be: pointers to tables that are none, a clock that has lost
 * its time. The log says what, and why. */
void tables_check(struct facts *facts);

#endif
