/* Which entries are there, and how do ours change? */
#define _GNU_SOURCE /* GLOB_BRACE */
#include "images/tool/kernels/entry_folder.h"
#include "common/entries/entry.h"
#include "common/format/conf.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/host/command.h"
#include "images/tool/host/file.h"
#include "images/tool/host/firmware.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include "images/tool/host/durable.h"
#include "images/tool/kernels/entry_text.h"
#include "images/tool/live/machine.h"
#include "images/tool/live/variables.h"
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define SUFFIX      ".conf"
#define TRIES       "/etc/kernel/tries" /* kernel-install(8) reads it, too */
#define TRIES_USUAL 3
#define TRIES_MOST  99 /* two digits: counting down changes no name's length (UAPI.1) */
/* Who takes the tries away from an entry that has booted: enabled, it is linked from a target. */
#define BLESSED_BY "/etc/systemd/system/*/lintel-bless.service"

/* One file of the folder. */
struct entry_here {
    char *name; /* of the file */
    struct entry entry;
    bool own;
};

/* ---- reading --------------------------------------------------------------------------------- */

static char *path_in(const struct entry_folder *folder, const char *name)
{
    return text_of("%s/%s", folder->path, name);
}

static int is_entry(const struct dirent *file)
{
    return file->d_name[0] != '.' && text_ends(file->d_name, SUFFIX);
}

/* What is no entry has the id "". */
static void read_entry(const struct entry_folder *folder, struct entry_here *here)
{
    static char none[] = "";
    char *path = path_in(folder, here->name);
    struct content text;

    here->entry = (struct entry){.id = none, .version = none};
    if (file_map_text(path, &text) == OK && text.size < CONF_BYTES_MAX &&
        entry_parse(here->name, (const char *)text.bytes, text.size, &host_arena, &here->entry) ==
            OK)
        here->own = text.size > strlen(ENTRY_MARK) &&
                    memcmp(text.bytes, ENTRY_MARK, strlen(ENTRY_MARK)) == 0;
    free(path);
}

/* Calls visit() for each, in the order of names, until it fails. */
static enum err each_entry(const struct entry_folder *folder,
                           enum err (*visit)(void *context, const struct entry_here *here),
                           void *context)
{
    struct dirent **files;
    int count = scandir(folder->path, &files, is_entry, alphasort);
    enum err err = count < 0 ? file_fail(folder->path) : OK;

    for (int i = 0; i < count; i++) {
        struct entry_here here = {.name = files[i]->d_name};
        if (err == OK) {
            read_entry(folder, &here);
            err = visit(context, &here);
        }
        free(files[i]);
    }
    if (count >= 0)
        free(files);
    return err;
}

/* Is the kernel that an entry names there? */
static bool has_kernel(const struct entry_folder *folder, const struct entry *entry)
{
    char *here = entry->kernel ? entry_path_here(folder->live, entry->kernel) : NULL;
    char *own = here ? root_path(here) : NULL;
    bool there = own && access(own, F_OK) == 0;

    free(own);
    free(here);
    return there;
}

/* ---- what there is of one kernel ------------------------------------------------------------- */

struct search {
    const struct entry_folder *folder;
    const char *version;
    char *id;       /* of ours */
    char *own;      /* our file; NULL: there is none */
    char *other;    /* the file by which it boots without ours; NULL: there is none */
    bool fall_back; /* another kernel has an entry that is good */
};

/* To be freed. A version may look as if it ended in a counter. */
static char *id_of(const char *version)
{
    char *id = text_of("lintel-%s", version), *file = text_of("%s" SUFFIX, id);
    struct entry named;

    if (entry_name_after(file, SUFFIX, &host_arena, &named) == OK && strcmp(named.id, id) != 0)
        text_add(&id, "_");
    free(file);
    return id;
}

static bool is_counted(const struct entry_here *here)
{
    return strlen(here->name) != strlen(here->entry.id) + strlen(SUFFIX);
}

static enum err remove_entry(const struct entry_folder *folder, const char *name)
{
    char *path = path_in(folder, name);
    enum err err = durable_remove(path);

    if (err == OK)
        show("%s: removed\n", path);
    free(path);
    return err;
}

