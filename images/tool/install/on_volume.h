/* Install and uninstall on a disk that nothing uses, with what uninstall needs as a file on a FAT
 * volume of it. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>
#include <stdint.h>

struct install_request {
    const char *path;   /* of the disk or image; NULL: the disk of the running system */
    uint64_t partition; /* where the second stage goes; 0: see boot_place.h */
    bool dry_run;       /* say what would be done, and do nothing */
};

enum err volume_install(const struct install_request *request);
enum err volume_uninstall(const struct install_request *request);
