/* How does a protocol open the files that an entry names beside the kernel? */
#include "common/attempt/attempt.h"

enum err attempt_open_files(struct attempt *attempt, const char *key, const struct entry_file *list,
                            struct file *files)
{
    for (; list; list = list->next)
        if (attempt->open_file(attempt, list->path, files++) != OK)
            return fail(ERR_NOT_FOUND, "%s: %s", key, err_message());
    return OK;
}
