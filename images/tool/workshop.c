#include "workshop.h"
#include "text.h"
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum err workshop_open(struct workshop *workshop, const char *output)
{
    int folder = (int)(text_base(output) - output);
    char *named = folder ? text_of("%.*s", folder, output) : text_of(".");
    char *whole = realpath(named, NULL);

    if (whole)
        workshop->folder = text_of("%s/.lintel-XXXXXX", whole);
    enum err err = OK;
    if (!whole || !mkdtemp(workshop->folder))
        err = fail(ERR_IO, "%s: cannot be made in %s: %s", output, named, strerror(errno));
    else
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

void workshop_close(struct workshop *workshop)
{
    DIR *folder = workshop->draft ? opendir(workshop->folder) : NULL;
    for (struct dirent *file; folder && (file = readdir(folder));)
        unlinkat(dirfd(folder), file->d_name, 0);
    if (folder)
        closedir(folder);
    if (workshop->draft)
        rmdir(workshop->folder);
    free(workshop->folder);
    free(workshop->draft);
    *workshop = (struct workshop){0};
}
