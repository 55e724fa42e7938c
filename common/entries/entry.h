/* Boot Loader Specification entries (UAPI.1), loader.conf, and the menu. */
#pragma once

#include "common/format/keymap.h"
#include "common/storage/volumes.h"

struct entry_file { /* a module or initrd */
    char *path;
    char *argument; /* text behind the path, or "" */
    struct entry_file *next;
};

static inline uint64_t entry_count_files(const struct entry_file *list)
{
    uint64_t count = 0;
    for (; list; list = list->next)
        count++;
    return count;
}

/* Where an entry comes from. Those that were found by themselves (auto.c) stand behind the written
 * ones, in this order; the first of them, up to the default loader, boots where there is no other.
 * No program is in what the firmware does. */
enum entry_kind {
    ENTRY_TRIAL = -1, /* an update of Lintel: in no menu */
    ENTRY_WRITTEN,    /* or a unified kernel image */
    ENTRY_PREVIOUS,
    ENTRY_SHIM_OR_GRUB,
    ENTRY_LOADER,
    ENTRY_WINDOWS,
    ENTRY_DEFAULT_LOADER,
    ENTRY_MEMORY_TEST,
    ENTRY_SHELL,
    ENTRY_SETUP,
    ENTRY_RESTART,
    ENTRY_POWER_OFF
};

static inline bool entry_kind_stands_in(enum entry_kind kind)
{
    return kind > ENTRY_WRITTEN && kind <= ENTRY_DEFAULT_LOADER;
}

static inline bool entry_kind_is_act(enum entry_kind kind)
{
    return kind >= ENTRY_SETUP;
}

struct entry {
    enum entry_kind kind;
    const struct fs *fs; /* the volume that it was found on and its paths lead into; NULL: the
                            boot volume */
    char *path; /* of the file that it was found in, all of whose entries share this text: it
                   changes with the name when a try is taken off (tries.h) */
    char *id;   /* file name without suffix and counter */
    const char *suffix; /* ".conf"; ".efi": a unified kernel image that was found by itself;
                           ".efi@1": its second profile */
    char *title;        /* falls back to id */
    char *version, *sort_key, *machine_id; /* "" when absent */
    char *kernel;     /* the value of `kernel`, `linux`, `efi` or `uki`; NULL: there is none */
    char *kernel_key; /* which key named it */
    char *protocol; /* the value of `protocol`, which overrides recognition; NULL: there is none */
    char *profile;  /* of a unified kernel image: its number; NULL: the first */
    char *options;  /* all `options` lines joined by one space; "" */
    char *own_options; /* a unified kernel image's .cmdline, which holds without `options`; NULL */
    struct entry_file *modules; /* `module` lines, in order */
    struct entry_file *initrds; /* `initrd` lines, in order */
    struct entry_file *extras;  /* `extra` lines: *.cred, *.sysext.raw and *.confext.raw */
    bool damaged; /* its file can't be read, is no text, or lacks what it needs: nobody knows what
                     it said */
    bool counted; /* boot counting: it has so many tries left, and was tried so often without that
                     anybody said that it is good; who has none left is sorted last */
    uint32_t tries_left, tries_done;
    bool failed;   /* by itself, before its kernel started, since the loader did */
    bool foreign;  /* for another machine or firmware: hidden, unless all entries are */
    char *problem; /* why this entry can't boot, or NULL: shown in the menu, said when chosen */
};

struct entry_item { /* of a list, the newest first */
    struct entry entry;
    struct entry_item *next;
};

/* What it boots with, as a person is to see it. */
static inline const char *entry_options(const struct entry *entry)
{
    return *entry->options || !entry->own_options ? entry->options : entry->own_options;
}

struct entry_name { /* of a file in /loader/entries */
    char *name;
    struct entry_name *next;
};

static inline bool entry_is_exhausted(const struct entry *entry)
{
    return entry->counted && !entry->tries_left;
}

enum console { CONSOLE_AUTO, CONSOLE_TEXT, CONSOLE_FRAMEBUFFER };

#define CONFIG_SAVED "@saved" /* as a default: what was booted last */

struct config {
    struct entry *entries; /* in menu order */
    uint32_t count;
    uint32_t hidden_count; /* entries for other machines, behind them in no order */
    uint32_t chosen;       /* index of the default */
    char *default_glob;    /* the value of `default`; NULL: there is none */
    int32_t timeout;       /* seconds; 0: boot at once; -1: wait for ever (menu-force) */
    bool hidden;           /* timeout 0 as `menu-hidden`: a key in the first moment shows it */
    bool disabled;         /* timeout 0 as `menu-disabled`: no key does */
    bool editor;           /* options may be edited: not `editor no`, nor what might have said so */
    bool zero_memory;      /* `zero-memory yes` */
    bool counting;         /* not `counting no`, nor what might have said so: tries are counted */
    bool fallback;         /* `fallback yes`: for a default that fails the next entry starts */
    bool uki_on_bios;      /* `uki-on-bios yes`: BIOS boots unified kernel images, too */
    enum console console;  /* `console auto`, `text` or `framebuffer`: where the menu is shown */
    char *keymap_name;     /* the value of `keymap`; NULL: there is none */
    const struct keymap *keymap; /* NULL: the keyboard is a US one, */
    const char *keymap_doubt;    /* for this reason, or (NULL) as it should; no reason to ask */
    /* Why nothing boots that nobody chose: said above the menu, which has no countdown then; NULL:
     * all is as it was meant. The second is about the default, of which the last wish counts. */
    const char *doubt, *default_doubt;
    /* What is found by itself: `auto-entries no` and the like leave it out. */
    bool auto_entries, auto_firmware, auto_reboot, auto_poweroff;
    const struct entry_volumes *unsearched; /* where auto_entries_find() will look; NULL: it has */
    struct entry_name *listed;              /* `entry` lines of loader.conf, the last first */
};

