/* Linux by its own EFI entry: the firmware starts the file as a program, and gives it the initrd
 * when it asks. */
#include "linux_job.h"
#include "../../lib/mem.h"

static enum err read_initrd(void *context, void *to)
{
    return linux_read_initrds(context, to);
}

/* The kernel would say so itself, but only after it has begun, and on some screens never. */
static enum err check_initrd_fits(const struct claims *claims, const struct linux_image *image,
                                  uint64_t bytes)
{
    const struct claim_wish wish = {
        .name = "initrd", .bytes = bytes, .end = image->above_4gib ? 0 : image->initrd_end};

    return bytes ? claims_try(claims, &wish) : OK;
}

static enum err read_image(struct claims *claims, const struct source *kernel, struct claim **claim)
{
    const struct claim_wish wish = {.name = "kernel", .bytes = kernel->bytes};

    TRY(claims_take(claims, &wish, claim));
    return source_load(kernel, 0, kernel->bytes, at_physical((*claim)->physical));
}

static enum err start(struct boot *boot, struct claims *claims, struct program *program,
                      const struct source *kernel)
{
    struct claim *image;

    TRY(read_image(claims, kernel, &image));
    program->image = at_physical(image->physical);
    boot_stage(boot, "start");
    return boot->firmware->start(program);
}

enum err linux_boot_efi(struct boot *boot, const struct linux_files *files,
                        const struct linux_image *image, const struct file *kernel)
{
    const struct volume *volume = kernel->fs->volume;
    struct program program = {
        .name = kernel->source.name,
        .disk = volume->disk,
        .volume_first_lba = volume->first_lba,
        .path = kernel->source.name,
        .bytes = kernel->source.bytes,
        .options = files->options,
        .read_initrd = read_initrd,
        .context = (void *)files,
    };
    struct claims claims;

    TRY(linux_check_options(files, image));
    TRY(linux_initrd_bytes(files, &program.initrd_bytes));
    claims_begin(&claims, boot->facts, boot->firmware, &boot->arena);
    TRY(check_initrd_fits(&claims, image, program.initrd_bytes));
    boot_stage(boot, "load");
    enum err err = start(boot, &claims, &program, &kernel->source);
    claims_release(&claims);
    if (err == OK)
        return fail(ERR_UNSUPPORTED, "%s: the kernel returned to the loader", program.name);
    return err;
}
