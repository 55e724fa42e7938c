/* Any bytes as a file of gzip's, and as deflated bytes of a size that the first two tell. */
#include "common/format/gzip.h"
#include "common/format/inflate.h"
#include "common/lib/mem.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static enum err grow(uint64_t pages, uint64_t *physical)
{
    void *memory = NULL;
    if (pages > 1024 || posix_memalign(&memory, PAGE_BYTES, pages * PAGE_BYTES))
        return ERR_NO_MEMORY;
    memset(memory, 0, pages * PAGE_BYTES);
    *physical = (uintptr_t)memory;
    return OK;
}

static void inflate_alone(const uint8_t *data, size_t bytes)
{
    uint64_t size = load16(data), used;
    uint8_t *to = malloc(size + 1);
    if (inflate(data + 2, bytes - 2, to, size, &used) && used > bytes - 2)
        abort();
    free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct arena arena;
    struct reader reader = reader_from_memory("fuzz", data, bytes);

    if (!arena.grow)
        arena_begin(&arena, grow);
    struct arena_mark mark = arena_mark(&arena);
    (void)gzip_unpack(&reader, &arena);
    arena_reset(&arena, mark);
    if (bytes > 2)
        inflate_alone(data, bytes);
    return 0;
}
