/* The Boot Loader Interface (systemd.io/BOOT_LOADER_INTERFACE): variables of UEFI by which the
 * operating system learns how it was booted, and by which `bootctl` steers the next boot. On a
 * firmware without variables nothing here does anything, and what must is ERR_UNSUPPORTED. */
#ifndef LINTEL_ENTRY_LOADER_INTERFACE_H
#define LINTEL_ENTRY_LOADER_INTERFACE_H

#include "../boot.h"

/* Once, with the configuration read: says who boots from where and what the entries are, and
 * changes the default and the time-out of boot->config as the variables wish. */
void loader_interface_begin(struct boot *boot);

/* The menu appears. */
void loader_interface_note_menu(const struct boot *boot);

/* This entry is about to be booted. */
void loader_interface_note_choice(struct boot *boot, const struct entry *entry);

/* The kernel is about to run (boot_stage() calls it). */
void loader_interface_note_execution(const struct boot *boot);

/* From now on this entry is the default. ERR_UNSUPPORTED, ERR_IO. */
enum err loader_interface_make_default(struct boot *boot, const struct entry *entry);

/* Restarts the machine into the firmware's setup. Returns only on failure: ERR_UNSUPPORTED,
 * ERR_IO. */
enum err loader_interface_enter_setup(const struct boot *boot);

#endif
