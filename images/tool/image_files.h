/* Which files go onto an image, as its maker wishes. */
#ifndef LINTEL_TOOL_IMAGE_FILES_H
#define LINTEL_TOOL_IMAGE_FILES_H

#include "image.h"

enum addition_kind { ADD_MODULE, ADD_INITRD, ADD_ENTRY, ADD_FILE };

struct addition {
    enum addition_kind kind;
    const char *value; /* FILE, or FILE=NAME */
};

#define ADDITIONS_MAX 256

struct wishes {
    const char *kernel, *cmdline, *title; /* NULL: none */
    const char *loader_conf;              /* a file; NULL: the kernel boots at once */
    struct addition additions[ADDITIONS_MAX];
    size_t addition_count;
};

/* Fills the image's tree: the loader, the kernel with its entry, and what else was wished for. The
 * kernel has to be one that the loader boots: errors as kernel_file_open() and elf_parse(). */
enum err image_add_files(struct image *image, const struct layout *layout,
                         const struct wishes *wishes);

#endif
