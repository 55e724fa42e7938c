/* A folder beside the output in which an image is made: the output appears whole, under its own
 * name, or not at all. */
#ifndef LINTEL_TOOL_IMAGE_WORKSHOP_H
#define LINTEL_TOOL_IMAGE_WORKSHOP_H

#include "images/tool/host/file.h"

struct workshop {
    const char *folder; /* absolute */
    char *draft;        /* the image in it */
};

/* ERR_IO: the output's own folder cannot be written to. ERR_UNSUPPORTED: the output is a device, or
 * anything else that a file must not replace. */
enum err workshop_open(struct workshop *workshop, const char *output);

/* Writes bytes to a new file of that name in the workshop; *path is to be freed. */
enum err workshop_put(const struct workshop *workshop, const char *name,
                      const struct content *content, char **path);

/* Makes the draft the output. */
enum err workshop_deliver(const struct workshop *workshop, const char *output);

#endif
