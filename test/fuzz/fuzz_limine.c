/* Any bytes as a Limine kernel: its requests found, its wishes read, its modules opened. */
#include "common/lib/mem.h"
#include "common/protocol/limine/limine.h"
#include <stdlib.h>
#include <string.h>

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

/* A volume on which there is every other file, which holds its path. */
static enum err open_file(struct attempt *attempt, const char *reference, struct file *file)
{
    uint64_t bytes = strlen(reference);

    (void)attempt;
    if (bytes % 2)
        return fail(ERR_NOT_FOUND, "%s", reference);
    *file = (struct file){.reader = reader_from_memory(reference, reference, bytes)};
    return OK;
}

/* Resolved paths are clean: no "." and "..", no empty names. */
static void check_path(const char *path)
{
    for (; *path; path++)
        if (path[0] == '/' && (path[1] == '/' || (path[1] == '.' && path[2] == '/')))
            abort();
}

static void open_files(struct limine *limine)
{
    if (limine_open_files(limine) == OK)
        for (uint64_t i = 0; i < limine->file_count; i++)
            check_path(limine->files[i].file.reader.name);
}

/* The file is aligned as the loader's copy of it. */
static void read_kernel(struct attempt *attempt, const uint8_t *data, size_t bytes)
{
    struct arena *arena = &attempt->machine->arena;
    struct limine limine = {.attempt = attempt};
    struct elf *elf = &limine.elf;
    uint64_t entry = 0;
    uint8_t *file, *loaded;

    if (arena_take(arena, bytes + 1, (void **)&file) != OK)
        return;
    memcpy(file, data, bytes);
    limine.memory = reader_from_memory("/boot/kernel.elf", file, bytes);
    attempt->kernel.reader = limine.memory;
    if (elf_parse_mixed(&limine.memory, arena, elf) != OK || elf->end - elf->first > SPAN_BYTES_MAX)
        return;
    loaded = malloc(elf->end - elf->first);
    limine.image = (struct limine_image){.elf = elf, .bytes = loaded, .file = file};
    if (elf_load(elf, loaded, 0) == OK && limine_find(&limine.image) == OK &&
        limine_read_wishes(&limine.image, &attempt->wishes, &entry) == OK)
        open_files(&limine);
    free(loaded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const struct entry entry = {
        .id = "fuzz", .kernel = (char *)(uintptr_t) "/boot/kernel.elf", .options = ""};
    static struct machine machine;
    struct attempt attempt = {.machine = &machine, .entry = &entry, .open_file = open_file};

    if (!machine.arena.grow)
        arena_begin(&machine.arena, grow);
    struct arena_mark mark = arena_mark(&machine.arena);
    read_kernel(&attempt, data, bytes);
    arena_reset(&machine.arena, mark);
    return 0;
}
