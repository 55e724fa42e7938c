/* Whose are the first sector and the boot order, and which versions of Lintel lie there? */
#include "images/tool/steer/status.h"
#include "images/tool/live/area.h"
#include "images/tool/live/owner.h"

static const char *compare(bool own)
{
    return own ? ", the one in this tool" : "";
}

static void show_stage(const struct steering *steering, const char *key,
                       const struct stage_found *stage)
{
    uint32_t sector_bytes = steering->disk.disk.sector_bytes;

    status_line(key, "Lintel %s%s: %lu bytes at LBA %lu%s", stage->version, compare(stage->own),
                stage->bytes, stage->offset / sector_bytes, stage->sound ? "" : "; damaged");
}

static void show_other_slot(const struct steering *steering, const struct area *area)
{
    uint32_t sector_bytes = steering->disk.disk.sector_bytes;
    struct stage_found slot;

    for (int i = 0; i < UNDO_SLOTS; i++)
        if (i != area->active &&
            stage_look(&steering->disk, undo_slot(&area->undo, i) * sector_bytes, &slot))
            show_stage(steering, "other slot:", &slot);
}

static void show_trial(const struct area *area)
{
    static const char *const words[] = {
        [TRIAL_WAITS] = "pending: the next start tries the other slot, once",
        [TRIAL_RUNS] = "started: `lintel bless` keeps it, without that the next start is by the "
                       "loader before",
        [TRIAL_FAILED] = "failed: the new Lintel has not started this machine",
    };
    enum area_trial trial = area_trial(area);

    if (trial != TRIAL_NONE)
        status_line("trial:", "%s", words[trial]);
    if (trial == TRIAL_FAILED)
        status_wrong("%s: `lintel bless` ends the trial", words[trial]);
}

/* Of an installation in the gap or BIOS boot partition. */
static void show_area(const struct steering *steering)
{
    static struct area area;

    if (area_open(&steering->disk, &area) != OK || !area.installed)
        return;
    status_line("previous:", "%s", owner_name(area.previous));
    show_other_slot(steering, &area);
    show_trial(&area);
    if (!steering->stage.bytes)
        status_wrong("%s has taken the first sector back (as grub-pc does when it is upgraded): "
                     "`lintel install` puts Lintel there again",
                     owner_name(steering->sector));
}

static void show_sector(const struct steering *steering)
{
    const struct stage_found *stage = &steering->stage;

    status_line("first sector:", "%s", stage->bytes ? "Lintel" : owner_name(steering->sector));
    if (stage->bytes)
        show_stage(steering, "second stage:", stage);
    if (stage->bytes && !stage->sound)
        status_wrong("the second stage at LBA %lu is damaged, and BIOS boots nothing: install "
                     "Lintel again",
                     stage->offset / steering->disk.disk.sector_bytes);
}

static void show_files(const struct efi_files *files)
{
    for (size_t i = 0; i < EFI_FILES; i++) {
        const struct efi_found *file = &files->files[i];
        if (file->there)
            status_line("UEFI file:", "%s: %s%s%s", efi_file_paths[i],
                        file->ours ? "Lintel " : "another loader", file->version,
                        compare(file->own));
    }
}

void status_loaders(const struct steering *steering)
{
    show_sector(steering);
    show_area(steering);
    show_files(&steering->efi);
    if (steering->live && steering->machine.uefi)
        status_firmware(steering);
}
