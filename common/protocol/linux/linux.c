/* Linux kernels: a bzImage (the Linux x86 boot protocol), and its initrds. */
#include "common/protocol/linux/linux.h"
#include "common/lib/mem.h"
#include "common/protocol/linux/linux_job.h"

static bool is_linux(const struct candidate *file)
{
    return file->head_bytes > 0x206 && memcmp(file->head + 0x202, "HdrS", 4) == 0;
}

/* All are opened before anything else happens: a kernel must not start without one of them. */
static enum err open_initrds(struct boot *boot, const struct entry *entry,
                             struct linux_files *files)
{
    const struct source **initrds;

    TRY(ARENA_TAKE(&boot->machine.arena, entry_count_files(entry->initrds), &initrds));
    for (const struct entry_file *initrd = entry->initrds; initrd; initrd = initrd->next)
        TRY(linux_open_initrd(boot, entry, initrd, &initrds[files->initrd_count++]));
    files->initrds = initrds;
    return OK;
}

/* On UEFI the kernel's own EFI entry keeps the firmware's services for it, and is what Secure Boot
 * checks. A kernel whose EFI entry would not find its initrd is entered without. */
static bool wants_efi_entry(const struct boot *boot, const struct linux_files *files,
                            const struct linux_image *image)
{
    return boot->machine.firmware->start && image->has_efi_entry &&
           (image->efi_takes_initrd || !files->initrd_count);
}

static enum err boot_linux(struct boot *boot, const struct entry *entry, const struct file *kernel)
{
    struct linux_files files = {.kernel = &kernel->source, .options = entry->options};
    struct linux_image *image;

    TRY(ARENA_TAKE(&boot->machine.arena, 1, &image));
    TRY(linux_image_parse(&kernel->source, image));
    TRY(open_initrds(boot, entry, &files));
    if (wants_efi_entry(boot, &files, image))
        return linux_boot_efi(boot, &files, image, kernel);
    TRY(protocol_check_secure(boot, &kernel->source));
    return linux_boot(boot, &files);
}

const struct protocol protocol_linux = {
    .key = "linux",
    .name = "a Linux kernel",
    .refuses = PROTOCOL_NO_MODULES,
    .advice = ": its initial file systems are `initrd`",
    .recognise = is_linux,
    .verifier = VERIFIED_BY_FIRMWARE,
    .boot = boot_linux,
};
