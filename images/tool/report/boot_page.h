/* Boots of Lintel's own kernel as one page that needs nothing else: no scripts, no other files. */
#pragma once

#include "images/tool/report/boot_log.h"

/* ERR_IO. */
enum err boot_page_write(const char *path, const struct boot_log *logs, size_t count);
