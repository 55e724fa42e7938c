/* Any bytes as a Limine kernel: its requests found, its wishes read, its modules listed. */
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

/* A volume on which there is every file. */
static enum err find(const struct fs *fs, const char *path, struct fs_entry *entry)
{
    (void)fs;
    *entry = (struct fs_entry){.bytes = strlen(path)};
    return OK;
}

static enum err open(const struct fs *fs, const struct fs_entry *entry, struct file *file)
{
    *file = (struct file){.source.bytes = entry->bytes, .fs = fs};
    return OK;
}

static const struct fs_driver driver = {.name = "fuzz", .find = find, .open = open};

/* Resolved paths are clean: no "." and "..", no empty names. */
static void check_path(const char *path)
{
    for (; *path; path++)
        if (path[0] == '/' && (path[1] == '/' || (path[1] == '.' && path[2] == '/')))
            abort();
}

static void list_modules(struct limine *limine, struct boot *boot)
{
    static struct entry entry = {.id = "fuzz", .kernel = (char *)"/boot/kernel.elf", .options = ""};
    static struct file kernel; /* limine keeps it */
    struct entry_file *list;

    kernel = (struct file){.source = limine->memory, .fs = &boot->volumes.fs};
    kernel.source.name = entry.kernel;
    limine->file = &kernel;
    limine->job.boot = boot;
    limine->job.entry = &entry;
    if (limine_list_modules(limine, &list) == OK)
        for (; list; list = list->next)
            check_path(list->path);
}

/* The file is aligned as the loader's copy of it. */
static void read_kernel(struct boot *boot, const uint8_t *data, size_t bytes)
{
    struct limine limine = {0};
    struct elf *elf = &limine.job.kernel;
    uint64_t entry = 0;
    uint8_t *file, *loaded;

    if (arena_take(&boot->machine.arena, bytes + 1, (void **)&file) != OK)
        return;
    memcpy(file, data, bytes);
    limine.memory = source_from_memory("fuzz", file, bytes);
    if (elf_parse_mixed(&limine.memory, &boot->machine.arena, elf) != OK ||
        elf->end - elf->first > SPAN_BYTES_MAX)
        return;
    loaded = malloc(elf->end - elf->first);
    limine.image = (struct limine_image){.elf = elf, .bytes = loaded, .file = file};
    if (elf_load(elf, loaded, 0) == OK && limine_find(&limine.image) == OK &&
        limine_read_wishes(&limine.image, &elf->request, &entry) == OK)
        list_modules(&limine, boot);
    free(loaded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static struct facts facts;
    static struct boot boot;

    if (!boot.machine.arena.grow) {
        boot.machine.facts = &facts;
        arena_begin(&boot.machine.arena, grow);
        boot.volumes.fs = (struct fs){.driver = &driver, .arena = &boot.machine.arena};
    }
    struct arena_mark mark = arena_mark(&boot.machine.arena);
    read_kernel(&boot, data, bytes);
    arena_reset(&boot.machine.arena, mark);
    return 0;
}
