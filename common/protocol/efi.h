/* EFI programs, for protocols whose files are some (efi.c). */
#ifndef LINTEL_PROTOCOL_EFI_H
#define LINTEL_PROTOCOL_EFI_H

#include "common/format/pe.h"
#include "common/protocol/protocol.h"

/* ERR_UNSUPPORTED: a driver, or no EFI file at all. */
enum err efi_check(const struct pe *pe);

/* Checks that a file is an EFI application, and runs it. `options` becomes its LoadOptions.
 * ERR_UNSUPPORTED: BIOS. */
enum err efi_start(struct boot *boot, const struct file *file, const char *options);

/* Reads a whole file and starts it; `program` says what it gets (options, initrd), the rest is
 * filled. OK: it has returned without an error. ERR_UNSUPPORTED: firmware does not take it. */
enum err efi_run(struct boot *boot, const struct file *file, struct program *program);

#endif
