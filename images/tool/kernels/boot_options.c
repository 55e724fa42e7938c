/* Which options are kernels booted with? */
#define _GNU_SOURCE /* strsep() */
#include "images/tool/kernels/boot_options.h"
#include "common/lib/mem.h"
#include "images/tool/host/command.h"
#include "images/tool/host/file.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include "images/tool/kernels/assignments.h"
#include "images/tool/host/durable.h"
#include "images/tool/live/machine.h"
#include <ctype.h>
#include <glob.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS "/etc/kernel/cmdline" /* kernel-install(8) reads it, too */

static bool is_space(char c)
{
    return isspace((unsigned char)c);
}

enum err one_line(const char *path, const char *text, char **line)
{
    char *copy = text_of("%s", text), *to = copy;

    for (const char *c = text; *c; c++) {
        if (iscntrl((unsigned char)*c) && !is_space(*c)) {
            free(copy);
            return fail(ERR_FORMAT, "%s: has the control character %02Xh, which no line may have",
                        path, (unsigned char)*c);
        }
        if (!is_space(*c))
            *to++ = *c;
        else if (to != copy && to[-1] != ' ')
            *to++ = ' ';
    }
    to -= to != copy && to[-1] == ' ';
    *to = 0;
    *line = copy;
    return OK;
}

/* ---- words of a command line ----------------------------------------------------------------- */

/* The value of the last word of a line that begins so; to be freed. NULL: there is none. */
static char *word_of(const char *line, const char *begin)
{
    char *found = NULL;

    for (const char *word = line; *word; word += strspn(word, " \n")) {
        size_t length = strcspn(word, " \n");
        if (strncmp(word, begin, strlen(begin)) == 0) {
            free(found);
            found = text_of("%.*s", (int)(length - strlen(begin)), word + strlen(begin));
        }
        word += length;
    }
    return found;
}

/* "UUID=...", which no other disk that is plugged in changes. */
static bool is_lasting(const char *device)
{
    static const char *const kinds[] = {
        "UUID=", "PARTUUID=", "LABEL=", "PARTLABEL=", "/dev/mapper/", "/dev/disk/"};

    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (strncmp(device, kinds[i], strlen(kinds[i])) == 0)
            return true;
    return false;
}

/* ---- the root file system -------------------------------------------------------------------- */

/* As fstab names it; to be freed. NULL: it does not. */
static char *root_of_fstab(void)
{
    char *path = root_path("/etc/fstab"), *root = NULL;
    FILE *mounts = setmntent(path, "re");

    for (struct mntent *mount; mounts && (mount = getmntent(mounts));)
        if (strcmp(mount->mnt_dir, "/") == 0 && !root)
            root = text_of("%s", mount->mnt_fsname);
    if (mounts)
        endmntent(mounts);
    free(path);
    return root;
}

/* Takes `better` in place of *root where that says more; frees the other one. */
static void prefer(char **root, char *better)
{
    if (better && (!*root || (!is_lasting(*root) && is_lasting(better)))) {
        free(*root);
        *root = better;
    } else
        free(better);
}

/* What the running kernel was told may be a rescue system's: the file system of / knows better. */
static enum err find_root(const struct live *live, const char *running, char **root)
{
    bool own = strcmp(live->boot.folder, "/") == 0;
    char *told = word_of(running, "root=");

    *root = NULL;
    if (own && !(told && strncmp(told, "PARTUUID=", 9) == 0))
        *root = text_of("UUID=%s", live->boot_uuid);
    prefer(root, told);
    prefer(root, root_of_fstab());
    return *root ? OK
                 : fail(ERR_NOT_FOUND,
                        "neither /proc/cmdline nor /etc/fstab says where the root file system lies:"
                        " write the kernel's options to " OPTIONS);
}

/* ---- what GRUB gives ------------------------------------------------------------------------- */

static enum err read_grub_file(const char *path, struct assignment *list, size_t count, bool *there)
{
    enum err err = assignments_read(path, list, count);

    *there |= err == OK;
    return err == ERR_NOT_FOUND ? OK : err;
}

/* In the order in which grub-mkconfig reads them, on Debian and Ubuntu. *there: one of them is. */
static enum err read_grub(struct assignment *list, size_t count, bool *there)
{
    char *path = root_path("/etc/default/grub"), *more = root_path("/etc/default/grub.d/*.cfg");
    enum err err = read_grub_file(path, list, count, there);
    glob_t found = {0};

