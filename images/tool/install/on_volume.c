/* What do install and uninstall do on a disk with a FAT volume, and what do they say of it? */
#include "images/tool/install/on_volume.h"
#include "common/lib/mem.h"
#include "images/tool/host/progress.h"
#include "images/tool/image/embedded.h"
#include "images/tool/install/installation.h"
#include "images/tool/install/words.h"
#include <stdio.h>

/* ---- words ----------------------------------------------------------------------------------- */

static void tell_stage(const struct installation *installation)
{
    const struct boot_place *place = &installation->place;

    printf("  BIOS: the second stage goes to LBA %lu, %lu sectors of %u bytes, in %s",
           place->stage.lba, place->sectors, place->stage.sector_bytes, place->where);
    printf(place->number ? " (partition %u).\n" : ".\n", place->number);
    for (uint32_t i = 0; i < place->code_count; i++)
        printf("  BIOS: LBA %lu becomes Lintel's boot sector; its %s stays.\n", place->codes[i].lba,
               place->codes[i].kind == BOOT_SECTOR_MBR ? "partition table"
                                                       : "BIOS Parameter Block");
}

static bool makes(const struct installation *installation, enum item item)
{
    return installation->record.made >> item & 1;
}

/* An image is on no disk yet. */
static void tell_boot_entry(const struct installation *installation)
{
    const char *path = installation->disk.path;

    printf("  UEFI: %s is another loader and stays: choose %s in the firmware's menu",
           item_paths[ITEM_DEFAULT_LOADER], item_paths[ITEM_LOADER]);
    if (installation->home.number)
        printf(
            ", on the machine that starts from it, by\n    efibootmgr --create --disk %s --part %u "
            "--label Lintel --loader '\\EFI\\lintel\\lintelx64.efi'",
            strncmp(path, "/dev/", 5) == 0 ? path : "DISK", installation->home.number);
    puts(".");
}

static void tell_files(const struct installation *installation)
{
    printf("  UEFI: %s on %s.\n", item_paths[ITEM_LOADER], installation_home_name(installation));
    if (installation->default_is_foreign)
        tell_boot_entry(installation);
    else
        printf("  UEFI: %s, %s.\n", item_paths[ITEM_DEFAULT_LOADER],
               makes(installation, ITEM_DEFAULT_LOADER) ? "which firmware starts by itself"
                                                        : "which is Lintel's");
    if (makes(installation, ITEM_PREVIOUS))
        puts("  BIOS: the loader that was in LBA 0 becomes a menu entry.");
    printf("  What is replaced is kept in %s on %s, for `lintel uninstall`.\n",
           item_paths[ITEM_RECORD], installation_home_name(installation));
}

static void tell_entries(const struct installation *installation)
{
    struct fs_entry entry;

    if (fat_find(&installation->home, "/loader/entries", true, &entry) != OK)
        printf("Lintel has no entries on this disk yet: put them into /loader/entries/*.conf on "
               "%s.\n",
               installation_home_name(installation));
}

/* ---- install --------------------------------------------------------------------------------- */

static enum err plan_install(const struct install_request *request,
                             struct installation *installation, bool *nothing_to_do)
{
    enum err err;

    step_begin(request->path, 0);
    TRY(stage_check(&embedded_stage2));
    TRY(installation_open(request->path, !request->dry_run, (uint32_t)request->partition,
                          installation));
    err = installation_find_place(installation, (uint32_t)request->partition);
    *nothing_to_do = installation_is_current(installation);
    if (*nothing_to_do)
        return OK;
    TRY(err);
    TRY(installation_make_base(installation));
    TRY(installation_make_target(installation));
    return installation_plan_writes(installation, false);
}

static enum err write_disk(struct installation *installation)
{
    fflush(stdout);
    step_begin(installation->disk.path, 0);
    TRY(installation_write(installation));
    step_begin(NULL, 0);
    puts("Done: written, and read back.");
    return OK;
}

enum err volume_install(const struct install_request *request)
{
    static struct installation installation;
    bool nothing_to_do;

    TRY(plan_install(request, &installation, &nothing_to_do));
    if (nothing_to_do) {
        step_begin(NULL, 0);
        printf("%s: this Lintel is installed already.\n", request->path);
        return OK;
    }
    tell_disk(&installation.disk, &installation.tables,
              installation.has_record ? "Updating Lintel on" : "Installing Lintel on");
    tell_stage(&installation);
    tell_files(&installation);
    tell_size(&installation.writes);
    if (request->dry_run)
        return OK;
    TRY(write_disk(&installation));
    tell_entries(&installation);
    return OK;
}

/* ---- uninstall ------------------------------------------------------------------------------- */

static enum err plan_uninstall(const struct install_request *request,
                               struct installation *installation)
{
    step_begin(request->path, 0);
    TRY(installation_open(request->path, !request->dry_run, 0, installation));
    if (!installation->has_record)
        return fail(
            ERR_NOT_FOUND,
            "%s: Lintel is not installed: no volume has the file %s, which says what to restore",
            request->path, item_paths[ITEM_RECORD]);
    TRY(installation_make_base(installation));
    installation->target = installation->base;
    return installation_plan_writes(installation, true);
}

static void tell_uninstall(const struct installation *installation)
{
    if (installation->exact)
        puts("  Every sector that was replaced gets its contents back.");
    else
        printf("  Files on %s have changed since: boot sectors and second stage get\n"
               "  their contents back, and Lintel's own files are removed.\n",
               installation_home_name(installation));
    if (installation->foreign)
        puts("  Another loader has been put into the boot sector since: it stays.");
}

enum err volume_uninstall(const struct install_request *request)
{
    static struct installation installation;

    TRY(plan_uninstall(request, &installation));
    tell_disk(&installation.disk, &installation.tables, "Removing Lintel from");
    tell_uninstall(&installation);
    tell_size(&installation.writes);
    if (request->dry_run)
        return OK;
    return write_disk(&installation);
}
