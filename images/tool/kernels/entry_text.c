/* What does a kernel's entry say? (UAPI.1) */
#include "images/tool/kernels/entry_text.h"
#include "common/lib/mem.h"
#include "images/tool/host/command.h"
#include "images/tool/host/file.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include "images/tool/kernels/assignments.h"
#include "images/tool/kernels/boot_options.h"
#include "images/tool/live/machine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_there(const char *path)
{
    char *own = root_path(path);
    bool there = access(own, F_OK) == 0;

    free(own);
    return there;
}

/* ---- paths ----------------------------------------------------------------------------------- */

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_boot_on_esp(const struct live *live)
{
    return live->esp.folder[0] && strcmp(live->boot.disk, live->esp.disk) == 0 &&
           live->boot.number == live->esp.number;
}

/* What of its file system is mounted where /boot lies, as "/@" of a subvolume; to be freed. */
static char *mounted_part(const struct live *live)
{
    size_t length = strlen(live->boot_prefix);

    if (strcmp(live->boot.folder, "/") == 0)
        length -= strlen("/boot");
    return text_of("%.*s", (int)length, live->boot_prefix);
}

/* The folder that a file system is mounted on, without the last /. */
static const char *mount_folder(const struct live_mount *mount)
{
    return strcmp(mount->folder, "/") == 0 ? "" : mount->folder;
}

/* A file's path from the root of the file system with /boot, as an entry names it; to be freed.
 * Entries on the EFI system partition say which file system they mean: the firmware reads FAT only,
 * Lintel any. */
static char *path_in_entry(const struct live *live, const char *file)
{
    char *part = mounted_part(live);
    const char *own = file + strlen(mount_folder(&live->boot));
    char *path = live->uefi && !is_boot_on_esp(live)
                     ? text_of("UUID=%s:%s%s", live->boot_uuid, part, own)
                     : text_of("%s%s", part, own);

    free(part);
    return path;
}

char *entry_path_here(const struct live *live, const char *path)
{
    bool on_boot = !live->uefi || is_boot_on_esp(live);
    char *named = text_of("UUID=%s:", live->boot_uuid), *part, *here = NULL;

    if (starts(path, named)) {
        path += strlen(named);
        on_boot = true;
    }
    part = on_boot ? mounted_part(live) : text_of("%s", "");
    if (*path == '/' && starts(path, part))
        here =
            text_of("%s%s", mount_folder(on_boot ? &live->boot : &live->esp), path + strlen(part));
    free(part);
    free(named);
    return here;
}

/* Files on another file system than /boot can't be named. */
static enum err check_place(const struct live *live, const char *file)
{
    char *boot = root_path("/boot"), *own = root_path(file);
    struct stat wanted, found;
    bool same;

    enum err err = stat(boot, &wanted) != 0 ? file_fail(boot)
                   : stat(own, &found) != 0 ? file_fail(own)
                                            : OK;
    same = err == OK && wanted.st_dev == found.st_dev && starts(file, live->boot.folder);
    if (err == OK && !same)
        err = fail(ERR_UNSUPPORTED,
                   "%s: does not lie on the file system with /boot: copy the kernel to "
                   "/boot/vmlinuz-VERSION",
                   file);
    free(own);
    free(boot);
    return err;
}

/* ---- lines ----------------------------------------------------------------------------------- */

enum { PRETTY_NAME, IMAGE_ID, ID, OS_NAMES };

/* A file that can't be read costs a name, not the entry. */
static void read_os_release(struct assignment names[OS_NAMES])
{
    static const char *const files[] = {"/etc/os-release", "/usr/lib/os-release"};
    enum err err = ERR_NOT_FOUND;

    for (size_t i = 0; i < ARRAY_LENGTH(files) && err == ERR_NOT_FOUND; i++) {
        char *own = root_path(files[i]);
        err = assignments_read(own, names, OS_NAMES);
        free(own);
    }
    if (err != OK)
        warn("%s: the entries are called Linux", err_message());
}

/* A name from outside, as one line; nothing where it can't be one. */
static void add_line(char **text, const char *key, const char *value)
{
    char *line = NULL;

    if (value && one_line("os-release", value, &line) == OK && *line)
        text_add(text, "%-10s %s\n", key, line);
    free(line);
}

static void add_names(char **text, const char *version)
{
    struct assignment names[OS_NAMES] = {{"PRETTY_NAME", NULL}, {"IMAGE_ID", NULL}, {"ID", NULL}};

    read_os_release(names);
    add_line(text, "title", names[PRETTY_NAME].value ? names[PRETTY_NAME].value : "Linux");
    add_line(text, "version", version);
    add_line(text, "sort-key",
             names[IMAGE_ID].value ? names[IMAGE_ID].value
             : names[ID].value     ? names[ID].value
                                   : "linux");
    for (size_t i = 0; i < OS_NAMES; i++)
        free(names[i].value);
}

static void add_machine_id(char **text)
{
    char *own = root_path("/etc/machine-id"), id[33] = "";
    FILE *file = fopen(own, "re");

    if (file && fgets(id, sizeof id, file) && strspn(id, "0123456789abcdef") == 32)
        text_add(text, "%-10s %s\n", "machine-id", id);
    if (file)
        fclose(file);
    free(own);
}

/* As Debian and as Fedora call it. */
static bool add_initrd(char **text, const struct live *live, const char *version)
{
    static const char *const names[][2] = {{"initrd.img-", ""}, {"initramfs-", ".img"}};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        char *file = text_of("/boot/%s%s%s", names[i][0], version, names[i][1]);
        char *path = is_there(file) ? path_in_entry(live, file) : NULL;
        if (path)
            text_add(text, "%-10s %s\n", "initrd", path);
        free(path);
        free(file);
        if (path)
            return true;
    }
    return false;
}

/* A kernel alone finds no file system by its name. */
static void warn_of_root(const char *version, const char *options)
{
    if (strstr(options, "root=UUID=") || strstr(options, "root=LABEL="))
        warn("/boot/initrd.img-%s: is not there, and without it the kernel does not find the root "
             "file system of its options, %s: make it (update-initramfs -c -k %s)",
             version, options, version);
}

enum err entry_text(const struct live *live, const char *options, const char *version,
                    const char *image, char **text)
{
    TRY(check_place(live, image));
    char *path = path_in_entry(live, image);

    *text = text_of(ENTRY_MARK ", which writes it again: options go to /etc/kernel/cmdline.\n");
    add_names(text, version);
    add_machine_id(text);
    text_add(text, "%-10s %s\n", "linux", path);
    if (!add_initrd(text, live, version))
        warn_of_root(version, options);
    text_add(text, "%-10s %s\n", "options", options);
    free(path);
    return OK;
}
