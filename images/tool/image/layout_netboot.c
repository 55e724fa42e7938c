/* A folder for a TFTP or HTTP server. BIOS machines ask for lintel.pxe, UEFI machines for
 * EFI/BOOT/BOOTX64.EFI; all other paths count from the same folder. What else lies in it stays. */
#include "common/lib/mem.h"
#include "images/tool/host/progress.h"
#include "images/tool/host/text.h"
#include "images/tool/image/embedded.h"
#include "images/tool/image/image.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static enum err make_folder(const char *output, const char *path)
{
    char *folder = text_of("%s%s", output, path);
    enum err err = OK;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        err = fail(ERR_IO, "%s: %s", folder, strerror(errno));
    free(folder);
    return err;
}

static enum err make_folders(const struct image *image)
{
    char **folders = tree_folders(&image->tree);
    enum err err = make_folder(image->output, "");
    for (char **folder = folders; *folder; free(*folder++))
        if (err == OK)
            err = make_folder(image->output, *folder);
    free(folders);
    return err;
}

/* A server may be reading: each file is replaced at once. */
static enum err put_file(const struct image *image, const struct tree_file *file)
{
    char *draft, *target = text_of("%s%s", image->output, file->path);
    enum err err = draft_put(&image->draft, "draft", &file->content, &draft);
    if (err == OK && rename(draft, target) != 0)
        err = fail(ERR_IO, "%s: %s", target, strerror(errno));
    free(draft);
    free(target);
    return err;
}

/* The network's first stage, which PXE loads in one piece with the second. */
static enum err add_bootstrap(struct image *image)
{
    uint64_t size = embedded_boot_pxe.size + image->stage.size;
    uint8_t *bytes = malloc(size);
    if (!bytes)
        abort();
    memcpy(bytes, embedded_boot_pxe.bytes, embedded_boot_pxe.size);
    memcpy(bytes + embedded_boot_pxe.size, image->stage.bytes, image->stage.size);
    const struct content content = {bytes, size};
    enum err err = tree_add(&image->tree, "/lintel.pxe", &content);
    free(bytes);
    return err;
}

static enum err make_netboot(struct image *image)
{
    uint64_t done = 0;
    TRY(add_bootstrap(image));
    TRY(make_folders(image));
    for (size_t i = 0; i < image->tree.count; i++) {
        TRY(put_file(image, &image->tree.files[i]));
        step_show(done += image->tree.files[i].content.size);
    }
    return OK;
}

const struct layout layout_netboot = {.name = "netboot",
                                      .small = true,
                                      .fixed_size = true,
                                      .fixed_sectors = true,
                                      .is_folder = true,
                                      .make = make_netboot};
