/* An image under construction, and the layouts that it may have. */
#pragma once

#include "images/tool/image/identity.h"
#include "images/tool/image/stage.h"
#include <stdbool.h>

#define STAGE_PATH "/lintel/stage2.bin" /* the second stage as a file, for GRUB's multiboot2 */

struct image {
    const char *output;
    struct draft draft; /* what a layout writes */
    struct tree tree;
    struct identity identity;
    struct content stage, application; /* second stage, UEFI application */
    uint64_t bytes;                    /* of the whole disk; 0: what the files take */
    uint32_t sector_bytes;
    uint32_t fat_bits;   /* of an MBR disk's volume */
    bool boot_in_volume; /* the volume has Lintel's boot sector and second stage, too */
    bool logical, inactive;
};

/* Lets the second stage, where there is one among the files too, know where it is to lie, with
 * `room` sectors from there on, and where the boot volume begins. */
enum err image_tell_stage(struct image *image, const struct stage_place *place, uint64_t room,
                          uint64_t volume_lba);

struct layout {
    const char *name;
    bool small;         /* no room for the copies of the loader that other loaders start */
    bool fixed_size;    /* --size has no meaning */
    bool fixed_sectors; /* nor has --sector-bytes */
    bool has_mbr;       /* --fat and the like have one */
    bool is_folder;     /* for a server, whose files cannot be listed from afar */
    /* Writes the draft; or a folder, which is the output itself. */
    enum err (*make)(struct image *image);
};

extern const struct layout layout_gpt, layout_mbr, layout_floppy, layout_iso, layout_netboot;
