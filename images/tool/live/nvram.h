/* The firmware's variables (UEFI 2.10, 8.2), as Linux shows them: files of efivarfs. The verbs have
 * the shape of the loader's own (common/firmware.h): GUIDs as in memory, ASCII names. */
#pragma once

#include "common/lib/err.h"
#include <stdbool.h>
#include <stdint.h>

#define NVRAM_VALUE_MAX 65536

/* EFI_GLOBAL_VARIABLE (UEFI 2.10, 3.3): 8be4df61-93ca-11d2-aa0d-00e098032b8c */
extern const uint8_t vendor_global[16];

/* ERR_UNSUPPORTED: this machine was not started by UEFI, or its variables can't be written; says
 * why. */
enum err nvram_check(void);

/* *bytes is the room at `to`, then the value's size. ERR_NOT_FOUND: there is no such variable;
 * ERR_UNSUPPORTED: it is larger; ERR_FORMAT: its file has no attributes; ERR_IO. */
enum err nvram_get(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes);

/* `kept`: it outlasts a restart. 0 bytes remove it, and there may be none. A value that is there
 * already is not written again: flash wears out. ERR_IO, ERR_NO_MEMORY (the firmware's store is
 * full). */
enum err nvram_set(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                   uint64_t bytes);

/* Calls see() with the name of each variable of a vendor. ERR_IO. */
enum err nvram_list(const uint8_t vendor[16], void (*see)(void *context, const char *name),
                    void *context);
