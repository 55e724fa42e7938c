/* Linux by its own EFI entry: the firmware starts the file as a program, and gives it the initrd
 * when it asks. */
#include "common/lib/mem.h"
#include "common/protocol/efi.h"
#include "common/protocol/linux/linux_job.h"

static enum err read_initrd(void *context, void *to)
{
    return linux_read_initrds(context, to);
}

static enum err check_fits(struct boot *boot, const char *name, uint64_t bytes, uint64_t end)
{
    const struct claim_wish wish = {.name = name, .bytes = bytes, .end = end};
    struct claims claims;

    claims_begin(&claims, boot->machine.facts, boot->machine.firmware, &boot->machine.arena);
    return bytes ? claims_try(&claims, &wish) : OK;
}

/* The kernel would say so itself, but only after it has begun, and on some screens never; where
 * there is no memory for the kernel, it crashes in EDK2. */
static enum err check_memory(struct boot *boot, const struct linux_image *image,
                             uint64_t initrd_bytes)
{
    TRY(check_fits(boot, "kernel", image->memory_bytes, 0));
    return check_fits(boot, "initrd", initrd_bytes, image->above_4gib ? 0 : image->initrd_end);
}

enum err linux_boot_efi(struct boot *boot, const struct linux_files *files,
                        const struct linux_image *image, const struct file *kernel)
{
    struct program program = {
        .options = files->options,
        .read_initrd = read_initrd,
        .context = (void *)files,
    };

    TRY(linux_check_options(files, image));
    TRY(linux_initrd_bytes(files, &program.initrd_bytes));
    TRY(check_memory(boot, image, program.initrd_bytes));
    TRY(efi_run(boot, kernel, &program));
    return fail(ERR_UNSUPPORTED, "%s: the kernel returned to the loader", program.name);
}
