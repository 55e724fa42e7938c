/* What a bzImage says of itself: the setup header of the Linux x86 boot protocol 2.15
 * (Documentation/arch/x86/boot.rst). */
#pragma once

#include "common/lib/reader.h"
#include <stdbool.h>
#include <stdint.h>

#define LINUX_SECTOR_BYTES 512u
#define LINUX_HEADER_AT    0x1f1u /* in the file, and in the boot parameters */
#define LINUX_HEADER_END   0x290u /* as far as a header may reach */
#define LINUX_ENTRY_64_AT  0x200u /* from the kernel's load address */

/* Offsets in the file, and in the boot parameters, of what a loader fills. */
#define LINUX_VID_MODE       0x1fau
#define LINUX_TYPE_OF_LOADER 0x210u
#define LINUX_LOADFLAGS      0x211u
#define LINUX_CODE32_START   0x214u
#define LINUX_RAMDISK_IMAGE  0x218u
#define LINUX_RAMDISK_SIZE   0x21cu
#define LINUX_HEAP_END_PTR   0x224u
#define LINUX_CMD_LINE_PTR   0x228u
#define LINUX_SETUP_DATA     0x250u

#define LINUX_UNASSIGNED_LOADER 0xffu
#define LINUX_LOADED_HIGH       0x01u /* loadflags */
#define LINUX_CAN_USE_HEAP      0x80u

enum linux_entry {
    LINUX_ENTRY_64,
    LINUX_ENTRY_32,
    LINUX_ENTRY_REAL, /* needs a BIOS */
};

struct linux_image {
    uint8_t header[LINUX_HEADER_END]; /* the file's beginning; zero behind the setup header */
    uint32_t version;                 /* 20Fh: 2.15 */
    uint64_t setup_bytes;             /* the real-mode part, from the file's beginning */
    uint64_t payload_bytes;           /* the rest of the kernel, behind it */
    uint64_t memory_bytes;            /* that the kernel wants from its load address on */
    enum linux_entry entry;
    bool relocatable;
    uint64_t address;      /* physical: where it must lie, or if it is relocatable likes to lie */
    uint64_t alignment;    /* of a relocatable one */
    uint64_t start;        /* of LINUX_ENTRY_32: bytes from its load address to its entry */
    uint64_t initrd_end;   /* physical: where an initrd must end, at most */
    bool above_4gib;       /* kernel, initrd and command line may lie there */
    uint64_t options_most; /* bytes of the command line, without the 0 */
    bool efi_takes_initrd; /* its EFI entry asks for an initrd by LoadFile2 */
    bool has_efi_entry;    /* it is a PE file for this CPU */
};

/* Reads the beginning of a kernel. Messages begin with the reader's name. ERR_FORMAT: not a
 * bzImage, or one whose header lies. ERR_UNSUPPORTED: older than version 2.03. */
enum err linux_image_parse(const struct reader *reader, struct linux_image *image);
