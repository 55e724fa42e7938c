/* BLAKE2b (RFC 7693), the hash of the Limine protocol. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BLAKE2B_BYTES 64

/* BLAKE2b with a digest of 64 bytes and no key (RFC 7693). */
void blake2b(const void *from, size_t bytes, uint8_t digest[BLAKE2B_BYTES]);
