/* How is a bzImage booted, with its initrds? */
#include "common/protocol/linux/linux.h"
#include "common/lib/mem.h"

static bool is_linux(const struct candidate *file)
{
    return file->head_bytes > 0x206 && memcmp(file->head + 0x202, "HdrS", 4) == 0;
}

/* On UEFI the kernel's own EFI entry keeps the firmware's services for it, and is what Secure Boot
 * checks. A kernel whose EFI entry would not find its initrd is entered without. */
static bool wants_efi_entry(const struct attempt *attempt, const struct linux_boot *boot)
{
    return attempt->machine->firmware->start && boot->image.has_efi_entry &&
           (boot->image.efi_takes_initrd || !boot->initrd_count);
}

/* All initrds are opened before anything else happens: a kernel must not start without one. */
static enum err open(struct attempt *attempt)
{
    const struct entry *entry = attempt->entry;
    struct linux_boot *boot;

    TRY(linux_begin(attempt, &attempt->kernel.reader, entry->options, linux_count_initrds(entry),
                    &boot));
    TRY(linux_open_initrds(attempt, boot));
    return wants_efi_entry(attempt, boot) ? linux_wish_efi(attempt, boot)
                                          : linux_wish(attempt, boot);
}

static enum err describe(const struct attempt *attempt, protocol_print *print)
{
    const struct linux_boot *boot = attempt->protocol;
    const struct linux_image *image = &boot->image;

    print("boot protocol %u.%u%s", image->version >> 8, image->version & 0xff,
          image->has_efi_entry ? ", with an EFI entry" : "");
    print("%lu KiB in memory, %s %lXh", image->memory_bytes / KIB,
          image->relocatable ? "rather at" : "at", image->address);
    print("at most %lu bytes of options; initrd %s", image->options_most,
          image->above_4gib ? "anywhere" : "below 4 GiB");
    return OK;
}

const struct protocol protocol_linux = {
    .key = "linux",
    .takes_extras = true,
    .name = "a Linux kernel",
    .refuses = PROTOCOL_NO_MODULES,
    .advice = ": its initial file systems are `initrd`",
    .recognise = is_linux,
    .hooks = {.open = open, .starts_programs = true, .finish = linux_finish, .build = linux_build},
    .describe = describe,
};
