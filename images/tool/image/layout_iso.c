/* A CD that also boots as a disk: ISO 9660 with Rock Ridge and Joliet names, made by xorriso. BIOS
 * starts Lintel's first sector by El Torito without emulation; UEFI an image of a small FAT volume
 * with the application, which is the EFI system partition as well when the same bytes lie on a
 * disk. The first sector of the disk is Lintel's, too. */
#include "common/lib/mem.h"
#include "images/tool/host/program.h"
#include "images/tool/host/text.h"
#include "images/tool/image/boot_sector.h"
#include "images/tool/image/embedded.h"
#include "images/tool/image/fat_volume.h"
#include "images/tool/image/image.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CD_SECTOR_BYTES 2048
#define FIRST_PATH      "/lintel/cd.bin" /* the first sector as El Torito wants it */
#define MBR_SIGNATURE   0x1b8

/* ---- making the file system ------------------------------------------------------------------ */

static enum err make_efi_image(const struct image *image, const char *path)
{
    struct tree tree = {.draft = &image->draft};
    uint64_t bytes = align_up(image->application.size, 256 * KIB) + 256 * KIB;
    const struct fat_volume volume = {
        .path = path,
        .sectors = bytes / BOOT_SECTOR_BYTES,
        .sector_bytes = BOOT_SECTOR_BYTES,
        .bits = 12,
        .reserved = fat_own_sectors(12),
        .serial = identity_serial(&image->identity, "EFI system"),
    };

    TRY(tree_add(&tree, "/EFI/BOOT/BOOTX64.EFI", &image->application));
    TRY(file_create(path, bytes));
    return fat_make(&volume, &tree);
}

static void add_escaped(char **text, const char *path)
{
    for (; *path; path++)
        text_add(text, *path == '=' || *path == '\\' ? "\\%c" : "%c", *path);
}

/* A draft by its last name: a line of the list ends at a line end, also of a folder's name. */
static const char *source_of(const struct image *image, const struct tree_file *file)
{
    size_t length = strlen(image->draft.folder);
    bool draft = strncmp(file->host, image->draft.folder, length) == 0 && file->host[length] == '/';

    return draft ? file->host + length + 1 : file->host;
}

/* What goes where, as mkisofs's -graft-points tells it: PATH=HOST, a line each. */
static enum err write_list(const struct image *image, char **path)
{
    char *list = NULL;
    for (size_t i = 0; i < image->tree.count; i++) {
        add_escaped(&list, image->tree.files[i].path);
        text_add(&list, "=");
        add_escaped(&list, source_of(image, &image->tree.files[i]));
        text_add(&list, "\n");
    }
    struct content content = {(const uint8_t *)list, list ? strlen(list) : 0};
    enum err err = draft_put(&image->draft, "list", &content, path);
    free(list);
    return err;
}

/* xorriso takes the dates of the volume itself from SOURCE_DATE_EPOCH. */
static enum err run_xorriso(const struct image *image, const char *list, const char *efi_image)
{
    char *dates = text_of("=%s", getenv("SOURCE_DATE_EPOCH"));
    enum err err =
        RUN("xorriso", "-as", "mkisofs", "-quiet", "-o", text_base(image->draft.path), "-V",
            "LINTEL", "-r", "-J", "-joliet-long", "--set_all_file_dates", dates, "-c",
            "/lintel/boot.cat", "-b", FIRST_PATH, "-no-emul-boot", "-boot-load-size", "4",
            "-eltorito-alt-boot", "-append_partition", "2", "0xef", text_base(efi_image), "-e",
            "--interval:appended_partition_2:all::", "-no-emul-boot", "-graft-points", "-path-list",
            text_base(list));
    free(dates);
    return err;
}

static enum err make_disc(struct image *image)
{
    char *efi_image = text_of("%s/efi.img", image->draft.folder), *list = NULL;
    enum err err = make_efi_image(image, efi_image);

    if (err == OK)
        err = tree_add(&image->tree, FIRST_PATH, &embedded_boot);
    if (err == OK)
        err = write_list(image, &list);
    if (err == OK)
        err = run_xorriso(image, list, efi_image);
    if (err == OK)
        err = tree_verify(&image->tree, image->draft.path, 0, CD_SECTOR_BYTES);
    free(efi_image);
    free(list);
    return err;
}

/* ---- making it boot -------------------------------------------------------------------------- */

/* The first sector of a file, in sectors of 2,048 bytes. */
static enum err find_file(const struct image *image, const char *path, uint64_t *lba)
{
    char *output;
    unsigned long found;

    TRY(program_read((const char *const[]){"xorriso", "-indev", text_base(image->draft.path),
                                           "-find", path, "-exec", "report_lba", NULL},
                     NULL, &output));
    const char *line = strstr(output, "File data lba:");
    bool good = line && sscanf(line, "File data lba: %*u , %lu ,", &found) == 1;
    free(output);
    if (!good)
        return fail(ERR_IO, "xorriso does not tell where it has put %s", path);
    *lba = found;
    return OK;
}

/* The disc is read in sectors of 2,048 bytes from a CD drive, of 512 from any other. */
static enum err install(struct image *image)
{
    const char *disc = image->draft.path;
    uint32_t signature = identity_serial(&image->identity, "disk");
    uint64_t stage, first;
    TRY(find_file(image, STAGE_PATH, &stage));
    TRY(find_file(image, FIRST_PATH, &first));
    const struct stage_place on_cd = {stage, CD_SECTOR_BYTES},
                             on_disk = {stage * CD_SECTOR_BYTES / BOOT_SECTOR_BYTES,
                                        BOOT_SECTOR_BYTES};
    TRY(image_tell_stage(image, &on_cd, 0, 0));
    TRY(file_write_at(disc, stage * CD_SECTOR_BYTES, image->stage.bytes, STAGE_HEADER_BYTES));
    TRY(boot_sector_install(disc, first * CD_SECTOR_BYTES, BOOT_SECTOR_MBR, &image->stage, &on_cd));
    TRY(file_write_at(disc, MBR_SIGNATURE, &signature, sizeof signature));
    return boot_sector_install(disc, 0, BOOT_SECTOR_MBR, &image->stage, &on_disk);
}

static enum err make_iso(struct image *image)
{
    TRY(make_disc(image));
    return install(image);
}

const struct layout layout_iso = {
    .name = "iso", .fixed_sectors = true, .fixed_size = true, .make = make_iso};
