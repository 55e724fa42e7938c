/* The Boot Loader Interface (systemd.io/BOOT_LOADER_INTERFACE): variables of UEFI, or what a BIOS's
 * disk keeps in their place, by which the operating system learns how it was booted, and by which
 * `bootctl` and `lintel` steer the next boot. On a firmware without variables nothing here does
 * anything, and what must is ERR_UNSUPPORTED. */
#pragma once

#include "common/entries/entry.h"

struct loader_interface {
    struct machine *machine;
    uint64_t menu_tsc; /* when the menu was shown; 0: not yet */
    bool told_count;   /* of an entry whose tries are counted, which may not be the next */
    bool saves_entry;  /* the entry that is booted becomes the default */
};

/* Once, with the configuration read: changes its default and its time-out as the variables wish. */
void loader_interface_obey(struct loader_interface *interface, struct config *config);

/* Remembers the entry that is about to be booted, where it shall be the next default. */
void loader_interface_save(const struct loader_interface *interface, const struct entry *entry);

/* What variables were set to is kept from now on, whatever becomes of the machine. */
enum err loader_interface_commit(const struct machine *machine);

/* Tells the operating system of this entry who boots it from where, and what the entries are. A
 * variable costs a firmware milliseconds: only who might read them is told. */
void loader_interface_tell(struct loader_interface *interface, const struct config *config,
                           const struct entry *entry);

/* It runs next: call it right before the firmware is left, or starts a program. */
void loader_interface_tell_execution(const struct loader_interface *interface);

/* From now on this entry is the default. ERR_UNSUPPORTED, ERR_IO. */
enum err loader_interface_make_default(const struct machine *machine, const struct entry *entry);

/* Whether the firmware can be asked for its setup. */
bool loader_interface_has_setup(const struct machine *machine);

/* Restarts the machine into it. Returns only on failure: ERR_UNSUPPORTED,
 * ERR_IO. */
enum err loader_interface_enter_setup(const struct machine *machine);

/* ---- for who steers the next boot ------------------------------------------------------------ */

/* FAT's names have 255 units, and behind one that of a profile may stand. */
#define LOADER_TEXT_UNITS 300
#define LOADER_TEXT_BYTES (3 * LOADER_TEXT_UNITS + 1) /* in UTF-8, with a final 0 */

/* The text in a variable of this interface. ERR_NOT_FOUND: there is none, or an empty one. */
enum err loader_interface_read(const struct machine *machine, const char *name, char *text);

/* Keeps a text in one; "" removes it. ERR_UNSUPPORTED: too long. */
enum err loader_interface_write(const struct machine *machine, const char *name, const char *text);

/* What an entry is called in them: id and suffix. */
void loader_interface_name(const struct entry *entry, char *name);
