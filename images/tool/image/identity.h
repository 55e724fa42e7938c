/* What identifies a disk and its volumes. All of it follows from the files on the disk: the same
 * files give the same bytes, and different disks are told apart. */
#pragma once

#include "images/tool/image/tree.h"

/* A hash of the tree's paths, sizes and checksums, and of the layout's name. */
struct identity {
    unsigned __int128 hash;
};

struct identity identity_of(const struct tree *tree, const char *layout);

/* What tells a disk and a volume that Lintel did not make from all others. */
struct identity_parts {
    uint64_t disk_bytes, first_lba, sectors;
    uint8_t disk_guid[16], volume_guid[16]; /* as struct volume has them */
    uint32_t serial;                        /* of the FAT volume */
};

/* A hash of these, and of the identity of an image: for a second stage (stage.h). */
void identity_of_parts(const struct identity_parts *parts, uint8_t bytes[16]);
void identity_of_stage(const struct identity *identity, uint8_t bytes[16]);

/* A UUID (RFC 9562, version 8) for one of the disk's parts, in the usual text form. */
#define UUID_TEXT_BYTES 37
void identity_uuid(const struct identity *identity, const char *part, char text[UUID_TEXT_BYTES]);

/* The same for an MBR signature or the serial number of a FAT volume; never 0. */
uint32_t identity_serial(const struct identity *identity, const char *part);
