/* On which volumes do entries lie? */
#include "common/entries/entry.h"
#include "common/lib/doubt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

static bool holds_entries_too(const struct volume *boot_volume, const struct volume *volume)
{
    if (!boot_volume->number || volume->number == boot_volume->number)
        return false;
    return volume_is_xbootldr(volume) || (volume_is_xbootldr(boot_volume) && volume_is_esp(volume));
}

/* An extended boot loader partition is there for nothing else. */
static enum err open(const struct volume *volume, struct arena *arena, struct fs *fs)
{
    char name[VOLUME_NAME_BYTES];

    TRY(fs_mount(volume, arena, fs));
    if (!volume_is_xbootldr(volume))
        return OK;
    enum err err = volumes_find_configuration(fs);
    if (err != ERR_NOT_FOUND)
        return err;
    return fail(err, "%s: neither /loader nor /EFI/Linux is there", volume_name(volume, name));
}

/* What lies on one that fails may be what the default means. */
static void add(struct volumes *volumes, const struct volume *volume, struct entry_volumes *list)
{
    struct arena *arena = &volumes->machine->arena;
    struct fs *fs;
    enum err err = ARENA_TAKE(arena, 1, &fs);

    if (err == OK)
        err = open(volume, arena, fs);
    if (err != OK) {
        say("no entries from there: %s\n", err_message());
        doubt(&list->doubt, arena, "a volume with entries cannot be used: %s", err_message());
        return;
    }
    if (!list->doubt)
        list->doubt = fs->doubt;
    note("entries also: partition %u of %s\n", volume->number, volume->disk->name);
    list->fs[list->count++] = fs;
}

/* A disk without any is sound; another failure may hide them. */
static void find_none(struct volumes *volumes, enum err err, struct entry_volumes *list)
{
    struct arena *arena = &volumes->machine->arena;
    char *why;

    bool kept = arena_text(arena, err_message(), strlen(err_message()), &why) == OK;
    list->none = kept ? why : "there is no volume with entries, and no memory left to say why";
    if (err != ERR_NOT_FOUND && !list->doubt)
        doubt(&list->doubt, arena, "%s", list->none);
}

void entry_volumes_find(struct volumes *volumes, enum err err, struct entry_volumes *list)
{
    *list = (struct entry_volumes){
        .all = volumes,
        .fs = {&volumes->fs},
        .count = err == OK,
        .firmware = volumes->machine->firmware,
        .uefi = volumes->machine->facts->firmware == LINTEL_FIRMWARE_UEFI,
        .stand_in = volumes->doubt,
        .doubt = volumes->doubt,
    };
    if (err != OK)
        find_none(volumes, err, list);
    for (uint32_t i = 0; i < volumes->disk_volume_count && list->count < ARRAY_LENGTH(list->fs);
         i++)
        if (holds_entries_too(&volumes->boot, &volumes->disk_volumes[i]))
            add(volumes, &volumes->disk_volumes[i], list);
}
