/* loader.conf, and all of a boot volume's configuration. */
#include "conf.h"
#include "entry.h"
#include "text.h"
#include "../lib/fmt.h"
#include "../lib/log.h"
#include "../lib/mem.h"

#define LOADER_CONF "/loader/loader.conf"
#define ENTRIES     "/loader/entries"

/* More than any menu is for; bounds the time that sorting takes. */
#define ENTRIES_MAX 1024

/* ---- loader.conf ----------------------------------------------------------------------------- */

static void take_timeout(const struct conf *conf, struct config *config)
{
    uint64_t seconds;
    const char *rest = text_number(conf->value, &seconds);

    if (rest && !*rest)
        config->timeout = (int32_t)seconds;
    else if (strcmp(conf->value, "menu-force") == 0)
        config->timeout = -1;
    else if (strcmp(conf->value, "menu-hidden") == 0)
        config->timeout = 0;
    else
        say("%s:%u: timeout %s is neither seconds nor menu-force nor menu-hidden: passed over\n",
            conf->name, conf->line, conf->value);
}

static void take_zero_memory(const struct conf *conf, struct config *config)
{
    if (strcmp(conf->value, "yes") == 0)
        config->zero_memory = true;
    else if (strcmp(conf->value, "no") == 0)
        config->zero_memory = false;
    else
        say("%s:%u: zero-memory %s is neither yes nor no: passed over\n", conf->name, conf->line,
            conf->value);
}

static enum err take_entry(const struct conf *conf, struct arena *arena, struct config *config)
{
    struct entry_name *listed;

    TRY(ARENA_TAKE(arena, 1, &listed));
    *listed = (struct entry_name){conf->value, config->listed};
    config->listed = listed;
    return OK;
}

enum err loader_conf_parse(const char *text, uint64_t bytes, struct arena *arena,
                           struct config *config, char **default_glob)
{
    struct conf conf;

    *default_glob = NULL;
    TRY(conf_begin(&conf, LOADER_CONF, text, bytes, arena));
    while (conf_next(&conf)) {
        if (conf.too_long)
            say("%s:%u: line of more than %u bytes: passed over\n", conf.name, conf.line,
                CONF_LINE_MAX);
        else if (strcmp(conf.key, "timeout") == 0)
            take_timeout(&conf, config);
        else if (strcmp(conf.key, "default") == 0)
            *default_glob = conf.value;
        else if (strcmp(conf.key, "zero-memory") == 0)
            take_zero_memory(&conf, config);
        else if (strcmp(conf.key, "entry") == 0)
            TRY(take_entry(&conf, arena, config));
        else
            note("%s:%u: key %s is not known: passed over\n", conf.name, conf.line, conf.key);
    }
    return OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

static enum err read_text(const struct fs *fs, const char *path, struct arena *arena, char **text,
                          uint64_t *bytes)
{
    struct file file;

    TRY(fs_open(fs, path, &file));
    if (file.source.bytes > CONF_BYTES_MAX)
        return fail(ERR_FORMAT, "%s: %lu bytes are more than %u", path, file.source.bytes,
                    CONF_BYTES_MAX);
    TRY(arena_take(arena, file.source.bytes + 1, (void **)text));
    TRY(source_read(&file.source, 0, file.source.bytes, *text));
    *bytes = file.source.bytes;
    return OK;
}

/* Without a loader.conf, or with one that can't be read, the defaults hold. */
static void read_loader_conf(const struct fs *fs, struct arena *arena, struct config *config,
                             char **default_glob)
{
    char *text;
    uint64_t bytes;
    enum err err = read_text(fs, LOADER_CONF, arena, &text, &bytes);

    *default_glob = NULL;
    if (err == OK)
        err = loader_conf_parse(text, bytes, arena, config, default_glob);
    if (err != OK && err != ERR_NOT_FOUND)
        say("%s: passed over\n", err_message());
}

struct search {
    struct arena *arena;
    struct entry_name *names;
    uint32_t count;
    enum err err;
};

/* False: no more. */
static bool add_name(struct search *search, const char *name)
{
    struct entry_name *found;

    if (search->count == ENTRIES_MAX) {
        say("%s: more than %u entries: the others are passed over\n", ENTRIES, ENTRIES_MAX);
        return false;
    }
    search->err = ARENA_TAKE(search->arena, 1, &found);
    if (search->err == OK)
        search->err = arena_text(search->arena, name, strlen(name), &found->name);
    if (search->err != OK)
        return false;
    found->next = search->names;
    search->names = found;
    search->count++;
    return true;
}

static bool find_entry(void *context, const struct fs_entry *file)
{
    /* macOS leaves "._name.conf" beside what it copies. */
    if (file->directory || file->name[0] == '.' || !text_ends(file->name, ".conf"))
        return true;
    return add_name(context, file->name);
}

/* The directory's; or, where a server can't list it, those that loader.conf names. */
static enum err find_entries(const struct fs *fs, const struct config *config,
                             struct search *search)
{
    enum err err = fs_list(fs, ENTRIES, find_entry, search);

