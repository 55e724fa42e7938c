/* Files by TFTP, when firmware loaded Lintel that way. */
#pragma once

#include "common/storage/net/tftp.h"
#include <efi.h>

/* When the loader came from that device over the network, *server is where from; else it stays as
 * it is. ERR_UNSUPPORTED, ERR_NOT_FOUND: it did, but that server can't be asked for more. */
enum err pxe_find_server(EFI_HANDLE device, const struct disk **server);

/* firmware.fetch_size, firmware.fetch */
enum err pxe_fetch_size(const char *path, uint64_t *bytes);
enum err pxe_fetch(const char *path, uint64_t bytes, void *to);

/* What the replies tell that the PXE base code of a device keeps; nothing where it has none.
 * ERR_UNSUPPORTED: they are of IPv6. */
enum err pxe_learn(EFI_HANDLE device, struct tftp_server *server);

/* Keeps the DHCP server's last word, where there is one. */
void pxe_keep_ack(EFI_HANDLE device, struct boot_origin *origin);

/* Stops all network cards: for the last moment before boot services end. */
void pxe_quiet(void);
