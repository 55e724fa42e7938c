/* CRC-32, as gzip and GPT have it (ISO 3309). */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* CRC-32 as in GPT headers (UEFI 2.10, 5.3.2) and zlib: reflected, polynomial EDB88320h. Continue a
 * sum by passing the last result; begin with 0. */
uint32_t crc32(uint32_t sum, const void *from, size_t bytes);

/* CRC-32C, as in ext4 (Castagnoli, reflected, polynomial 82F63B78h). Nothing is inverted: that is
 * the caller's. */
uint32_t crc32c(uint32_t sum, const void *from, size_t bytes);

/* CRC-32 with the highest bit first, as in journals of ext3: polynomial 04C11DB7h, nothing is
 * inverted. */
uint32_t crc32_forward(uint32_t sum, const void *from, size_t bytes);
