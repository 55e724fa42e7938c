/* Which kernels get an entry? */
#include "images/tool/kernels/kernels.h"
#include "common/lib/text.h"
#include "images/tool/host/command.h"
#include "images/tool/host/file.h"
#include "images/tool/host/root.h"
#include "images/tool/host/text.h"
#include "images/tool/kernels/boot_options.h"
#include "images/tool/kernels/entry_folder.h"
#include "images/tool/kernels/entry_text.h"
#include "images/tool/live/machine.h"
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KERNEL "vmlinuz-"

/* It becomes part of a file's name and of a line. */
static enum err check_version(const char *version)
{
    const char *c = version;

    while (isalnum((unsigned char)*c) || (*c && strchr("._+~:-", *c)))
        c++;
    if (c == version || *c || *version == '.')
        return fail(ERR_FORMAT, "`%s` is no kernel's version, such as 6.1.0-50-amd64", version);
    return OK;
}

static enum err put(const struct entry_folder *folder, const char *options, const char *version,
                    const char *image, enum entry_tries tries)
{
    bool left;

    TRY(check_version(version));
    TRY(entry_folder_leave(folder, version, &left));
    if (left)
        return OK;
    char *usual = text_of("/boot/" KERNEL "%s", version), *text = NULL;
    enum err err = entry_text(folder->live, options, version, image ? image : usual, &text);
    if (err == OK)
        err = entry_folder_put(folder, version, text, tries);
    free(text);
    free(usual);
    return err;
}

enum err kernels_add(const struct live *live, const char *version, const char *image)
{
    struct entry_folder folder;
    char *options = NULL;

    TRY(entry_folder_open(live, &folder));
    enum err err = boot_options(live, &options);
    if (err == OK)
        err = put(&folder, options, version, image, TRIES_ANEW);
    free(options);
    entry_folder_close(&folder);
    return err;
}

enum err kernels_remove(const struct live *live, const char *version)
{
    struct entry_folder folder;

    TRY(check_version(version));
    TRY(entry_folder_open(live, &folder));
    enum err err = entry_folder_remove(&folder, version);
    entry_folder_close(&folder);
    return err;
}

enum err kernels_forget(const struct live *live)
{
    struct entry_folder folder;

    TRY(entry_folder_open(live, &folder));
    enum err err = entry_folder_prune(&folder, true);
    if (err == OK)
        err = entry_folder_tidy(&folder);
    entry_folder_close(&folder);
    return err;
}

/* ---- all of /boot ---------------------------------------------------------------------------- */

/* Not what dpkg has not given its name yet; links lead to a kernel that is there by its own name.
 */
static int is_kernel(const struct dirent *file)
{
    return strncmp(file->d_name, KERNEL, strlen(KERNEL)) == 0 && file->d_type != DT_LNK &&
           file->d_type != DT_DIR && !strstr(file->d_name, ".dpkg-") &&
           check_version(file->d_name + strlen(KERNEL)) == OK;
}

static enum err put_all(const struct entry_folder *folder, const char *options)
{
    char *boot = root_path("/boot");
    struct dirent **files;
    int count = scandir(boot, &files, is_kernel, alphasort);
    enum err err = count < 0 ? file_fail(boot) : OK;

    for (int i = 0; i < count; i++) {
        if (err == OK)
            err = put(folder, options, files[i]->d_name + strlen(KERNEL), NULL, TRIES_AS_THEY_ARE);
        free(files[i]);
    }
    if (count >= 0)
        free(files);
    if (count == 0)
        warn("%s: holds no kernel, vmlinuz-VERSION: there is nothing to boot", boot);
    free(boot);
    return err;
}

enum err kernels_refresh(const struct live *live)
{
    struct entry_folder folder;
    char *options = NULL;

    TRY(entry_folder_open(live, &folder));
    enum err err = boot_options(live, &options);
    if (err == OK)
        err = put_all(&folder, options);
    if (err == OK)
        err = entry_folder_prune(&folder, false);
    free(options);
    entry_folder_close(&folder);
    return err;
}
