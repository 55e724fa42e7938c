/* What is looked at and steered: the running machine, or an image or unmounted disk. */
#pragma once

#include "images/tool/live/machine.h"
#include "images/tool/steer/efi_file.h"
#include "images/tool/steer/view.h"

struct steering {
    const char *name; /* of the disk, for messages */
    bool live;        /* it is the running machine's, */
    struct live machine;
    struct disk_image disk;
    uint8_t sector[BOOT_SECTOR_BYTES];
    struct stage_found stage; /* that the first sector starts; 0 bytes: it is not Lintel's */
    uint64_t area;            /* bytes from the disk's start; 0: it has none */
    struct efi_files efi;
};

/* Opens a disk, or (NULL) that of the running machine, and finds what of Lintel lies there. ERR_IO,
 * ERR_NOT_FOUND, ERR_UNSUPPORTED, ERR_FORMAT. */
enum err steering_open(const char *path, bool writable, struct steering *steering);

/* Is Lintel there for that firmware? */
bool steering_has(const struct steering *steering, enum lintel_firmware firmware);

/* The firmware that its next boot is steered for; LINTEL_FIRMWARE_BIOS for a disk, whose variables
 * of UEFI lie in some machine. */
enum lintel_firmware steering_firmware(const struct steering *steering);

/* What the loader sees there (view.h). */
enum err steering_look(const struct steering *steering, enum lintel_firmware firmware,
                       struct view *view);
