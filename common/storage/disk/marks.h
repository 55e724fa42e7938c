/* Firmware says that a read succeeded, and wrote nothing, or less. So the buffer is marked before a
 * read and looked at after it: a mark that is still there means that its piece did not come. That
 * another block came, no mark can tell. */
#pragma once

#include <stdint.h>

/* Marks the last bytes of each piece of the buffer (the last piece may be shorter, of 8 bytes at
 * least). Returns the mark, which no disk is likely to hold. */
uint64_t marks_place(uint8_t *to, uint64_t bytes, uint64_t piece_bytes);

/* How many bytes came, up to the first piece that did not; `bytes` when all did. */
uint64_t marks_count(const uint8_t *to, uint64_t bytes, uint64_t piece_bytes, uint64_t mark);
