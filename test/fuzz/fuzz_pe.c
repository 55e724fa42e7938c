/* Any bytes as a PE file, as a unified kernel image of any profile, and as an entry of one. */
#include "common/entries/entry.h"
#include "common/format/uki.h"
#include "common/lib/mem.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static enum err grow(uint64_t pages, uint64_t *physical)
{
    void *memory = aligned_alloc(PAGE_BYTES, pages * PAGE_BYTES);

    if (!memory)
        return ERR_NO_MEMORY;
    *physical = (uintptr_t)memory;
    return OK;
}

/* What was accepted can be read. */
static void read_sections(const struct uki *uki, struct arena *arena)
{
    for (uint32_t i = 0; i < uki->pe.section_count; i++) {
        struct reader_part part;
        uint8_t byte;
        if (uki_part(uki, &uki->pe.sections[i], arena, &part) != OK)
            abort();
        if (part.reader.bytes && reader_read(&part.reader, part.reader.bytes - 1, 1, &byte) != OK)
            abort();
    }
}

static void check_text(const char *text)
{
    for (; *text; text++)
        if ((uint8_t)*text < ' ' && *text != '\t')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct arena arena;
    struct reader reader = reader_from_memory("fuzz", data, bytes);
    struct entry_item *entries = NULL;
    struct uki uki;

    if (!arena.grow)
        arena_begin(&arena, grow);
    struct arena_mark mark = arena_mark(&arena);
    for (uint32_t profile = 0; profile < 3; profile++)
        if (uki_open(&reader, profile, &arena, &uki) == OK)
            read_sections(&uki, &arena);
    entries_from_uki("fuzz+1.efi", "/fuzz", &reader, &arena, &entries);
    for (; entries; entries = entries->next) {
        check_text(entries->entry.title);
        check_text(entries->entry.version);
        check_text(entries->entry.sort_key);
    }
    arena_reset(&arena, mark);
    return 0;
}
