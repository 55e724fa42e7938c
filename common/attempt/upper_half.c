/* What do all kernels of the upper half wish? */
#include "common/attempt/upper_half.h"
#include "common/lib/mem.h"

#define LARGE_PAGE_BYTES (2 * MIB)

/* From the top of memory below 4 GiB downwards, in large pages where that fits. */
static struct region region_of(const char *name, uint64_t bytes)
{
    uint64_t alignment = bytes >= LARGE_PAGE_BYTES ? LARGE_PAGE_BYTES : PAGE_BYTES;

    return (struct region){
        .name = name,
        .bytes = bytes,
        .type = LINTEL_MEMORY_KERNEL,
        .windows = {{.first = MIB, .end = 4 * GIB, .alignment = alignment},
                    {.first = MIB, .end = 4 * GIB}},
        .window_count = 2,
    };
}

enum err upper_half_begin(struct attempt *attempt, const struct elf *image, uint64_t modules)
{
    struct region kernel = region_of(image->reader->name, image->end - image->first);
    struct wishes *wishes = &attempt->wishes;

    TRY(wishes_begin(wishes, 1 + modules, &attempt->machine->arena));
    TRY(wishes_elf_parts(image, &attempt->machine->arena, &kernel));
    wishes_add(wishes, kernel);
    wishes->mode = ENTRY_KERNEL_TABLES;
    wishes->image = image;
    wishes->information_window = (struct region_window){.first = MIB, .end = 4 * GIB};
    return OK;
}

/* Modules may lie higher, where the loader can write there. */
enum err upper_half_add_module(struct attempt *attempt, const char *name,
                               const struct reader *reader)
{
    struct region module = region_of(name, align_up(reader->bytes, PAGE_BYTES));

    module.windows[1].end = 0;
    module.zeroed = true;
    return wishes_add_file(&attempt->wishes, reader, module, &attempt->machine->arena);
}

enum err upper_half_list_cpus(struct attempt *attempt, uint64_t stack_bytes)
{
    struct machine *machine = attempt->machine;

    TRY(mp_list(machine->facts, &machine->arena, &attempt->cpus));
    attempt->wishes.cpu_count = attempt->cpus.count;
    attempt->wishes.cpu_stack_bytes = stack_bytes;
    return OK;
}

enum err upper_half_finish(struct attempt *attempt, uint64_t entry)
{
    attempt->entry_point = entry + attempt->plan.slide;
    return elf_relocate(attempt->wishes.image, at_physical(attempt_place(attempt, 0)->physical),
                        attempt->plan.slide);
}
