/* The files of the server that the loader came from, as a file system. */
#ifndef LINTEL_FS_NET_H
#define LINTEL_FS_NET_H

#include "common/storage/fs/fs.h"

extern const struct fs_driver net_driver;

#endif
