/* Boot Loader Specification type 2 entries (UAPI.1): unified kernel images that say themselves what
 * they are. */
#include "conf.h"
#include "entry.h"
#include "os_release.h"
#include "../image/uki.h"
#include "../lib/mem.h"

/* The first of these variables that the image's os-release has; "" where it has none. */
static enum err get_first(const char *release, const char *const *variables, struct arena *arena,
                          char **value)
{
    do
        TRY(os_release_get(release, *variables, arena, value));
    while (!**value && *++variables);
    return OK;
}

static enum err get_text(const struct uki *uki, const char *section, struct arena *arena,
                         char **text)
{
    TRY(uki_text(uki, section, arena, text));
    conf_clean(*text, strlen(*text), false);
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
        TRY(get_text(uki, ".uname", arena, &entry->version));
    TRY(get_text(uki, ".cmdline", arena, &entry->own_options));
    if (!*entry->title)
        entry->title = entry->id;
    return OK;
}

enum err entry_from_uki(const char *file, const char *path, const struct source *source,
                        struct arena *arena, struct entry *entry)
{
    static char empty[] = "", key[] = "uki";
    struct entry found = {
        .version = empty,
        .sort_key = empty,
        .machine_id = empty,
        .options = empty,
        .kernel = (char *)(uintptr_t)path,
        .kernel_key = key,
    };
    struct uki uki;

    if (!uki_recognise(source, arena))
        return fail(ERR_NOT_FOUND, "%s is no unified kernel image for x86-64", path);
    TRY(entry_name_after(file, ".efi", arena, &found));
    found.title = found.id;
    enum err err = uki_open(source, 0, arena, &uki);
    if (err == OK)
        err = describe(&uki, arena, &found);
    if (err == ERR_NO_MEMORY)
        return err;
    if (err != OK)
        TRY(arena_text(arena, err_message(), strlen(err_message()), &found.problem));
    *entry = found;
    return OK;
}
