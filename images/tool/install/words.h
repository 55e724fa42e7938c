/* What is said alike of every way to install. */
#pragma once

#include "images/tool/install/disk_tables.h"
#include "images/tool/install/writes.h"

/* "Installing Lintel on sda (64 MiB, an MBR):" */
void tell_disk(const struct disk_image *disk, const struct disk_tables *tables, const char *verb);

void tell_size(const struct writes *writes);
