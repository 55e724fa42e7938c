/* One try to boot Linux by its boot protocol: what its steps share. */
#ifndef LINTEL_PROTOCOL_LINUX_LINUX_JOB_H
#define LINTEL_PROTOCOL_LINUX_LINUX_JOB_H

#include "common/handoff/leap.h"
#include "common/protocol/linux/linux.h"
#include "common/protocol/linux/linux_image.h"

/* What the kernel's real-mode part would have asked a BIOS for, besides memory and screen. */
struct linux_bios {
    const struct facts *facts;
    bool wants_edd;
    uint32_t signatures[16], signature_count; /* of the disks 80h to 8Fh, by Master Boot Record */
    struct apm apm;                           /* version 0: none */
};

struct linux_job {
    struct boot *boot;
    const struct linux_files *files;
    struct linux_image image;
    struct claims claims;
    struct claim *kernel, *initrd; /* initrd NULL: none */
    struct leap leap;
};

/* Steps that are the same in 64-bit, 32-bit and real mode. */
enum err linux_load_kernel(struct linux_job *job);
enum err linux_load_initrds(struct linux_job *job);

/* All initrds as one: each is padded to 4 bytes, or Linux loses the next. ERR_NO_MEMORY: more than
 * 2^64. */
enum err linux_initrd_bytes(const struct linux_files *files, uint64_t *bytes);
enum err linux_read_initrds(const struct linux_files *files, void *to);

/* ERR_UNSUPPORTED: the command line is longer than the kernel takes. */
enum err linux_check_options(const struct linux_files *files, const struct linux_image *image);

/* Asks; nothing of it is there on UEFI. */
void linux_ask_bios(const struct linux_job *job, struct linux_bios *bios);

/* Fills the boot parameters with it. */
void linux_bios_fill(const struct linux_bios *bios, uint8_t *page);

/* Boots in real mode, or by the kernel's EFI entry. Return only when that failed; the caller
 * releases the claims. */
enum err linux_boot_real(struct linux_job *job);
enum err linux_boot_efi(struct boot *boot, const struct linux_files *files,
                        const struct linux_image *image, const struct file *kernel);

/* Whether the last option `name`, such as "edd=", has that value. */
bool linux_option_is(const char *options, const char *name, const char *word);

/* Where memory ends by `mem=` on the command line, which Linux sees before it looks for its initrd;
 * UINT64_MAX: not said. */
uint64_t linux_memory_end(const char *options);

/* The number that `vga=` means, as Linux counts modes; false: none. */
bool linux_video_mode(const char *options, uint16_t *mode);

/* The same for a graphics mode: Linux sets it by itself only when it is entered in real mode. */
bool linux_video_wish(const char *options, uint32_t *width, uint32_t *height);

#endif
