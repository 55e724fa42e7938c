#include "proto.h"
#include "../lib/mem.h"

static bool is_multiboot2(const struct candidate *file)
{
    (void)file;
    return false;
}

static bool is_multiboot1(const struct candidate *file)
{
    (void)file;
    return false;
}

const struct protocol protocol_multiboot2 = {"multiboot2", "a Multiboot2 kernel", is_multiboot2,
                                             NULL};
const struct protocol protocol_multiboot1 = {"multiboot1", "a Multiboot kernel", is_multiboot1,
                                             NULL};
