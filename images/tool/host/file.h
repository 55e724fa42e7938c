/* Files of the host. Every message names the file and what the system says about it. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Some bytes in memory, or a file mapped there. */
struct content {
    const uint8_t *bytes;
    uint64_t size;
};

/* Fails with what errno says of a file. ERR_NOT_FOUND: there is none; ERR_IO. */
enum err file_fail(const char *path);

/* What a user may name: every file of his is opened here. */
enum file_kind { FILE_REGULAR, FILE_OR_DISK };

/* Opens a file with open()'s flags, without ever waiting for another program. ERR_FORMAT: it is of
 * another kind: a pipe, a folder, a device. ERR_NOT_FOUND, ERR_IO. */
enum err file_open(const char *path, enum file_kind kind, int flags, struct stat *stat, int *file);

/* True when that very file has been opened, by whatever name: then no output may replace it. */
bool file_was_opened(const char *path);

/* Maps a whole regular file, read-only, for as long as the program runs. Errors as file_open(). */
enum err file_map(const char *path, struct content *content);

/* The same for a text. ERR_FORMAT: it is larger than any such text is. */
#define FILE_TEXT_MAX (64u << 20)
enum err file_map_text(const char *path, struct content *content);

/* Takes the next line from a text, with its end, as much of it as there is room for; false: the
 * text has ended. */
bool content_line(struct content *text, char *line, size_t room);

/* Makes an empty sparse file of that size, replacing what was there. */
enum err file_create(const char *path, uint64_t size);

/* Reads or writes exactly that many bytes at `offset` of an existing file. */
enum err file_read_at(const char *path, uint64_t offset, void *to, uint64_t size);
enum err file_write_at(const char *path, uint64_t offset, const void *from, uint64_t size);
