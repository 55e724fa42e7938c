#include "proto.h"
#include "../lib/mem.h"

static bool is_linux(const struct candidate *file)
{
    return file->head_bytes > 0x206 && memcmp(file->head + 0x202, "HdrS", 4) == 0;
}

const struct protocol protocol_linux = {"linux", "a Linux kernel", is_linux, NULL};
