/* The deflate format (RFC 1951), from memory to memory. Nothing outside of either is touched. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Unpacks to exactly `bytes` bytes. *used: what was read of the `packed_bytes`. False: the packed
 * bytes are damaged, end early, or hold more or less. */
bool inflate(const uint8_t *packed, uint64_t packed_bytes, uint8_t *to, uint64_t bytes,
             uint64_t *used);
