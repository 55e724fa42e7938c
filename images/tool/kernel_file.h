/* A kernel in a file of the host, as the loader sees it. */
#ifndef LINTEL_TOOL_KERNEL_FILE_H
#define LINTEL_TOOL_KERNEL_FILE_H

#include "common/proto/proto.h"

struct kernel_file {
    struct source source;
    const struct protocol *protocol;
};

/* The core's arena on memory of the host. */
void host_arena_begin(struct arena *arena);

/* Maps the file, and lets the core say which protocol boots it. ERR_NOT_FOUND, ERR_IO: the file
 * cannot be read. Else errors as protocol_find(). `path` has to outlive the kernel. */
enum err kernel_file_open(const char *path, struct arena *arena, struct kernel_file *kernel);

#endif
