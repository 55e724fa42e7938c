/* The files that UEFI starts Lintel by. */
#pragma once

#include "images/tool/steer/first_sector.h"

enum efi_file { EFI_FILE_OWN, EFI_FILE_TRIAL, EFI_FILE_DEFAULT, EFI_FILES };

extern const char *const efi_file_paths[EFI_FILES];

struct efi_files {
    bool has_volume; /* one has some of them: */
    struct volume volume;
    struct efi_found {
        bool there, ours; /* it is Lintel */
        bool own;         /* it is the one that this tool would write */
        char version[VERSION_BYTES];
    } files[EFI_FILES];
};

/* Looks for them on all volumes. Errors as partition_list(). */
enum err efi_files_look(const struct disk_image *disk, struct efi_files *found);
