/* The running machine: which firmware, disk and file systems it boots from. */
#pragma once

#include "common/lib/err.h"
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define LIVE_UUID_BYTES 40

/* A mounted file system that lies on a partition of a disk. All paths are the machine's own:
 * root_path() says where they are to be opened. */
struct live_mount {
    char folder[PATH_MAX];       /* where it is mounted; "": it is not there */
    char type[32];               /* "ext4", "vfat", as the kernel calls it */
    char disk[64];               /* "/dev/vda" */
    uint32_t number;             /* of the partition, from 1 */
    uint64_t first_lba, sectors; /* of the partition, in the disk's own sectors */
    uint32_t sector_bytes;       /* of the disk */
    bool read_only;              /* the disk can't be written to */
    uint8_t guid[16];            /* GPT: the partition's unique GUID, as on disk; else zero */
    uint32_t disk_signature;     /* MBR: the disk's, which UEFI knows it by; else 0 */
};

struct live {
    bool uefi;                       /* the firmware that started it */
    char disk[64];                   /* whole-disk node of the file system with /boot: "/dev/vda" */
    struct live_mount boot;          /* that file system, mounted on "/" or "/boot" */
    char boot_prefix[PATH_MAX];      /* of /boot's files, from its root: "/boot", or "" */
    char boot_uuid[LIVE_UUID_BYTES]; /* as references have it: UUID=... */
    struct live_mount esp;           /* the EFI system partition; folder "": none is mounted */
    char other_esp[PATH_MAX];        /* where a second one is mounted; "": nowhere */
    char entries[PATH_MAX];          /* UEFI: ESP/loader/entries; BIOS: /boot/loader/entries */
};

/* Finds out what the running system boots from, from /proc/self/mountinfo, /sys and the disk.
 * ERR_UNSUPPORTED: /boot lies where no loader of ours finds it: on RAID, LVM, an encrypted volume,
 * the network, in memory, on a disk without partitions, or on a file system that Lintel does not
 * read; says which. ERR_NOT_FOUND: it has no /boot at all, or /sys is not mounted. ERR_IO,
 * ERR_FORMAT: the disk. */
enum err live_find(struct live *live);
