/* Boot Loader Specification type 2 entries (UAPI.1): unified kernel images that say themselves what
 * they are. */
#include "common/entries/entry.h"
#include "common/format/os_release.h"
#include "common/format/uki.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"

/* The first of these variables that the image's os-release has; "" where it has none. */
static enum err get_first(const char *release, const char *const *variables, struct arena *arena,
                          char **value)
{
    do
        TRY(os_release_get(release, *variables, arena, value));
    while (!**value && *++variables);
    return OK;
}

static enum err describe(const struct uki *uki, struct arena *arena, struct entry *entry)
{
    static const char *const titles[] = {"PRETTY_NAME", "IMAGE_ID", "NAME", "ID", NULL};
    static const char *const versions[] = {"IMAGE_VERSION", "VERSION_ID", "BUILD_ID", NULL};
    static const char *const sort_keys[] = {"IMAGE_ID", "ID", NULL};
    char *release;

    TRY(uki_text(uki, ".osrel", arena, &release));
    TRY(get_first(release, titles, arena, &entry->title));
    TRY(get_first(release, versions, arena, &entry->version));
    TRY(get_first(release, sort_keys, arena, &entry->sort_key));
    if (!*entry->version)
        TRY(uki_text(uki, ".uname", arena, &entry->version));
    TRY(uki_command_line(uki, arena, &entry->own_options));
    if (!*entry->title)
        entry->title = entry->id;
    return OK;
}

/* The first profile is what the image boots by itself; the others are named as systemd does. */
static enum err describe_profile(const struct uki *uki, uint32_t number, struct arena *arena,
                                 struct entry *entry)
{
    static const char *const names[] = {"TITLE", "ID", NULL};
    char *profile, *name, text[FS_NAME_BYTES + 64];

    TRY(uki_text(uki, ".profile", arena, &profile));
    TRY(get_first(profile, names, arena, &name));
    if (number) {
        size_t bytes = fmt(text, sizeof text, ".efi@%u", number);
        TRY(arena_text(arena, text, bytes, &profile));
        entry->suffix = profile;
        entry->profile = strchr(profile, '@') + 1;
    }
    if (!*name && !number)
        return OK;
    size_t bytes = fmt(text, sizeof text, "%s (%s%s)", entry->title, *name ? name : "profile ",
                       *name ? "" : entry->profile);
    return arena_text(arena, text, MIN(bytes, sizeof text - 1), &entry->title);
}

static enum err add(const struct entry *entry, struct arena *arena, struct entry_item **list)
{
    struct entry_item *item;

    TRY(ARENA_TAKE(arena, 1, &item));
    *item = (struct entry_item){*entry, *list};
    *list = item;
    return OK;
}

static enum err add_profiles(struct uki *uki, const struct entry *named, struct arena *arena,
                             struct entry_item **list)
{
    uint32_t number = 0;

    do {
        struct entry entry = *named;
        TRY(describe(uki, arena, &entry));
        TRY(describe_profile(uki, number, arena, &entry));
        TRY(add(&entry, arena, list));
    } while (uki_choose(uki, ++number) == OK);
    return OK;
}

enum err entries_from_uki(const char *file, const char *path, const struct reader *reader,
                          struct arena *arena, struct entry_item **list)
{
    static char empty[] = "", key[] = "uki";
    struct entry named = {
        .version = empty,
        .sort_key = empty,
        .machine_id = empty,
        .options = empty,
        .kernel = (char *)(uintptr_t)path,
        .kernel_key = key,
    };
    struct entry_item *before = *list;
    struct uki uki;

    enum err err = uki_open(reader, 0, arena, &uki);
    if (err == ERR_UNSUPPORTED)
        return fail(ERR_NOT_FOUND, "%s", err_message());
    TRY(err);
    TRY(entry_name_after(file, ".efi", arena, &named));
    named.title = named.id;
    err = add_profiles(&uki, &named, arena, list);
    if (err != OK)
        *list = before;
    return err;
}
