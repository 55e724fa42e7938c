/* What of a running machine's installation has somebody taken away since? */
#include "common/lib/mem.h"
#include "images/tool/host/root.h"
#include "images/tool/steer/status.h"
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

/* Of a pattern: any file that it fits. */
static bool is_there(const char *path, int how)
{
    char *own = root_path(path);
    glob_t found = {0};
    bool there = glob(own, GLOB_NOSORT, NULL, &found) == 0 && access(found.gl_pathv[0], how) == 0;

    globfree(&found);
    free(own);
    return there;
}

/* Of a system that has the first file, the second has to be there. */
static const struct {
    const char *where, *path, *what;
    int how;
} parts[] = {
    {"/etc/debian_version", "/etc/kernel/postinst.d/zz-lintel", "a new kernel gets no entry", X_OK},
    {"/etc/debian_version", "/etc/kernel/postrm.d/zz-lintel", "the entry of a removed kernel stays",
     X_OK},
    {"/etc/debian_version", "/etc/initramfs/post-update.d/lintel",
     "a new initramfs is not booted on trial", X_OK},
    {"/run/systemd/system", "/etc/systemd/system/*/lintel-bless.service",
     "nothing calls a kernel good: it loses its tries", F_OK},
};

void status_health(const struct steering *steering)
{
    if (!steering->live || !is_there("/var/lib/lintel/undo*", F_OK))
        return;
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        if (is_there(parts[i].where, F_OK) && !is_there(parts[i].path, parts[i].how))
            status_wrong("%s is missing: %s: install the package lintel again", parts[i].path,
                         parts[i].what);
}
