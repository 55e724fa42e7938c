#include "kernel_file.h"
#include "file.h"
#include "common/lib/mem.h"
#include <stdlib.h>

static enum err grow(uint64_t pages, uint64_t *physical)
{
    void *chunk =
        pages < SIZE_MAX / PAGE_BYTES ? aligned_alloc(PAGE_BYTES, pages * PAGE_BYTES) : NULL;
    if (!chunk)
        return fail(ERR_NO_MEMORY, "this machine has no %lu KiB of memory left",
                    (unsigned long)(pages * PAGE_BYTES / KIB));
    memset(chunk, 0, pages * PAGE_BYTES);
    *physical = (uintptr_t)chunk;
    return OK;
}

void host_arena_begin(struct arena *arena)
{
    arena_begin(arena, grow);
}

enum err kernel_file_open(const char *path, struct arena *arena, struct kernel_file *kernel)
{
    struct entry entry = {.id = "lintel", .kernel = (char *)(uintptr_t)path};
    struct content content;

    TRY(file_map(path, &content));
    kernel->source = source_from_memory(path, content.bytes, content.size);
    return protocol_find(&entry, &kernel->source, arena, &kernel->protocol);
}
