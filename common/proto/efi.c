#include "proto.h"
#include "../lib/mem.h"

static bool is_pe(const struct candidate *file)
{
    return file->head_bytes > 64 && file->head[0] == 'M' && file->head[1] == 'Z';
}

const struct protocol protocol_efi = {"efi", "an EFI program (PE)", is_pe, NULL};
