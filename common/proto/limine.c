#include "proto.h"
#include "../lib/mem.h"

static bool is_limine(const struct candidate *file)
{
    (void)file;
    return false;
}

const struct protocol protocol_limine = {"limine", "a Limine kernel", is_limine, NULL};
