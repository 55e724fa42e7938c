/* A folder beside the output in which an image is made: the output appears whole, under its own
 * name, or not at all. */
#pragma once

#include "images/tool/host/file.h"
#include <stdio.h>

struct draft {
    const char *folder; /* absolute */
    char *path;         /* the image in it */
};

/* ERR_IO: the output's own folder cannot be written to. ERR_UNSUPPORTED: the output is a device, or
 * anything else that a file must not replace; `advice` stands behind the message then. */
enum err draft_open(struct draft *draft, const char *output, const char *advice);

/* Writes bytes to a new file of that name in the draft; *path is to be freed. */
enum err draft_put(const struct draft *draft, const char *name, const struct content *content,
                   char **path);

/* ERR_UNSUPPORTED: the output is a file that was opened to read from, and would be lost. */
enum err draft_check(const char *output);

/* Makes the draft the output. Errors as draft_check(); ERR_IO. */
enum err draft_deliver(const struct draft *draft, const char *output);

/* All of it for an output that is one text, which `write` writes. */
enum err draft_write(const char *output, void (*write)(FILE *file, const void *context),
                     const void *context);
