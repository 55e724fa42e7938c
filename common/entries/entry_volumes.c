/* On which volumes do entries lie? */
#include "common/entries/entry.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

static bool holds_entries_too(const struct volume *boot_volume, const struct volume *volume)
{
    if (!boot_volume->number || volume->number == boot_volume->number)
        return false;
    return volume_is_xbootldr(volume) || (volume_is_xbootldr(boot_volume) && volume_is_esp(volume));
}

static enum err add(struct arena *arena, const struct volume *volume, struct entry_volumes *list)
{
    struct fs *fs;

    TRY(ARENA_TAKE(arena, 1, &fs));
    TRY(fs_mount(volume, arena, fs));
    note("entries also: partition %u of %s\n", volume->number, volume->disk->name);
    list->fs[list->count++] = fs;
    return OK;
}

void entry_volumes_find(const struct volumes *volumes, struct entry_volumes *list)
{
    struct machine *machine = volumes->machine;

    *list = (struct entry_volumes){
        .fs = {&volumes->fs},
        .count = 1,
        .uefi = machine->facts->firmware == LINTEL_FIRMWARE_UEFI,
    };
    for (uint32_t i = 0; i < volumes->disk_volume_count && list->count < ARRAY_LENGTH(list->fs);
         i++)
        if (holds_entries_too(&volumes->boot, &volumes->disk_volumes[i]) &&
            add(&machine->arena, &volumes->disk_volumes[i], list) != OK)
            say("no entries from there: %s\n", err_message());
}
