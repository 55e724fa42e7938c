/* A kernel in a file of the host, as the loader sees it. */
#ifndef LINTEL_TOOL_CHECK_KERNEL_FILE_H
#define LINTEL_TOOL_CHECK_KERNEL_FILE_H

#include "common/protocol/protocol.h"

struct kernel_file {
    struct source source;
    const struct protocol *protocol;
};

/* Maps the kernel of an entry, whose paths are the host's, and lets the core say which protocol
 * boots it. ERR_NOT_FOUND, ERR_IO: the file cannot be read. Else errors as protocol_find(). The
 * entry has to outlive the kernel. */
enum err kernel_file_open(const struct entry *entry, struct arena *arena,
                          struct kernel_file *kernel);

#endif
