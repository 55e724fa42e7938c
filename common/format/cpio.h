/* Archives that Linux unpacks into its initial file system: cpio, in the format "newc" (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst). */
#pragma once

#include <stdint.h>

#define CPIO_DIRECTORY 0040000u
#define CPIO_FILE      0100000u
#define CPIO_END       "TRAILER!!!" /* the last member's name */

/* Of a member's head: a multiple of 4. */
uint64_t cpio_head_bytes(const char *name);

/* Writes it, and returns the place behind it, where a file's contents belong, padded with zeros to
 * a multiple of 4. */
char *cpio_put_head(char *to, const char *name, uint32_t mode, uint32_t bytes);