    if (err == OK && glob(more, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc && err == OK; i++)
            err = read_grub_file(found.gl_pathv[i], list, count, there);
    globfree(&found);
    free(more);
    free(path);
    return err;
}

/* ---- what another loader has given ----------------------------------------------------------- */

/* Words that are the loader's own, or said anew. */
static bool is_kept(const char *word)
{
    static const char *const begins[] = {"BOOT_IMAGE=", "initrd=", "root=", "rootflags="};

    for (size_t i = 0; i < ARRAY_LENGTH(begins); i++)
        if (strncmp(word, begins[i], strlen(begins[i])) == 0)
            return false;
    return strcmp(word, "ro") != 0;
}

/* To be freed. */
static char *kept_words(const char *running)
{
    char *line = text_of("%s", ""), *rest = text_of("%s", running), *next = rest;

    for (char *word; (word = strsep(&next, " \n"));)
        if (is_kept(word))
            text_add(&line, " %s", word);
    free(rest);
    return line;
}

/* ---- the line -------------------------------------------------------------------------------- */

static enum err read_text(const char *path, char **text)
{
    char *own = root_path(path);
    struct content content;
    enum err err = file_map_text(own, &content);

    if (err == OK)
        *text = text_of("%.*s", (int)content.size, (const char *)content.bytes);
    free(own);
    return err;
}

/* A file of /proc says that it has no bytes. */
static char *running_options(void)
{
    char *own = root_path("/proc/cmdline"), *line = NULL;
    FILE *file = fopen(own, "re");
    size_t room = 0;

    if (!file || getline(&line, &room, file) < 0) {
        free(line);
        line = text_of("%s", "");
    }
    if (file)
        fclose(file);
    free(own);
    return line;
}

/* root=, ro, then GRUB's own words, as grub-mkconfig has them, or without GRUB those that the
 * running kernel was given: of those that differ the last counts. */
static char *join(const char *root, const char *flags, const struct assignment *grub, size_t count)
{
    char *line = text_of("root=%s", root);

    if (flags)
        text_add(&line, " rootflags=%s", flags);
    text_add(&line, " ro");
    for (size_t i = 0; i < count; i++)
        if (grub[i].value)
            text_add(&line, " %s", grub[i].value);
    return line;
}

static enum err compose(const struct live *live, char **line)
{
    struct assignment grub[] = {{"GRUB_CMDLINE_LINUX", NULL}, {"GRUB_CMDLINE_LINUX_DEFAULT", NULL}};
    char *running = running_options(), *flags = word_of(running, "rootflags="), *root = NULL;
    bool there = false;
    enum err err = read_grub(grub, ARRAY_LENGTH(grub), &there);

    if (err == OK && !there)
        grub[0].value = kept_words(running);
    if (err == OK)
        err = find_root(live, running, &root);
    if (err == OK) {
        char *text = join(root, flags, grub, ARRAY_LENGTH(grub));
        err = one_line("/etc/default/grub", text, line);
        free(text);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(grub); i++)
        free(grub[i].value);
    free(root);
    free(flags);
    free(running);
    return err;
}

static enum err write_options(const struct live *live)
{
    char *path = root_path(OPTIONS), *folder = root_path("/etc/kernel"), *line = NULL;
    enum err err = compose(live, &line);

    if (err == OK)
        err = durable_folder(folder);
    if (err == OK) {
        char *text = text_of("%s\n", line);
        err = durable_write(path, text);
        free(text);
    }
    if (err == OK)
        show(OPTIONS ": written: %s\n", line);
    free(line);
    free(folder);
    free(path);
    return err;
}

enum err boot_options(const struct live *live, char **options)
{
    char *text = NULL;
    enum err err = read_text(OPTIONS, &text);

    if (err == ERR_NOT_FOUND) {
        TRY(write_options(live));
        err = read_text(OPTIONS, &text);
    }
    TRY(err);
    err = one_line(OPTIONS, text, options);
    free(text);
    if (err == OK && !**options)
        err = fail(ERR_FORMAT, OPTIONS ": is empty: it has the options that kernels are booted "
                                       "with, such as root=");
    return err;
}
