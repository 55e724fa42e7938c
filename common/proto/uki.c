#include "proto.h"
#include "../lib/mem.h"

static bool is_uki(const struct candidate *file)
{
    (void)file;
    return false;
}

const struct protocol protocol_uki = {"uki", "a unified kernel image", is_uki, NULL};
