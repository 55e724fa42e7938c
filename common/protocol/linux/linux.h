/* Linux by its x86 boot protocol, from anywhere: a file of its own, or the sections of a unified
 * kernel image (uki.c). */
#pragma once

#include "common/protocol/linux/linux_image.h"
#include "common/protocol/protocol.h"

/* What the kernel's real-mode part would have asked a BIOS for, besides memory and screen. */
struct linux_bios {
    bool wants_edd;
    uint32_t signatures[16], signature_count; /* of the disks 80h to 8Fh, by Master Boot Record */
    struct apm apm;                           /* version 0: none */
};

/* One attempt's own. */
struct linux_boot {
    const struct reader *kernel;   /* a bzImage */
    const struct reader **initrds; /* in order; the kernel gets them as one */
    uint64_t initrd_count;
    const char *options; /* the command line, UTF-8 */
    struct linux_image image;
    struct linux_bios bios;
};

/* Regions, behind the kernel's. */
enum linux_region { LINUX_KERNEL, LINUX_INITRD, LINUX_SETUP, LINUX_REGIONS };

/* Begins with the kernel's header. At most `initrds` can be added. Errors as linux_image_parse();
 * ERR_UNSUPPORTED: the command line is longer than the kernel takes. */
enum err linux_begin(struct attempt *attempt, const struct reader *kernel, const char *options,
                     uint64_t initrds, struct linux_boot **boot);

/* How many an entry adds at most. */
uint64_t linux_count_initrds(const struct entry *entry);

/* Adds the files that the entry names by `initrd`, and an archive of those that it names by
 * `extra`. ERR_NOT_FOUND, ERR_FORMAT. */
enum err linux_open_initrds(struct attempt *attempt, struct linux_boot *boot);

/* What Linux wishes, entered by the boot protocol's own entry, or by EFI's. ERR_NO_MEMORY: initrds
 * of more than 2^64 bytes. */
enum err linux_wish(struct attempt *attempt, struct linux_boot *boot);
enum err linux_wish_efi(struct attempt *attempt, struct linux_boot *boot);

/* As the former, for a program that asks for its initrd, at a place below `end` (0: anywhere). The
 * wishes have room for one more. */
enum err linux_offer_initrd(struct attempt *attempt, const struct linux_boot *boot, uint64_t end);

/* Hooks. */
enum err linux_finish(struct attempt *attempt);
enum err linux_build(struct attempt *attempt, struct buffer *buffer);

/* ---- its parts ------------------------------------------------------------------------------- */

/* One file that the entry names by that key. (linux_files.c, linux_extras.c) */
enum err linux_open_file(struct attempt *attempt, const char *key, const struct entry_file *named,
                         const struct reader **reader);
enum err linux_open_extras(struct attempt *attempt, struct linux_boot *boot);

/* All initrds as one region: each is padded to 4 bytes, or Linux loses the next. (linux_files.c) */
enum err linux_initrd_region(const struct linux_boot *boot, struct arena *arena,
                             struct region *region);

/* Real mode (linux_real.c). */
enum err linux_wish_real(struct attempt *attempt, const struct linux_boot *boot);
enum err linux_finish_real(struct attempt *attempt, const struct linux_boot *boot);

/* Asks; nothing of it is there on UEFI. And fills the boot parameters with it. (linux_bios.c) */
void linux_ask_bios(const struct attempt *attempt, struct linux_boot *boot);
void linux_bios_fill(const struct facts *facts, const struct linux_bios *bios, uint8_t *page);

/* Whether the last option `name`, such as "edd=", has that value. (linux_options.c) */
bool linux_option_is(const char *options, const char *name, const char *word);

/* Where memory ends by `mem=` on the command line, which Linux sees before it looks for its initrd;
 * UINT64_MAX: not said. */
uint64_t linux_memory_end(const char *options);

/* The number that `vga=` means, as Linux counts modes; false: none. */
bool linux_video_mode(const char *options, uint16_t *mode);

/* The same for a graphics mode: Linux sets it by itself only when it is entered in real mode. */
bool linux_video_wish(const char *options, uint32_t *width, uint32_t *height);
