/* Which files go onto an image, as its maker asks for them. */
#pragma once

#include "images/tool/image/image.h"

#define ENTRIES_PATH "/loader/entries/"
#define KEYMAPS_PATH "/loader/keymaps/"
#define OWN_ENTRY    "lintel.conf" /* of --kernel */

enum addition_kind { ADD_MODULE, ADD_INITRD, ADD_ENTRY, ADD_FILE };

struct addition {
    enum addition_kind kind;
    const char *value; /* FILE, or FILE=NAME */
};

#define ADDITIONS_MAX 256

struct image_request {
    const char *kernel, *cmdline, *title; /* NULL: none */
    const char *loader_conf;              /* a file; NULL: the kernel boots at once */
    const char *keymap;                   /* a keyboard layout (keyboard.h); NULL: a US one */
    struct addition additions[ADDITIONS_MAX];
    size_t addition_count;
};

/* Fills the image's tree: the loader, the kernel with its entry, and what else was asked for. */
enum err image_add_files(struct image *image, const struct layout *layout,
                         const struct image_request *request);

/* Would the loader boot the entries, and one of them by itself (image_check.c)? The message is its
 * own. Of a further entry and of loader.conf it is only a warning: what they name may come later.
 */
enum err image_check(struct tree *tree);
