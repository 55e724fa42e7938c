/* The firmware's tables that others are found by, and what makes one. */
#pragma once

#include "common/firmware.h"

#define RSDP_BYTES_1 20 /* of ACPI 1.0: what the first checksum covers */
#define RSDP_BYTES_2 36
#define RSDP_MOST    4096

/* Whether one begins at these bytes, of which `room` may be read. */
bool tables_is_rsdp(const uint8_t *at, uint64_t room);    /* ACPI 6.5, 5.2.5.3 */
bool tables_is_smbios(const uint8_t *at, uint64_t room);  /* SMBIOS 3.6, 5.2.1 */
bool tables_is_smbios3(const uint8_t *at, uint64_t room); /* 5.2.2 */

bool tables_sum_to_zero(const uint8_t *from, uint64_t bytes);

/* Bytes at an address that firmware told; NULL when that is 0, or not all of them can be read,
 * or lie below `end`. */
const uint8_t *tables_at(uint64_t physical, uint64_t bytes, uint64_t end);

/* The same, where the facts say the end. */
const uint8_t *tables_bytes(const struct facts *facts, uint64_t physical, uint64_t bytes);

/* Whether the one that the facts tell of is one. */
bool tables_have_rsdp(const struct facts *facts);

/* Takes out of the facts what cannot be: pointers to tables that are none, a clock that has lost
 * its time. The log says what, and why. */
void tables_check(struct facts *facts);
