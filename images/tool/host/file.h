/* Files of the host. Every message names the file and what the system says about it. */
#ifndef LINTEL_TOOL_HOST_FILE_H
#define LINTEL_TOOL_HOST_FILE_H

#include "common/lib/err.h"
#include <stdint.h>

/* Some bytes in memory, or a file mapped there. */
struct content {
    const uint8_t *bytes;
    uint64_t size;
};

/* Fails with what errno says of a file. ERR_NOT_FOUND: there is none; ERR_IO. */
enum err file_fail(const char *path);

/* Maps a whole regular file, read-only, for as long as the program runs. ERR_NOT_FOUND, ERR_IO. */
enum err file_map(const char *path, struct content *content);

/* Makes an empty sparse file of that size, replacing what was there. */
enum err file_create(const char *path, uint64_t size);

/* Reads or writes exactly that many bytes at `offset` of an existing file. */
enum err file_read_at(const char *path, uint64_t offset, void *to, uint64_t size);
enum err file_write_at(const char *path, uint64_t offset, const void *from, uint64_t size);

#endif
