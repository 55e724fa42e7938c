/* Which files does a Linux kernel boot with? */
#include "common/lib/mem.h"
#include "common/protocol/linux/linux.h"

#define INITRD_ALIGNMENT 4

static enum err check_options(const struct linux_boot *boot)
{
    uint64_t bytes = strlen(boot->options);

    if (bytes <= boot->image.options_most)
        return OK;
    return fail(ERR_UNSUPPORTED,
                "%s: the command line has %lu bytes, and this kernel takes at most %lu",
                boot->kernel->name, bytes, boot->image.options_most);
}

enum err linux_begin(struct attempt *attempt, const struct reader *kernel, const char *options,
                     uint64_t initrds, struct linux_boot **boot)
{
    struct arena *arena = &attempt->machine->arena;
    struct linux_boot *begun;

    TRY(ARENA_TAKE(arena, 1, &begun));
    begun->kernel = kernel;
    begun->options = options;
    TRY(ARENA_TAKE(arena, initrds, &begun->initrds));
    TRY(linux_image_parse(kernel, &begun->image));
    attempt->protocol = *boot = begun;
    return check_options(begun);
}

/* Fedora writes a variable of GRUB's behind the name. */
enum err linux_open_file(struct attempt *attempt, const char *key, const struct entry_file *named,
                         const struct reader **reader)
{
    struct file *file;

    if (*named->argument && *named->argument != '$')
        return fail(ERR_FORMAT, "%s: %s and %s stand in one line: write one `%s` for each", key,
                    named->path, named->argument, key);
    TRY(ARENA_TAKE(&attempt->machine->arena, 1, &file));
    if (attempt->open_file(attempt, named->path, file) != OK)
        return fail(ERR_NOT_FOUND, "%s: %s", key, err_message());
    if (!file->reader.bytes)
        return fail(ERR_FORMAT, "%s: %s is empty: was the disk full when it was written?", key,
                    named->path);
    *reader = &file->reader;
    return OK;
}

enum err linux_open_initrds(struct attempt *attempt, struct linux_boot *boot)
{
    for (const struct entry_file *initrd = attempt->entry->initrds; initrd; initrd = initrd->next)
        TRY(linux_open_file(attempt, "initrd", initrd, &boot->initrds[boot->initrd_count++]));
    return linux_open_extras(attempt, boot);
}

enum err linux_initrd_region(const struct linux_boot *boot, struct arena *arena,
                             struct region *region)
{
    struct region_part *parts;
    uint64_t sum = 0;

    TRY(ARENA_TAKE(arena, boot->initrd_count, &parts));
    for (uint64_t i = 0; i < boot->initrd_count; i++) {
        const struct reader *initrd = boot->initrds[i];
        parts[i] = (struct region_part){initrd, 0, initrd->bytes, sum};
        if (add_wraps(sum, align_up(initrd->bytes, INITRD_ALIGNMENT), &sum))
            return fail(ERR_NO_MEMORY, "the initrds have more than 2^64 bytes together");
    }
    *region = (struct region){.name = "initrd",
                              .bytes = sum,
                              .type = LINTEL_MEMORY_KERNEL,
                              .window_count = 1,
                              .parts = parts,
                              .part_count = (uint32_t)boot->initrd_count,
                              .zeroed = true};
    return OK;
}
