/* Where is an image made, so that it appears whole or not at all? */
#include "images/tool/host/draft.h"
#include "images/tool/host/scratch.h"
#include "images/tool/host/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum err refuse_device(const char *output, const char *advice)
{
    struct stat there;

    if (stat(output, &there) != 0 || S_ISREG(there.st_mode) || S_ISDIR(there.st_mode))
        return OK;
    return fail(ERR_UNSUPPORTED, "%s: is no file, and is not replaced: name a file%s", output,
                advice);
}

enum err draft_open(struct draft *draft, const char *output, const char *advice)
{
    int folder = (int)(text_base(output) - output);
    char *named = folder ? text_of("%.*s", folder, output) : text_of(".");
    char *whole = realpath(named, NULL);
    enum err err = refuse_device(output, advice);

    if (err == OK && !whole)
        err = fail(ERR_IO, "%s: %s", named, strerror(errno));
    if (err == OK)
        err = scratch_make(whole, &draft->folder);
    if (err == ERR_IO)
        err = fail(err, "%s: cannot be made: %s", output, err_message());
    if (err == OK)
        draft->path = text_of("%s/draft.img", draft->folder);
    free(whole);
    free(named);
    return err;
}

enum err draft_put(const struct draft *draft, const char *name, const struct content *content,
                   char **path)
{
    *path = text_of("%s/%s", draft->folder, name);
    TRY(file_create(*path, 0));
    return file_write_at(*path, 0, content->bytes, content->size);
}

enum err draft_check(const char *output)
{
    return file_was_opened(output)
               ? fail(ERR_UNSUPPORTED, "%s: is one of the files that are read: name another output",
                      output)
               : OK;
}

enum err draft_deliver(const struct draft *draft, const char *output)
{
    TRY(draft_check(output));
    if (rename(draft->path, output) != 0)
        return fail(ERR_IO, "%s: %s", output, strerror(errno));
    return OK;
}

enum err draft_write(const char *output, void (*write)(FILE *file, const void *context),
                     const void *context)
{
    struct draft draft;
    FILE *file;

    TRY(draft_open(&draft, output, ""));
    file = fopen(draft.path, "we");
    if (!file)
        return file_fail(output);
    write(file, context);
    bool failed = ferror(file);
    if (fclose(file) != 0 || failed)
        return file_fail(output);
    return draft_deliver(&draft, output);
}