static enum err look_at(void *context, const struct entry_here *here)
{
    struct search *search = context;
    bool named_so = strcmp(here->entry.id, search->id) == 0;
    char *end = text_of("-%s", search->version);
    enum err err = OK;

    if (here->own && named_so && search->own)
        err = remove_entry(search->folder, here->name);
    else if (here->own && named_so)
        search->own = text_of("%s", here->name);
    else if (!here->own && !search->other && strcmp(here->entry.version, search->version) == 0 &&
             text_ends(here->entry.id, end) && has_kernel(search->folder, &here->entry))
        search->other = path_in(search->folder, here->name);
    else
        search->fall_back |= !is_counted(here) && has_kernel(search->folder, &here->entry);
    free(end);
    return err;
}

/* A unified kernel image with that kernel, which needs no entry; to be freed. NULL: there is none.
 * BIOS machines hide them. */
static char *find_image(const struct live *live, const char *version)
{
    char *inside = text_of("%s/EFI/Linux/*-%s{,+*}.efi", live->esp.folder, version);
    char *pattern = root_path(inside), *image = NULL;
    glob_t found = {0};

    if (live->uefi && glob(pattern, GLOB_BRACE, NULL, &found) == 0)
        image = text_of("%s", found.gl_pathv[0]);
    globfree(&found);
    free(pattern);
    free(inside);
    return image;
}

/* kernel-install(8) calls its own TOKEN-VERSION, with the same `version`. */
static enum err search_begin(const struct entry_folder *folder, const char *version,
                             struct search *search)
{
    *search = (struct search){.folder = folder, .version = version, .id = id_of(version)};
    search->other = find_image(folder->live, version);
    return each_entry(folder, look_at, search);
}

