/* Entries of the firmware's own boot menu: load options (UEFI 2.10, 3.1.3). Pure. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>
#include <stdint.h>

#define BOOT_OPTION_TEXT  512  /* bytes of UTF-8 */
#define BOOT_OPTION_BYTES 2048 /* that boot_option_write() makes at most */

struct boot_option {
    char description[BOOT_OPTION_TEXT];
    bool active;
    /* The partition that its device path leads to (UEFI 2.10, 10.3.5.1), in sectors of the disk;
     * number 0: to none that is told so. */
    uint32_t number;
    uint64_t first_lba, sectors;
    bool gpt;
    uint8_t signature[16];       /* of the partition in a GPT; of an MBR's disk the first 4 bytes */
    char path[BOOT_OPTION_TEXT]; /* of the file there, with "\" between names; "": none */
};

/* ERR_FORMAT: it is no load option, or its device path is damaged. A longer text is cut. */
enum err boot_option_parse(const uint8_t *bytes, uint64_t size, struct boot_option *option);

/* ERR_UNSUPPORTED: a text of it is too long. */
enum err boot_option_write(const struct boot_option *option, uint8_t to[BOOT_OPTION_BYTES],
                           uint64_t *size);

/* True when both lead to the same partition. */
bool boot_option_is_same_place(const struct boot_option *option, const struct boot_option *other);