/* Where entries are looked for. */
struct entry_volumes {
    struct volumes *all;    /* NULL: nothing is found by itself */
    const struct fs *fs[3]; /* the first is the boot volume, which has loader.conf */
    uint32_t count;
    const char *none;                /* why there is not even that one; NULL: there is */
    const struct firmware *firmware; /* whose variables count tries, too; NULL: there are none */
    bool uefi;                       /* this is a machine with UEFI */
    bool stand_in;                   /* the first may not be the boot volume that was meant */
    const char *doubt;               /* about all of them; NULL: there is none */
};

/* `err`: what volumes_find() said. Entries lie on the boot volume (UAPI.1), and on the same disk's
 * extended boot loader partition; where that is the boot volume, on the EFI system partition. One
 * that fails, or an extended boot loader partition without entries, is said, and a doubt. */
void entry_volumes_find(struct volumes *volumes, enum err err, struct entry_volumes *list);

/* Reads the boot volume's /loader/loader.conf (absent is fine) and all volumes' /loader/entries/
 * *.conf and /EFI/Linux/ *.efi into arena memory; /loader may lie in /boot. Lines: key, white
 * space, value; # comments; CR, LF or both end a line, and a UTF-8 byte order mark is accepted;
 * unknown keys noted in the log and passed over, a duplicate single key: the last wins; size limit
 * 64 KiB a file. Order: BLS
 * ("sort-key" present first, sort-key ascending, machine-id ascending, version descending; then
 * file name descending by version comparison). On a server, which can't list a directory, the
 * entries are those that `entry NAME.conf` lines of loader.conf name. Where there is none, the
 * loader that was there before Lintel or beside it is the default, and this is said; where there is
 * not even that, it is a doubt. ERR_NOT_FOUND: no entry at all, says where it looked. The volumes
 * must outlive the configuration.
 *
 * What was asked boots, or a question: a loader.conf that can't be read, is no text, has mostly
 * lines that nobody knows, or a key that is one of ours but for one byte, is a doubt, and `editor
 * no` may have stood in it. An entry of which that is true, or that names no kernel, has a problem,
 * and is a doubt where the default may mean it; a directory that can't be listed to its end is one
 * in any case. */
enum err config_read(const struct entry_volumes *volumes, struct arena *arena,
                     struct config *config);

/* Its part that finds entries, in no order, and counts them (discover.c). */
enum err entries_discover(const struct entry_volumes *volumes, struct arena *arena,
                          struct config *config, struct entry_item **list);

/* Names an entry after its file: without suffix and boot counter. */
enum err entry_name_after(const char *file, const char *suffix, struct arena *arena,
                          struct entry *entry);

/* Adds what a unified kernel image at `path`, which must outlive the entries, says of itself (type
 * 2): an entry, or one for each of its profiles. ERR_NOT_FOUND: it is another program, or for
 * another machine. Other errors: it is damaged, or can't be read. */
enum err entries_from_uki(const char *file, const char *path, const struct reader *reader,
                          struct arena *arena, struct entry_item **list);

/* Reads a file's text, as of loader.conf and entries, to CONF_BYTES_MAX bytes of room. ERR_FORMAT:
 * too long, or empty. */
enum err config_read_text(const struct reader *reader, char *text);

/* Where nobody chose the entry that failed: the next in the menu's order that has not failed yet
 * and has tries left; from the last on it goes to the first. When no written one is left, what was
 * found by itself and is a loader. NULL: there is none. */
struct entry *config_fall_back(struct config *config, struct entry *failed);

/* Why the menu must ask before anything boots; NULL: it need not. */
const char *config_reason_to_ask(const struct config *config);

/* Makes the first entry whose id, with or without suffix, the glob (with `*`, `?` and sets as
 * `[a-z]`) matches the default; `who` wishes it. It is a doubt where there is none, or none with
 * tries left, or where a damaged one might have been meant; and one that restarts the machine, or
 * switches it off, where that is not wished for one boot only. */
void config_choose(struct config *config, struct arena *arena, const char *who, const char *glob,
                   bool once);

/* Takes what `who`, a `timeout`, says. What is neither a number nor a word that is known is a
 * doubt.
 */
void config_set_timeout(struct config *config, struct arena *arena, const char *who,
                        const char *text);

/* For tests and fuzzing: parse texts in memory. `name` is the file's name. */
enum err entry_parse(const char *name, const char *text, uint64_t bytes, struct arena *arena,
                     struct entry *entry);
enum err loader_conf_parse(const char *text, uint64_t bytes, struct arena *arena,
                           struct config *config);
struct entry_item *entries_sort(struct entry_item *list);
int version_compare(const char *a, const char *b); /* UAPI version format specification */