static void search_end(struct search *search)
{
    free(search->id);
    free(search->own);
    free(search->other);
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_blessed_by_somebody(void)
{
    char *pattern = root_path(BLESSED_BY);
    glob_t found = {0};
    bool somebody = glob(pattern, 0, NULL, &found) == 0;

    globfree(&found);
    free(pattern);
    return somebody;
}

/* 0: it is not counted. A person's wish counts; without one a kernel is tried only where another
 * one is there to fall back to, and where somebody says when it was good. */
static uint64_t tries_of(const struct search *search)
{
    char *path = root_path(TRIES), line[16] = "";
    FILE *file = fopen(path, "re");
    uint64_t tries = search->fall_back && is_blessed_by_somebody() ? TRIES_USUAL : 0;

    if (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (parse_number(path, line, TRIES_MOST, &tries) != OK) {
            tries = TRIES_USUAL;
            warn("%s: %u tries are taken", err_message(), TRIES_USUAL);
        }
    }
    if (file)
        fclose(file);
    free(path);
    return tries;
}

static char *name_wanted(const struct search *search, enum entry_tries tries)
{
    uint64_t count = tries == TRIES_ANEW ? tries_of(search) : 0;

    if (tries == TRIES_AS_THEY_ARE && search->own)
        return text_of("%s", search->own);
    return count ? text_of("%s+%02u-00" SUFFIX, search->id, (unsigned)count)
                 : text_of("%s" SUFFIX, search->id);
}

/* ---- changes --------------------------------------------------------------------------------- */

static bool says(const char *path, const char *text)
{
    struct content content;

    return file_map_text(path, &content) == OK && content.size == strlen(text) &&
           memcmp(content.bytes, text, content.size) == 0;
}

/* First what it says, then its name: at each moment there is one entry. */
static enum err change(const struct search *search, const char *wanted, const char *text)
{
    char *path = path_in(search->folder, search->own ? search->own : wanted);
    char *to = path_in(search->folder, wanted);
    bool rewrite = !search->own || !says(path, text), rename = strcmp(path, to) != 0;
    enum err err = OK;

    if (!search->own && access(path, F_OK) == 0)
        err = fail(ERR_CHANGED, "%s: is in the way, and not Lintel's: rename it", path);
    if (err == OK && rewrite)
        err = durable_write(path, text);
    if (err == OK && rename)
        err = durable_rename(path, to);
    if (err == OK && (rewrite || rename))
        show("%s: written\n", to);
    free(to);
    free(path);
    return err;
}

/* Where names can't be counted down, what is kept of an old kernel has the name of the new one. */
static void forget_tries(const struct search *search, const char *name)
{
    if (live_forget_tries(search->folder->live, name) != OK)
        warn("%s: its tries are those that were left: %s", name, err_message());
}

enum err entry_folder_leave(const struct entry_folder *folder, const char *version, bool *left)
{
    struct search search;
    enum err err = search_begin(folder, version, &search);

    *left = search.other;
    if (err == OK && search.other) {
        show("%s: boots %s already\n", search.other, version);
        err = search.own ? remove_entry(folder, search.own) : OK;
    }
    search_end(&search);
    return err;
}

enum err entry_folder_put(const struct entry_folder *folder, const char *version, const char *text,
                          enum entry_tries tries)
{
    struct search search;
    enum err err = search_begin(folder, version, &search);

    if (err == OK) {
        char *wanted = name_wanted(&search, tries);
        err = change(&search, wanted, text);
        if (err == OK && tries == TRIES_ANEW)
            forget_tries(&search, wanted);
        free(wanted);
    }
    search_end(&search);
    return err;
}

enum err entry_folder_remove(const struct entry_folder *folder, const char *version)
{
    struct search search;
    enum err err = search_begin(folder, version, &search);

    if (err == OK && search.own)
        err = remove_entry(folder, search.own);
    search_end(&search);
    return err;
}

static enum err remove_own(void *context, const struct entry_here *here)
{
    return here->own ? remove_entry(context, here->name) : OK;
}

static enum err remove_stale(void *context, const struct entry_here *here)
{
    return here->own && !has_kernel(context, &here->entry) ? remove_entry(context, here->name) : OK;
}

enum err entry_folder_prune(const struct entry_folder *folder, bool all)
{
    return each_entry(folder, all ? remove_own : remove_stale, (void *)(uintptr_t)folder);
}

/* ---- the folder ------------------------------------------------------------------------------ */

static int is_draft(const struct dirent *file)
{
    return strncmp(file->d_name, "lintel-", 7) == 0 &&
           text_ends(file->d_name, SUFFIX DURABLE_DRAFT);
}

/* What one that was ended has left. */
static void remove_drafts(const struct entry_folder *folder)
{
    struct dirent **drafts;
    int count = scandir(folder->path, &drafts, is_draft, NULL);

    for (int i = 0; i < count; i++) {
        char *path = path_in(folder, drafts[i]->d_name);
        unlink(path);
        free(path);
        free(drafts[i]);
    }
    if (count >= 0)
        free(drafts);
}

static const char kind[] = "type1\n";

static enum err write_kind(const struct entry_folder *folder)
{
    char *path = text_of("%s.srel", folder->path);
    enum err err = access(path, F_OK) == 0 ? OK : durable_write(path, kind);

    free(path);
    return err;
}

enum err entry_folder_tidy(const struct entry_folder *folder)
{
    char *path = text_of("%s.srel", folder->path);
    enum err err = OK;

    if (!folder->live->uefi && rmdir(folder->path) == 0 && says(path, kind))
        err = durable_remove(path);
    free(path);
    return err;
}

enum err entry_folder_open(const struct live *live, struct entry_folder *folder)
{
    *folder = (struct entry_folder){.live = live, .lock = -1};
    if (!live->entries[0])
        return fail(ERR_NOT_FOUND, "the EFI system partition is not mounted: mount it, for there "
                                   "the entries of UEFI machines lie (mount /boot/efi)");
    folder->path = root_path(live->entries);
    enum err err = durable_folder(folder->path);
    if (err == OK) {
        folder->lock = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        err = folder->lock >= 0 && flock(folder->lock, LOCK_EX) == 0 ? write_kind(folder)
                                                                     : file_fail(folder->path);
    }
    if (err == OK)
        remove_drafts(folder);
    else
        entry_folder_close(folder);
    return err;
}

void entry_folder_close(struct entry_folder *folder)
{
    if (folder->lock >= 0)
        close(folder->lock);
    free(folder->path);
}
