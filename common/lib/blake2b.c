/* RFC 7693, sections 2.7, 3.1 to 3.3; constants of 2.6 and 2.7. */
#include "common/lib/blake2b.h"
#include "common/lib/mem.h"

#define BLOCK_BYTES 128
#define ROUNDS      12

static const uint64_t initial[8] = {
    UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
    UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179),
};

static const uint8_t order[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

/* The words that each of a round's eight steps mixes. */
static const uint8_t steps[8][4] = {
    {0, 4, 8, 12},  {1, 5, 9, 13},  {2, 6, 10, 14}, {3, 7, 11, 15},
    {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13},  {3, 4, 9, 14},
};

static uint64_t rotate_right(uint64_t value, unsigned bits)
{
    return value >> bits | value << (64 - bits);
}

static void mix(uint64_t v[16], const uint8_t at[4], uint64_t x, uint64_t y)
{
    uint64_t *a = v + at[0], *b = v + at[1], *c = v + at[2], *d = v + at[3];
    *a += *b + x;
    *d = rotate_right(*d ^ *a, 32);
    *c += *d;
    *b = rotate_right(*b ^ *c, 24);
    *a += *b + y;
    *d = rotate_right(*d ^ *a, 16);
    *c += *d;
    *b = rotate_right(*b ^ *c, 63);
}

/* `count`: bytes so far, with this block. */
static void compress(uint64_t state[8], const uint8_t block[BLOCK_BYTES], uint64_t count, bool last)
{
    uint64_t v[16];
    memcpy(v, state, 8 * sizeof *v);
    memcpy(v + 8, initial, sizeof initial);
    v[12] ^= count;
    v[14] ^= last ? UINT64_MAX : 0;
    for (int round = 0; round < ROUNDS; round++) {
        const uint8_t *words = order[round % 10];
        for (int i = 0; i < 8; i++)
            mix(v, steps[i], load64(block + 8 * words[2 * i]),
                load64(block + 8 * words[2 * i + 1]));
    }
    for (int i = 0; i < 8; i++)
        state[i] ^= v[i] ^ v[i + 8];
}

void blake2b(const void *from, size_t bytes, uint8_t digest[BLAKE2B_BYTES])
{
    const uint8_t *next = from;
    uint8_t block[BLOCK_BYTES] = {0};
    uint64_t state[8], left = bytes;

    memcpy(state, initial, sizeof state);
    state[0] ^= 0x01010000 ^ BLAKE2B_BYTES;
    for (; left > BLOCK_BYTES; left -= BLOCK_BYTES, next += BLOCK_BYTES)
        compress(state, next, bytes - left + BLOCK_BYTES, false);
    if (left)
        memcpy(block, next, left);
    compress(state, block, bytes, true);
    memcpy(digest, state, BLAKE2B_BYTES);
}
