/* The boot parameters, or "zero page", of the Linux x86 boot protocol
 * (Documentation/arch/x86/zero-page.rst). Made from data alone. */
#pragma once

#include "common/memory/memmap.h"
#include "common/protocol/linux/linux_image.h"

#define LINUX_PARAMS_BYTES 4096u

struct linux_params {
    const struct linux_image *image;
    const struct facts *facts;
    const struct raw_map *raw; /* the firmware's last one: for its EFI map */
    const struct memmap *map;  /* the same, normalised */
    const struct video *video; /* NULL: text mode on BIOS, nothing to see on UEFI */
    uint64_t address;          /* physical: where the kernel lies */
    uint64_t options;          /* physical: the command line */
    uint64_t initrd, initrd_bytes;
    uint64_t more_ranges; /* physical: linux_more_bytes() for a map too long for the page */
};

/* Bytes that a map of at most `ranges` ranges takes besides the boot parameters; 0: none. */
uint64_t linux_more_bytes(uint64_t ranges);

/* Fills LINUX_PARAMS_BYTES bytes at `page`, and what params->more_ranges points to. */
void linux_params_fill(const struct linux_params *params, uint8_t *page);
