/* The Boot Loader Interface (systemd.io/BOOT_LOADER_INTERFACE): variables of UEFI by which the
 * operating system learns how it was booted, and by which `bootctl` steers the next boot. On a
 * firmware without variables nothing here does anything, and what must is ERR_UNSUPPORTED. */
#ifndef LINTEL_ENTRIES_LOADER_INTERFACE_H
#define LINTEL_ENTRIES_LOADER_INTERFACE_H

#include "common/boot.h"

/* Once, with the configuration read: changes the default and the time-out of boot->config as the
 * variables wish. */
void loader_interface_obey(struct boot *boot);

/* Remembers the entry that is about to be booted, where it shall be the next default. */
void loader_interface_save(const struct boot *boot, const struct entry *entry);

/* Tells the operating system of this entry who boots it from where, and what the entries are. A
 * variable costs a firmware milliseconds: only who might read them is told. */
void loader_interface_tell(struct boot *boot, const struct entry *entry);

/* It is about to run. */
void loader_interface_tell_execution(const struct boot *boot);

/* From now on this entry is the default. ERR_UNSUPPORTED, ERR_IO. */
enum err loader_interface_make_default(struct boot *boot, const struct entry *entry);

/* Restarts the machine into the firmware's setup. Returns only on failure: ERR_UNSUPPORTED,
 * ERR_IO. */
enum err loader_interface_enter_setup(const struct boot *boot);

#endif
