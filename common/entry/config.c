/* loader.conf, and all of a boot volume's configuration. */
#include "conf.h"
#include "entry.h"
#include "text.h"
#include "../lib/fmt.h"
#include "../lib/log.h"
#include "../lib/mem.h"

#define LOADER_CONF "/loader/loader.conf"

/* ---- loader.conf ----------------------------------------------------------------------------- */

bool config_set_timeout(struct config *config, const char *text)
{
    uint64_t seconds = 0;
    const char *rest = text_number(text, &seconds);
    bool number = rest && !*rest, force = strcmp(text, "menu-force") == 0;
    bool hidden = strcmp(text, "menu-hidden") == 0;

    if (!number && !force && !hidden)
        return false;
    config->timeout = force ? -1 : (int32_t)seconds;
    config->hidden = hidden;
    return true;
}

static void take_timeout(const struct conf *conf, struct config *config)
{
    if (!config_set_timeout(config, conf->value))
        say("%s:%u: timeout %s is neither seconds nor menu-force nor menu-hidden: passed over\n",
            conf->name, conf->line, conf->value);
}

static void take_flag(const struct conf *conf, bool *flag)
{
    if (strcmp(conf->value, "yes") == 0)
        *flag = true;
    else if (strcmp(conf->value, "no") == 0)
        *flag = false;
    else
        say("%s:%u: %s %s is neither yes nor no: passed over\n", conf->name, conf->line, conf->key,
            conf->value);
}

static void take_console(const struct conf *conf, struct config *config)
{
    if (strcmp(conf->value, "auto") == 0)
        config->console = SCREEN_AUTO;
    else if (strcmp(conf->value, "text") == 0)
        config->console = SCREEN_TEXT;
    else if (strcmp(conf->value, "framebuffer") == 0)
        config->console = SCREEN_FRAMEBUFFER;
    else
        say("%s:%u: console %s is neither auto nor text nor framebuffer: passed over\n", conf->name,
            conf->line, conf->value);
}

/* The word for the entry that was booted last, which only firmware's variables know. */
static void take_default(const struct conf *conf, struct config *config, char **default_glob)
{
    config->default_saved = strcmp(conf->value, "@saved") == 0;
    *default_glob = config->default_saved ? NULL : conf->value;
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
            take_default(&conf, config, default_glob);
        else if (strcmp(conf.key, "zero-memory") == 0)
            take_flag(&conf, &config->zero_memory);
        else if (strcmp(conf.key, "uki-on-bios") == 0)
            take_flag(&conf, &config->uki_on_bios);
        else if (strcmp(conf.key, "console") == 0)
            take_console(&conf, config);
        else if (strcmp(conf.key, "entry") == 0)
            TRY(take_entry(&conf, arena, config));
        else
            note("%s:%u: key %s is not known: passed over\n", conf.name, conf.line, conf.key);
    }
    return OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

enum err config_read_text(const struct fs *fs, const char *path, struct arena *arena, char **text,
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
    enum err err = config_read_text(fs, LOADER_CONF, arena, &text, &bytes);

    *default_glob = NULL;
    if (err == OK)
        err = loader_conf_parse(text, bytes, arena, config, default_glob);
    if (err != OK && err != ERR_NOT_FOUND)
        say("%s: passed over\n", err_message());
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool glob_matches(const char *glob, const struct entry *entry)
{
    char name[FS_NAME_BYTES + sizeof ".conf"];

    fmt(name, sizeof name, "%s%s", entry->id, entry->suffix);
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

/* Images for many machines have entries for each (UAPI.1): only those that fit are shown, or, where
 * none does, all, with the reason. */
static void hide_foreign(struct config *config)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < config->count; i++)
        kept += !config->entries[i].foreign;
    if (kept == 0)
        return;
    kept = 0;
    for (uint32_t i = 0; i < config->count; i++) {
        const struct entry *entry = &config->entries[i];
        if (entry->foreign)
            say("entry %s is hidden: it %s\n", entry->id, entry->problem);
        else
            config->entries[kept++] = *entry;
    }
    config->count = kept;
}

enum err config_read(const struct entry_volumes *volumes, struct arena *arena,
                     struct config *config)
{
    struct config read = {0};
    char *default_glob;

    read_loader_conf(volumes->fs[0], arena, &read, &default_glob);
    TRY(entries_discover(volumes, arena, &read));
    hide_foreign(&read);
    entries_sort(read.entries, read.count);
    read.chosen = choose_default(&read, default_glob);
    *config = read;
    return OK;
}
