/* What is the CRC-32 of some bytes? */
#include "common/format/crc32.h"

/* Reflected. */
#define POLYNOMIAL            0xedb88320
#define CASTAGNOLI_POLYNOMIAL 0x82f63b78
#define FORWARD_POLYNOMIAL    0x04c11db7 /* not reflected */

static uint32_t add_byte(uint32_t sum, uint32_t polynomial)
{
    for (int bit = 0; bit < 8; bit++)
        sum = sum >> 1 ^ (sum & 1 ? polynomial : 0);
    return sum;
}

/* What eight steps of a bit make of each byte. */
static void fill(uint32_t table[256])
{
    for (uint32_t byte = 0; byte < 256; byte++)
        table[byte] = add_byte(byte, POLYNOMIAL);
}

uint32_t crc32(uint32_t sum, const void *from, size_t bytes)
{
    static uint32_t table[256];
    const uint8_t *next = from;

    if (!table[1])
        fill(table);
    sum = ~sum;
    while (bytes--)
        sum = sum >> 8 ^ table[(uint8_t)sum ^ *next++];
    return ~sum;
}

/* A table would be larger than what is summed: a few blocks. */
uint32_t crc32c(uint32_t sum, const void *from, size_t bytes)
{
    const uint8_t *next = from;

    while (bytes--)
        sum = add_byte(sum ^ *next++, CASTAGNOLI_POLYNOMIAL);
    return sum;
}

uint32_t crc32_forward(uint32_t sum, const void *from, size_t bytes)
{
    const uint8_t *next = from;

    while (bytes--) {
        sum ^= (uint32_t)*next++ << 24;
        for (int bit = 0; bit < 8; bit++)
            sum = sum << 1 ^ (sum >> 31 ? FORWARD_POLYNOMIAL : 0);
    }
    return sum;
}