    if (err == OK)
        err = search->err;
    if (err != ERR_UNSUPPORTED)
        return err;
    if (!config->listed)
        return fail(ERR_NOT_FOUND, "%s, and %s is missing or names no entry (`entry NAME.conf`)",
                    err_message(), LOADER_CONF);
    for (const struct entry_name *listed = config->listed; listed; listed = listed->next)
        if (!add_name(search, listed->name))
            break;
    return search->err;
}

static enum err read_entry(const struct fs *fs, const char *name, struct arena *arena,
                           struct entry *entry)
{
    char path[sizeof ENTRIES + FS_NAME_BYTES];
    char *text;
    uint64_t bytes;

    fmt(path, sizeof path, "%s/%s", ENTRIES, name);
    TRY(read_text(fs, path, arena, &text, &bytes));
    return entry_parse(name, text, bytes, arena, entry);
}

/* An entry that can't be read is said and left out: the others may boot. */
static enum err read_entries(const struct fs *fs, struct arena *arena, struct config *config)
{
    struct search search = {.arena = arena};

    TRY(find_entries(fs, config, &search));
    if (search.count == 0)
        return fail(ERR_NOT_FOUND, "%s holds no *.conf file: there is nothing to boot", ENTRIES);
    TRY(ARENA_TAKE(arena, search.count, &config->entries));
    for (const struct entry_name *found = search.names; found; found = found->next) {
        if (read_entry(fs, found->name, arena, &config->entries[config->count]) == OK)
            config->count++;
        else
            say("%s: passed over\n", err_message());
    }
    if (config->count == 0)
        return fail(ERR_NOT_FOUND, "none of the %u entries in %s can be read", search.count,
                    ENTRIES);
    return OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool glob_matches(const char *glob, const struct entry *entry)
{
    char name[FS_NAME_BYTES + sizeof ".conf"];

    fmt(name, sizeof name, "%s.conf", entry->id);
    return text_matches(glob, entry->id) || text_matches(glob, name);
}

/* The first that the glob names; else the first that can boot. */
static uint32_t choose_default(const struct config *config, const char *glob)
{
    for (uint32_t i = 0; glob && i < config->count; i++)
        if (glob_matches(glob, &config->entries[i]))
            return i;
    if (glob)
        say("%s: default %s matches no entry\n", LOADER_CONF, glob);
    for (uint32_t i = 0; i < config->count; i++)
        if (!config->entries[i].problem)
            return i;
    return 0;
}

enum err config_read(const struct fs *fs, struct arena *arena, struct config *config)
{
    struct config read = {0};
    char *default_glob;

    read_loader_conf(fs, arena, &read, &default_glob);
    TRY(read_entries(fs, arena, &read));
    entries_sort(read.entries, read.count);
    read.chosen = choose_default(&read, default_glob);
    *config = read;
    return OK;
}
