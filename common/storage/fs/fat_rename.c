/* Can digits of a file's long name be changed where they lie, in one sector? */
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/lib/utf8.h"
#include "common/storage/fs/fat.h"

struct search {
    const char *old, *new;
    struct fat_long_name long_name; /* under assembly */
    struct fat_long_name found;
    uint32_t count; /* files of the old name, */
    bool taken;     /* and one of the new */
};

static bool is_called(const struct fs_entry *entry, const char *name)
{
    return text_equal(entry->name, name) || text_equal(entry->alias, name);
}

static bool look_at(void *context, const uint8_t *slot, uint64_t offset)
{
    struct search *search = context;
    struct fs_entry entry;

    if (fat_is_long_name(slot)) {
        fat_long_name_add(&search->long_name, slot, offset);
        return true;
    }
    if (fat_is_file(slot)) {
        fat_name(&search->long_name, slot, &entry);
        search->taken |= is_called(&entry, search->new);
        if (is_called(&entry, search->old)) {
            search->count++;
            search->found = search->long_name;
            search->found.valid = entry.alias[0];
        }
    }
    search->long_name.valid = false;
    return true;
}

static enum err find(const struct fs *fs, const struct fs_entry *directory, struct search *search)
{
    TRY(fat_walk_slots(fs, directory, look_at, search));
    if (search->count != 1)
        return fail(ERR_FORMAT,
                    "directory %s has %u files %s: repair the file system with "
                    "fsck.fat or chkdsk",
                    directory->name, search->count, search->old);
    if (search->taken)
        return fail(ERR_UNSUPPORTED, "directory %s has a file %s already", directory->name,
                    search->new);
    if (!search->found.valid)
        return fail(ERR_UNSUPPORTED, "%s has no long name", search->old);
    return OK;
}

/* ---- the change ------------------------------------------------------------------------------ */

struct change {
    uint64_t lba;            /* of the volume */
    uint8_t *before, *after; /* its sector */
    uint32_t count;          /* of digits; 0: there is no sector yet */
};

static bool is_digit(uint16_t unit)
{
    return unit >= '0' && unit <= '9';
}

/* The short name and its checksum do not have the digits in them, and stay. */
static enum err change_digit(const struct volume *volume, uint64_t offset, uint16_t old,
                             uint16_t new, struct change *change)
{
    uint32_t sector_bytes = volume->disk->sector_bytes;
    uint64_t lba = offset / sector_bytes, at = offset % sector_bytes;

    if (!change->count++) {
        change->lba = lba;
        TRY(volume_read(volume, lba * sector_bytes, sector_bytes, change->before));
        memcpy(change->after, change->before, sector_bytes);
    }
    if (change->lba != lba)
        return fail(ERR_UNSUPPORTED, "its digits lie in two sectors");
    if (load16(change->before + at) != old)
        return fail(ERR_CHANGED, "sector %lu is not what it was a moment ago", lba);
    change->after[at] = (uint8_t) new;
    return OK;
}

static enum err change_name(const struct volume *volume, const struct fat_long_name *name,
                            const uint16_t *units, uint64_t length, struct change *change)
{
    if (length != name->length)
        return fail(ERR_UNSUPPORTED, "it would have another length");
    for (uint32_t i = 0; i < length; i++) {
        if (units[i] == name->units[i])
            continue;
        if (!is_digit(units[i]) || !is_digit(name->units[i]))
            return fail(ERR_UNSUPPORTED, "more than digits would change");
        TRY(change_digit(volume, fat_long_name_unit(name, i), name->units[i], units[i], change));
    }
    return change->count ? OK : fail(ERR_UNSUPPORTED, "nothing would change");
}

static enum err write(const struct fs *fs, const struct search *search)
{
    const struct volume *volume = fs->volume;
    uint32_t sector_bytes = volume->disk->sector_bytes;
    struct change change = {0};
    uint16_t *units;

    TRY(ARENA_TAKE(fs->arena, sector_bytes, &change.before));
    TRY(ARENA_TAKE(fs->arena, sector_bytes, &change.after));
    TRY(ARENA_TAKE(fs->arena, FS_NAME_BYTES, &units));
    TRY(change_name(volume, &search->found, units, utf8_to_utf16(search->new, units), &change));
    return volume->firmware->write_sector(volume->disk, volume->first_lba + change.lba,
                                          change.before, change.after);
}

enum err fat_rename(const struct fs *fs, const struct fs_entry *directory, const char *name,
                    const char *to)
{
    struct search search = {.old = name, .new = to};

    if (!fs->volume->firmware->write_sector)
        return fail(ERR_UNSUPPORTED, "%s: this firmware writes no sectors", name);
    TRY(find(fs, directory, &search));
    enum err err = write(fs, &search);
    return err == OK ? OK
                     : fail(err, "%s: the name can't be changed in place to %s: %s", name, to,
                            err_message());
}
