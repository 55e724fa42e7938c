/* What is the CRC-32 of some bytes? */
#include "common/format/crc32.h"

#define POLYNOMIAL 0xedb88320 /* reflected */

/* What eight steps of a bit make of each byte. */
static void fill(uint32_t table[256])
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? POLYNOMIAL : 0);
        table[byte] = sum;
    }
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
