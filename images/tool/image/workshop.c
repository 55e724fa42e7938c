/* Where is an image made, so that it appears whole or not at all? */
#include "images/tool/image/workshop.h"
#include "images/tool/host/scratch.h"
#include "images/tool/host/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum err refuse_device(const char *output)
{
    struct stat there;

    if (stat(output, &there) != 0 || S_ISREG(there.st_mode) || S_ISDIR(there.st_mode))
        return OK;
    return fail(ERR_UNSUPPORTED,
                "%s: is no file: make the image as a file, then write it there (dd if=FILE of=%s "
                "bs=1M), or put Lintel beside what is there (lintel install)",
                output, output);
}

enum err workshop_open(struct workshop *workshop, const char *output)
{
    int folder = (int)(text_base(output) - output);
    char *named = folder ? text_of("%.*s", folder, output) : text_of(".");
    char *whole = realpath(named, NULL);
    enum err err = refuse_device(output);

    if (err == OK && !whole)
        err = fail(ERR_IO, "%s: %s", named, strerror(errno));
    if (err == OK)
        err = scratch_make(whole, &workshop->folder);
    if (err == ERR_IO)
        err = fail(err, "%s: cannot be made: %s", output, err_message());
    if (err == OK)
        workshop->draft = text_of("%s/draft.img", workshop->folder);
    free(whole);
    free(named);
    return err;
}

enum err workshop_put(const struct workshop *workshop, const char *name,
                      const struct content *content, char **path)
{
    *path = text_of("%s/%s", workshop->folder, name);
    TRY(file_create(*path, 0));
    return file_write_at(*path, 0, content->bytes, content->size);
}

enum err workshop_deliver(const struct workshop *workshop, const char *output)
{
    if (rename(workshop->draft, output) != 0)
        return fail(ERR_IO, "%s: %s", output, strerror(errno));
    return OK;
}
