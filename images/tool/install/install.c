/* What do `lintel install` and `lintel uninstall` do, and what do they say of it? */
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "images/tool/host/command.h"
#include "images/tool/host/progress.h"
#include "images/tool/image/embedded.h"
#include "images/tool/install/installation.h"
#include <stdio.h>

#define OPTION_PARTITION (OPTION_LONG + 0)
#define OPTION_DRY_RUN   (OPTION_LONG + 1)

struct request {
    const char *path;
    uint64_t partition;
    bool dry_run;
};

static enum err take_option(void *context, int key, const char *value)
{
    struct request *request = context;

    if (key == OPTION_DRY_RUN)
        request->dry_run = true;
    if (key != OPTION_PARTITION)
        return OK;
    TRY(parse_number("--partition", value, UINT32_MAX, &request->partition));
    return request->partition ? OK : fail(ERR_FORMAT, "--partition: partitions count from 1");
}

static void parse(const struct syntax *syntax, int argc, char **argv, struct request *request)
{
    int next = options_parse(syntax, argc, argv, take_option, request);

    if (argc - next != 1)
        options_refuse(syntax, argc == next ? "which disk or image?" : "one disk or image only");
    request->path = argv[next];
}

static void put(char c)
{
    fputc(c, stderr);
}

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

static void tell_files(const struct installation *installation)
{
    printf("  UEFI: %s on %s.\n", item_paths[ITEM_LOADER], installation_home_name(installation));
    if (installation->default_is_foreign)
        printf("  UEFI: %s is another loader and stays: choose %s in the firmware's menu "
               "(efibootmgr --create --loader '\\EFI\\lintel\\lintelx64.efi').\n",
               item_paths[ITEM_DEFAULT_LOADER], item_paths[ITEM_LOADER]);
    else
        printf("  UEFI: %s, %s.\n", item_paths[ITEM_DEFAULT_LOADER],
               makes(installation, ITEM_DEFAULT_LOADER) ? "which firmware starts by itself"
                                                        : "which is Lintel's");
    printf("  What is replaced is kept in %s on %s, for `lintel uninstall`.\n",
           item_paths[ITEM_RECORD], installation_home_name(installation));
}

static void tell_size(const struct installation *installation)
{
    uint64_t bytes = writes_bytes(&installation->writes);

    printf("  %lu KiB are written in %lu step%s.\n", (bytes + KIB - 1) / KIB,
           installation->writes.count, text_plural(installation->writes.count));
}

static void tell_disk(const struct installation *installation, const char *verb)
{
    static const char *const tables[] = {
        [LINTEL_PARTITIONING_NONE] = "no partition table",
        [LINTEL_PARTITIONING_MBR] = "an MBR",
        [LINTEL_PARTITIONING_GPT] = "a GPT",
    };

    step_begin(NULL, 0);
    printf("%s %s (%lu MiB, %s):\n", verb, installation->disk.path, installation->disk.bytes / MIB,
           tables[installation->tables.partitioning]);
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

static enum err plan_install(const struct request *request, struct installation *installation,
                             bool *nothing_to_do)
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

static enum err install(const struct request *request)
{
    static struct installation installation;
    bool nothing_to_do;

    TRY(plan_install(request, &installation, &nothing_to_do));
    if (nothing_to_do) {
        step_begin(NULL, 0);
        printf("%s: this Lintel is installed already.\n", request->path);
        return OK;
    }
    tell_disk(&installation,
              installation.has_record ? "Updating Lintel on" : "Installing Lintel on");
    tell_stage(&installation);
    tell_files(&installation);
    tell_size(&installation);
    if (request->dry_run)
        return OK;
    TRY(write_disk(&installation));
    tell_entries(&installation);
    return OK;
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
    .operands = "DEVICE-OR-IMAGE [OPTION]...",
    .purpose =
        "Puts Lintel on a disk or an image of one, beside what is there: partition table, file\n"
        "systems and all files stay. On BIOS it takes the place of the loader in the first\n"
        "sector; on UEFI it stands beside others.",
    .options = install_options,
    .notes =
        "At any moment, also when the power fails, the disk boots the old loader or the new one;\n"
        "then install again, or uninstall. Installing again updates. `lintel uninstall` restores\n"
        "the disk.",
};

int command_install(int argc, char **argv)
{
    struct request request = {0};

    parse(&install_syntax, argc, argv, &request);
    log_attach(put);
    return command_end(install(&request));
}

/* ---- uninstall ------------------------------------------------------------------------------- */

static enum err plan_uninstall(const struct request *request, struct installation *installation)
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

static enum err uninstall(const struct request *request)
{
    static struct installation installation;

    TRY(plan_uninstall(request, &installation));
    tell_disk(&installation, "Removing Lintel from");
    tell_uninstall(&installation);
    tell_size(&installation);
    if (request->dry_run)
        return OK;
    return write_disk(&installation);
}

static const struct option_row uninstall_options[] = {
    {OPTION_DRY_RUN, "dry-run", NULL, "say what would be done, and do nothing"},
    {0},
};

static const struct syntax uninstall_syntax = {
    .command = "uninstall",
    .operands = "DEVICE-OR-IMAGE [OPTION]...",
    .purpose =
        "Restores what `lintel install` replaced. Where nothing else has changed since, the disk\n"
        "is byte for byte what it was.",
    .options = uninstall_options,
};

int command_uninstall(int argc, char **argv)
{
    struct request request = {0};

    parse(&uninstall_syntax, argc, argv, &request);
    log_attach(put);
    return command_end(uninstall(&request));
}
