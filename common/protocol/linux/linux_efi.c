/* What does Linux wish by its own EFI entry, where the firmware starts the file as a program, and
 * gives it the initrd when it asks? */
#include "common/lib/mem.h"
#include "common/protocol/efi.h"
#include "common/protocol/linux/linux.h"

static enum err read_initrd(void *context, void *to)
{
    return attempt_load_region(context, to);
}

enum err linux_offer_initrd(struct attempt *attempt, const struct linux_boot *boot, uint64_t end)
{
    struct region initrd;

    TRY(linux_initrd_region(boot, &attempt->machine->arena, &initrd));
    initrd.is_trial = true;
    initrd.windows[0].end = end;
    attempt->program.context = wishes_add(&attempt->wishes, initrd);
    attempt->program.initrd_bytes = initrd.bytes;
    attempt->program.read_initrd = read_initrd;
    return OK;
}

/* The kernel takes its memory by itself. Where there is too little it would say so, but only after
 * it has begun, and on some screens never; and without memory for itself it crashes in EDK2. */
enum err linux_wish_efi(struct attempt *attempt, struct linux_boot *boot)
{
    const struct region kernel = {.name = "kernel",
                                  .bytes = boot->image.memory_bytes,
                                  .type = LINTEL_MEMORY_KERNEL,
                                  .window_count = 1,
                                  .is_trial = true};

    TRY(efi_wish(attempt, boot->options, 2));
    TRY(linux_offer_initrd(attempt, boot, boot->image.above_4gib ? 0 : boot->image.initrd_end));
    wishes_add(&attempt->wishes, kernel); /* that goes first: the last is placed first */
    attempt->must_stay = "the kernel returned to the loader";
    return OK;
}
