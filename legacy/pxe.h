/* Files by TFTP through the network card's ROM (PXE specification 2.1). */
#pragma once

#include "common/firmware.h"

/* Asks the ROM which server the loader came from: origin->server is ours. To be called only when it
 * came that way. ERR_UNSUPPORTED: the ROM has no entry point that can be trusted; ERR_NOT_FOUND. */
enum err pxe_find_server(struct boot_origin *origin);

/* Verbs of struct firmware: one open, one read for each packet of 1,432 bytes, one close. */
enum err pxe_fetch_size(const char *path, uint64_t *bytes);
enum err pxe_fetch(const char *path, uint64_t bytes, void *to);

/* Stops the card, which would go on writing what it receives to memory. Nothing to do, and nothing
 * done, unless there is a server. No file can be fetched afterwards. */
void pxe_quiet(void);
