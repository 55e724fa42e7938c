/* What do `lintel install` and `lintel uninstall` do? */
#include "common/lib/log.h"
#include "images/tool/host/command.h"
#include "images/tool/host/progress.h"
#include "images/tool/host/root.h"
#include "images/tool/install/on_volume.h"
#include "images/tool/kernels/kernels.h"
#include "images/tool/live/area.h"
#include "images/tool/live/area_words.h"
#include "images/tool/live/boot_config.h"
#include "images/tool/live/boot_volume.h"
#include "images/tool/live/esp.h"
#include "images/tool/live/machine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct live live;
static struct disk_image disk;
static struct area area;

/* ---- the disk of the running system ---------------------------------------------------------- */

static bool is_same(const char *path, const char *other)
{
    struct stat one, two;

    if (stat(path, &one) != 0 || stat(other, &two) != 0)
        return false;
    if (S_ISBLK(one.st_mode) && S_ISBLK(two.st_mode))
        return one.st_rdev == two.st_rdev;
    return one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* Is it what the running system boots from? Where no disk is named, that is the one. */
static enum err find_live(const struct install_request *request, bool *in_use)
{
    enum err err = live_find(&live);
    char *own = root_path(live.disk);

    *in_use = !request->path || (err == OK && is_same(request->path, own));
    free(own);
    return *in_use ? err : OK;
}

static enum err refuse_partition(const struct install_request *request)
{
    return request->partition
               ? fail(ERR_UNSUPPORTED, "--partition: is for disks that are not in use")
               : OK;
}

static enum err open_live(const struct install_request *request)
{
    static char *path;

    TRY(refuse_partition(request));
    if (live.boot.read_only)
        return fail(ERR_UNSUPPORTED,
                    "%s: can't be written to (its switch, or `blockdev --setrw %s`)", live.disk,
                    live.disk);
    free(path);
    path = root_path(live.disk);
    TRY(disk_image_open_used(path, !request->dry_run, &disk));
    return area_open(&disk, &area);
}

static enum err write_area(void)
{
    fflush(stdout);
    step_begin(disk.path, 0);
    TRY(area_write(&area));
    step_begin(NULL, 0);
    puts("Done: written, and read back.");
    return OK;
}

/* ---- install --------------------------------------------------------------------------------- */

/* The entries are there before anything leads to Lintel. */
static enum err install_live(const struct install_request *request)
{
    const struct volume *boot;
    enum area_step step;

    TRY(open_live(request));
    TRY(boot_volume_of(&live, &area, &boot));
    TRY(area_plan_install(&area, boot, &step));
    area_tell_install(&area, step, boot, true);
    if (request->dry_run)
        return OK;
    TRY(undo_keep(&area.undo, area.previous));
    TRY(boot_config_write(&live));
    TRY(kernels_refresh(&live));
    return area.writes.count ? write_area() : OK;
}

/* The same on a UEFI machine. */
static enum err install_esp(const struct install_request *request)
{
    TRY(refuse_partition(request));
    TRY(esp_install(&live, request->dry_run));
    if (request->dry_run)
        return OK;
    TRY(boot_config_write(&live));
    TRY(kernels_refresh(&live));
    return esp_enter(&live);
}

static enum err install_area(const struct install_request *request, const struct volume *boot)
{
    enum area_step step;

    TRY(area_plan_install(&area, boot, &step));
    area_tell_install(&area, step, boot, false);
    return request->dry_run || !area.writes.count ? OK : write_area();
}

/* A disk without a FAT volume has no place for UEFI files; but a BIOS can boot it. */
static enum err install(const struct install_request *request)
{
    const struct volume *boot = NULL;
    bool in_use;

    TRY(find_live(request, &in_use));
    if (in_use)
        return live.uefi ? install_esp(request) : install_live(request);
    TRY(disk_image_open(request->path, !request->dry_run, &disk));
    TRY(area_open(&disk, &area));
    if (!request->partition)
        boot = boot_volume_find(&area);
    if (boot)
        return install_area(request, boot);
    disk_image_close(&disk);
    return volume_install(request);
}

/* ---- uninstall ------------------------------------------------------------------------------- */

/* Where the record or the first sector that it kept is lost, there is the copy. */
static enum err use_copy(void)
{
    struct undo undo;
    uint8_t previous[AREA_SECTOR_USED];
    enum err err = undo_find_kept(&undo, previous);

    if (err == OK && undo.sector_bytes == disk.disk.sector_bytes)
        area_use_copy(&area, &undo, previous);
    if (area.installed)
        return OK;
    return fail(err == OK ? ERR_NOT_FOUND : err, "%s: Lintel is not installed: %s", disk.path,
                err == ERR_FORMAT ? err_message()
                                  : "its record is neither there nor in " UNDO_FILE);
}

static enum err uninstall_area(const struct install_request *request)
{
    TRY(area_plan_uninstall(&area));
    area_tell_uninstall(&area);
    return request->dry_run ? OK : write_area();
}

static enum err uninstall_live(const struct install_request *request)
{
    TRY(open_live(request));
    TRY(use_copy());
    TRY(uninstall_area(request));
    if (request->dry_run)
        return OK;
    TRY(kernels_forget(&live));
    TRY(boot_config_remove(&live));
    return undo_forget();
}

/* The firmware starts the other loader before anything goes that Lintel needs. */
static enum err uninstall_esp(const struct install_request *request)
{
    TRY(esp_leave(&live, request->dry_run));
    if (request->dry_run)
        return OK;
    TRY(kernels_forget(&live));
    TRY(boot_config_remove(&live));
    return esp_uninstall(&live);
}

static enum err uninstall(const struct install_request *request)
{
    bool in_use;

    TRY(find_live(request, &in_use));
    if (in_use)
        return live.uefi ? uninstall_esp(request) : uninstall_live(request);
    TRY(disk_image_open(request->path, !request->dry_run, &disk));
    TRY(area_open(&disk, &area));
    if (area.installed)
        return uninstall_area(request);
    disk_image_close(&disk);
    return volume_uninstall(request);
}

/* ---- command lines --------------------------------------------------------------------------- */

#define OPTION_PARTITION (OPTION_LONG + 0)
#define OPTION_DRY_RUN   (OPTION_LONG + 1)

static enum err take_option(void *context, int key, const char *value)
{
    struct install_request *request = context;

    if (key == OPTION_DRY_RUN)
        request->dry_run = true;
    if (key != OPTION_PARTITION)
        return OK;
    TRY(parse_number("--partition", value, UINT32_MAX, &request->partition));
    return request->partition ? OK : fail(ERR_FORMAT, "--partition: partitions count from 1");
}

static void put(char c)
{
    fputc(c, stderr);
}

static void begin(const struct syntax *syntax, int argc, char **argv,
                  struct install_request *request)
{
    int next = options_parse(syntax, argc, argv, take_option, request);

    if (argc - next > 1)
        options_refuse(syntax, "one disk or image only");
    request->path = argv[next];
    log_attach(put);
    step_begin(request->path ? request->path : "the disk of this system", 0);
}

static const struct option_row install_options[] = {
    {OPTION_PARTITION, "partition", "N",
     "put the second stage into partition N: a BIOS boot partition, or a\n"
     "FAT volume with reserved sectors enough"},
    {OPTION_DRY_RUN, "dry-run", NULL, "say what would be done, and do nothing"},
    {0},
};

static const struct syntax install_syntax = {
    .command = "install",
    .operands = "[DEVICE-OR-IMAGE] [OPTION]...",
    .purpose =
        "Puts Lintel on the disk that the running system boots from, or on another disk or an\n"
        "image of one, beside what is there: partition table, file systems and all files stay.\n"
        "On BIOS it takes the place of the loader in the first sector; on UEFI it stands beside\n"
        "others.",
    .options = install_options,
    .notes =
        "At any moment, also when the power fails, the disk boots the old loader or the new one;\n"
        "then install again, or uninstall. Installing again updates: on the running system's disk\n"
        "the new loader is on trial until `lintel bless`. `lintel uninstall` restores the disk.",
};

int command_install(int argc, char **argv)
{
    struct install_request request = {0};

    begin(&install_syntax, argc, argv, &request);
    return command_end(install(&request));
}

static const struct option_row uninstall_options[] = {
    {OPTION_DRY_RUN, "dry-run", NULL, "say what would be done, and do nothing"},
    {0},
};

static const struct syntax uninstall_syntax = {
    .command = "uninstall",
    .operands = "[DEVICE-OR-IMAGE] [OPTION]...",
    .purpose =
        "Restores what `lintel install` replaced. Where nothing else has changed since, the disk\n"
        "is byte for byte what it was; a file system that was in use keeps its new times.",
    .options = uninstall_options,
};

int command_uninstall(int argc, char **argv)
{
    struct install_request request = {0};

    begin(&uninstall_syntax, argc, argv, &request);
    return command_end(uninstall(&request));
}
