/* A bzImage for tests: a right one, whose fields a test then spoils. */
#pragma once

#include "common/lib/mem.h"

#define BZ_SETUP   (3 * 512) /* setup_sects 2 */
#define BZ_PAYLOAD 5000
#define BZ_BYTES   (BZ_SETUP + BZ_PAYLOAD)
#define BZ_PE      0x300 /* in the setup part, behind the header */

static uint8_t bz[BZ_BYTES];

static void bz_put(uint32_t offset, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        bz[offset + i] = (uint8_t)(value >> 8 * i);
}

/* Version 2.15, 64-bit entry, relocatable, likes to lie at `address`, wants 64 KiB there; and a PE
 * file that takes an initrd. */
static void bz_build(uint64_t address)
{
    memset(bz, 0, sizeof bz);
    for (uint32_t i = 0; i < BZ_PAYLOAD; i++)
        bz[BZ_SETUP + i] = (uint8_t)(i * 7 + 1);
    bz_put(0x1f1, BZ_SETUP / 512 - 1, 1);
    bz_put(0x1f4, (BZ_PAYLOAD + 15) / 16, 4); /* syssize */
    bz_put(0x1fe, 0xaa55, 2);
    bz_put(0x200, 0x6aeb, 2); /* a jump: the header ends at 26Ch */
    memcpy(bz + 0x202, "HdrS", 4);
    bz_put(0x206, 0x20f, 2);
    bz_put(0x211, 1, 1);          /* loadflags: high */
    bz_put(0x214, 0x100000, 4);   /* code32_start */
    bz_put(0x22c, 0x7fffffff, 4); /* initrd_addr_max */
    bz_put(0x230, 0x10000, 4);    /* kernel_alignment */
    bz_put(0x234, 1, 1);          /* relocatable */
    bz_put(0x236, 0x3, 2);        /* xloadflags: 64-bit, above 4 GiB */
    bz_put(0x238, 100, 4);        /* cmdline_size */
    bz_put(0x258, address, 8);
    bz_put(0x260, 0x10000, 4); /* init_size */
    memcpy(bz, "MZ", 2);
    bz_put(0x3c, BZ_PE, 4);
    memcpy(bz + BZ_PE, "PE\0\0", 4);
    bz_put(BZ_PE + 4, 0x8664, 2);
    bz_put(BZ_PE + 24 + 44, 1, 2); /* image version 1.0 */
}
