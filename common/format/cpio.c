/* What stands before a file in an archive for Linux? */
#include "common/format/cpio.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"

#define FIXED_BYTES 110 /* "070701", and 13 numbers of 8 digits */

uint64_t cpio_head_bytes(const char *name)
{
    return align_up(FIXED_BYTES + strlen(name) + 1, 4);
}

/* In this order: inode, mode, user, group, links, time, size, two devices by two numbers, the
 * name's size, a sum that this format does not have. */
char *cpio_put_head(char *to, const char *name, uint32_t mode, uint32_t bytes)
{
    uint64_t head_bytes = cpio_head_bytes(name);

    memset(to, 0, head_bytes);
    fmt(to, head_bytes, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s", 0u, mode,
        0u, 0u, 1u, 0u, bytes, 0u, 0u, 0u, 0u, (uint32_t)strlen(name) + 1, 0u, name);
    return to + head_bytes;
}
