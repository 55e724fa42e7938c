/* Files by HTTP, when firmware loaded Lintel that way. */
#pragma once

#include "common/firmware.h"
#include <efi.h>

/* When the loader came from that device over the network, *server is where from; else it stays as
 * it is. ERR_UNSUPPORTED, ERR_NOT_FOUND: it did, but that server can't be asked for more. */
enum err http_find_server(EFI_HANDLE device, const struct disk **server);

/* firmware.fetch_size, firmware.fetch */
enum err http_fetch_size(const char *path, uint64_t *bytes);
enum err http_fetch(const char *path, uint64_t bytes, void *to);
