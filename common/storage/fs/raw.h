/* A volume's own first sector as a file: what a BIOS starts. */
#pragma once

#include "common/storage/fs/fs.h"

/* `name` and the volume must outlive the file. ERR_UNSUPPORTED: a server has no sectors. */
enum err raw_open(const struct volume *volume, const char *name, struct arena *arena,
                  struct file *file);
