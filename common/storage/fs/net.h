/* The files of the server that the loader came from, as a file system. */
#pragma once

#include "common/storage/fs/fs.h"

extern const struct fs_driver net_driver;
