/* Device paths: how UEFI says where a device is (UEFI 2.10, chapter 10). Firmware's go through
 * path_check() once, and may be walked then: all of these functions take none but such. */
#pragma once

#include <efi.h>
#include <stdint.h>

/* The path when each node is as long as its header at least, and the last one ends it within
 * `room` bytes; else NULL. */
const EFI_DEVICE_PATH *path_check(const void *path, uint64_t room);

/* The node after `node`; NULL at the path's end. */
const EFI_DEVICE_PATH *path_next(const EFI_DEVICE_PATH *node);

/* What its nodes take, without the one that ends it. */
uint64_t path_bytes(const EFI_DEVICE_PATH *path);

/* Writes that one. */
void path_end(void *to);

/* The device path of a handle; NULL: it has none, or one that makes no sense. */
const EFI_DEVICE_PATH *path_on(EFI_HANDLE handle);

/* The last node of this type in any instance of the path; NULL when there is none. */
const EFI_DEVICE_PATH *path_find(const EFI_DEVICE_PATH *path, uint8_t type, uint8_t subtype);

/* What follows in `path` behind all nodes of `parent`; NULL when it does not begin with them, and
 * where there are none: every path begins with nothing. */
const EFI_DEVICE_PATH *path_behind(const EFI_DEVICE_PATH *path, const EFI_DEVICE_PATH *parent);

/* The path as text, cut to `bytes` with the final 0; `otherwise` where firmware can't say it. */
void path_text(const EFI_DEVICE_PATH *path, const char *otherwise, char *to, uint64_t bytes);

/* The file that a loaded image's path, which is checked here, names: "\\EFI\\BOOT\\BOOTX64.EFI".
 * NULL: none, or too long. */
const char *path_of_file(const EFI_DEVICE_PATH *path);
