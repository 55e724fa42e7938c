/* EFI programs, for protocols whose files are some (efi.c). */
#pragma once

#include "common/format/pe.h"
#include "common/protocol/protocol.h"

/* ERR_UNSUPPORTED: the kernel is a driver. ERR_FORMAT as pe_parse(). */
enum err efi_check(const struct attempt *attempt);

/* Wishes for the firmware to start the kernel. `options` becomes its LoadOptions. `more` regions
 * may be added. ERR_NO_MEMORY. */
enum err efi_wish(struct attempt *attempt, const char *options, uint64_t more);
