/* Any bytes as an ELF file: its notes are read, and it is parsed, and what is small enough loaded
 * into exactly its span. */
#include "common/lib/mem.h"
#include "common/protocol/lintel/lintel.h"
#include <stdint.h>
#include <stdlib.h>

#define SPAN_BYTES_MAX (1 * MIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static enum err grow(uint64_t pages, uint64_t *physical)
{
    void *memory = aligned_alloc(PAGE_BYTES, pages * PAGE_BYTES);

    if (!memory)
        return ERR_NO_MEMORY;
    *physical = (uintptr_t)memory;
    return OK;
}

/* Every name must end inside of the names. */
static void check_symbols(const struct elf *elf)
{
    for (uint32_t i = 0; i < elf->symbol_count; i++)
        if (elf->symbols[i].name >= elf->names_bytes || elf->names[elf->names_bytes - 1])
            abort();
}

/* What was accepted is one of the notes that there are. */
static void read_note(const struct reader *reader, struct arena *arena)
{
    struct lintel_request request;

    if (lintel_read_note(reader, arena, &request) == OK && !lintel_has_note(reader, arena))
        abort();
    lintel_explain_note(reader, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct arena arena;
    struct reader reader = reader_from_memory("fuzz", data, bytes);
    struct elf elf;

    if (!arena.grow)
        arena_begin(&arena, grow);
    struct arena_mark mark = arena_mark(&arena);
    read_note(&reader, &arena);
    if (elf_parse(&reader, &arena, &elf) == OK) {
        check_symbols(&elf);
        if (elf.end - elf.first <= SPAN_BYTES_MAX) {
            uint8_t *to = malloc(elf.end - elf.first);
            elf_load(&elf, to, UINT64_C(0x1234567000));
            free(to);
        }
    }
    arena_reset(&arena, mark);
    return 0;
}
