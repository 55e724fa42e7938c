/* Loading a Linux kernel and its initrds. */
#include "common/storage/reference.h"
#include "common/lib/mem.h"
#include "common/protocol/linux/linux_job.h"

#define INITRD_ALIGNMENT 4

/* Fedora writes a variable of GRUB's behind the name. */
enum err linux_open_initrd(struct boot *boot, const struct entry *entry,
                           const struct entry_file *initrd, const struct source **source)
{
    struct file *file;

    if (*initrd->argument && *initrd->argument != '$')
        return fail(ERR_FORMAT,
                    "entry %s: initrd: %s and %s stand in one line: write one `initrd` for each",
                    entry->id, initrd->path, initrd->argument);
    TRY(ARENA_TAKE(&boot->machine.arena, 1, &file));
    if (reference_open(&boot->volumes, entry->fs, initrd->path, file) != OK)
        return fail(ERR_NOT_FOUND, "entry %s: initrd: %s", entry->id, err_message());
    if (!file->source.bytes)
        return fail(ERR_FORMAT,
                    "entry %s: initrd: %s is empty: was the disk full when it was written?",
                    entry->id, initrd->path);
    *source = &file->source;
    return OK;
}

enum err linux_initrd_bytes(const struct linux_files *files, uint64_t *bytes)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < files->initrd_count; i++)
        if (add_wraps(sum, align_up(files->initrds[i]->bytes, INITRD_ALIGNMENT), &sum))
            return fail(ERR_NO_MEMORY, "the initrds have more than 2^64 bytes together");
    *bytes = sum;
    return OK;
}

enum err linux_read_initrds(const struct linux_files *files, void *to)
{
    uint8_t *next = to;

    for (uint64_t i = 0; i < files->initrd_count; i++) {
        const struct source *initrd = files->initrds[i];
        uint64_t bytes = align_up(initrd->bytes, INITRD_ALIGNMENT);
        TRY(source_load(initrd, 0, initrd->bytes, next));
        memset(next + initrd->bytes, 0, bytes - initrd->bytes);
        next += bytes;
    }
    return OK;
}

enum err linux_load_kernel(struct linux_job *job)
{
    return source_load(job->files->kernel, job->image.setup_bytes, job->image.payload_bytes,
                       at_physical(job->kernel->physical));
}

/* As high as the kernel can use it: there it is in nobody's way. */
enum err linux_load_initrds(struct linux_job *job)
{
    struct claim_wish wish = {.name = "initrd", .first = MIB, .end = job->image.initrd_end};

    TRY(linux_initrd_bytes(job->files, &wish.bytes));
    if (!wish.bytes)
        return OK;
    if (job->image.above_4gib && job->image.entry == LINUX_ENTRY_64)
        wish.end = UINT64_MAX;
    wish.end = MIN(wish.end, linux_memory_end(job->files->options));
    TRY(claims_take(&job->claims, &wish, &job->initrd));
    return linux_read_initrds(job->files, at_physical(job->initrd->physical));
}
