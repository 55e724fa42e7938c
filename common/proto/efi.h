/* EFI programs, for protocols whose files are some (efi.c). */
#ifndef LINTEL_PROTO_EFI_H
#define LINTEL_PROTO_EFI_H

#include "../image/pe.h"
#include "proto.h"

/* ERR_UNSUPPORTED: a driver, or no EFI file at all. */
enum err efi_check(const struct pe *pe);

/* Reads a whole file and starts it. `options` becomes its LoadOptions. OK: it has returned without
 * an error. ERR_UNSUPPORTED: BIOS, or a file that firmware does not take. */
enum err efi_start(struct boot *boot, const struct file *file, const char *options);

#endif
