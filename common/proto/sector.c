#include "proto.h"
#include "../lib/mem.h"

static bool is_boot_sector(const struct candidate *file)
{
    return file->head_bytes >= 512 && load16(file->head + 510) == 0xaa55;
}

const struct protocol protocol_sector = {"boot-sector", "a boot sector", is_boot_sector, NULL};
