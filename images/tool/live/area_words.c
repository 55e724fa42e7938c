/* How is an installation in the gap or BIOS boot partition told? */
#include "images/tool/live/area_words.h"
#include "images/tool/host/progress.h"
#include "images/tool/install/words.h"
#include "images/tool/live/owner.h"
#include <stdio.h>

static void tell_sectors(const struct area *area)
{
    const struct undo *undo = &area->undo;

    printf("  BIOS: two slots of %u sectors and the area of %u go to LBA %lu to %lu, in %s",
           undo->slot_sectors, AREA_SECTORS, undo->first, undo_end(undo) - 1, area->where);
    printf(area->number ? " (partition %u).\n" : ".\n", area->number);
    printf("  BIOS: LBA 0 becomes Lintel's boot sector; its partition table stays.\n");
    if (!is_zero(area->previous, sizeof area->previous))
        printf("  The loader that is there (%s) stays whole, and becomes a menu entry.\n",
               owner_name(area->first_sector));
}

static void tell_boot_volume(const struct area *area, const struct volume *boot, bool in_use)
{
    printf("  Entries are found on partition %u, in /boot/loader/entries or /loader/entries.\n",
           boot->number);
    printf("  What is replaced is kept at LBA %lu%s, for `lintel uninstall`.\n",
           undo_area(&area->undo, AREA_PREVIOUS), in_use ? " and in " UNDO_FILE : "");
}

static void tell_update(const struct area *area)
{
    printf("  BIOS: the new loader goes to LBA %lu, on trial: the next start tries it, and any\n"
           "  other leads to the one at LBA %lu, until `lintel bless` keeps the new one.\n",
           undo_slot(&area->undo, !area->active), undo_slot(&area->undo, area->active));
}

void area_tell_install(const struct area *area, enum area_step step, const struct volume *boot,
                       bool in_use)
{
    const char *path = area->disk->path;

    step_begin(NULL, 0);
    if (step == AREA_CURRENT) {
        printf("%s: this Lintel is installed already.\n", path);
        return;
    }
    if (step == AREA_ON_TRIAL) {
        printf("%s: this Lintel is installed already, on trial: `lintel bless` keeps it once it "
               "has started this machine.\n",
               path);
        return;
    }
    tell_disk(area->disk, &area->tables,
              step == AREA_NEW || step == AREA_AGAIN ? "Installing Lintel on"
                                                     : "Updating Lintel on");
    if (step == AREA_UPDATE)
        tell_update(area);
    else if (step == AREA_TAKE_BACK)
        printf("  This Lintel is installed already: the one on trial is taken back.\n");
    else {
        tell_sectors(area);
        tell_boot_volume(area, boot, in_use);
    }
    tell_size(&area->writes);
}

void area_tell_uninstall(const struct area *area)
{
    tell_disk(area->disk, &area->tables, "Removing Lintel from");
    if (area->active >= 0)
        printf("  The first sector gets its code back: %s.\n", owner_name(area->previous));
    else
        printf("  The first sector does not lead to Lintel (%s): it stays.\n",
               owner_name(area->first_sector));
    if (!area_is_known(area))
        printf("  LBA %lu to %lu stay: nothing of Lintel lies there any more.\n", area->undo.first,
               undo_end(&area->undo) - 1);
    else if (area_is_in_place(area))
        printf("  LBA %lu to %lu, in %s, are zeros again.\n", area->undo.first,
               undo_end(&area->undo) - 1, area->where);
    else
        printf("  LBA %lu to %lu are in use by a partition now: they stay.\n", area->undo.first,
               undo_end(&area->undo) - 1);
    tell_size(&area->writes);
}
