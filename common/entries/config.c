/* loader.conf, and all of a boot volume's configuration. */
#include "common/entries/entry.h"
#include "common/format/conf.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

#define LOADER_CONF "/loader/loader.conf"

/* ---- loader.conf ----------------------------------------------------------------------------- */

bool config_set_timeout(struct config *config, const char *text)
{
    uint64_t seconds = 0;
    const char *rest = text_number(text, &seconds);
    bool number = rest && !*rest, force = strcmp(text, "menu-force") == 0;
    bool hidden = strcmp(text, "menu-hidden") == 0, disabled = strcmp(text, "menu-disabled") == 0;

    if (!number && !force && !hidden && !disabled)
        return false;
    config->timeout = force ? -1 : (int32_t)seconds;
    config->hidden = hidden;
    config->disabled = disabled;
    return true;
}

static void say_unknown(const struct conf *conf, const char *known)
{
    say("%s:%u: %s %s is neither %s: passed over\n", conf->name, conf->line, conf->key, conf->value,
        known);
}

static void take_timeout(const struct conf *conf, struct config *config)
{
    if (!config_set_timeout(config, conf->value))
        say_unknown(conf, "seconds nor menu-force, menu-hidden, menu-disabled");
}

static bool is_one_of(const char *value, const char *const *words)
{
    while (*words && strcmp(value, *words) != 0)
        words++;
    return *words;
}

/* All words that systemd-boot takes. */
static void take_flag(const struct conf *conf, bool *flag)
{
    static const char *const yes[] = {"yes", "y", "true", "t", "on", "1", NULL};
    static const char *const no[] = {"no", "n", "false", "f", "off", "0", NULL};

    if (is_one_of(conf->value, yes))
        *flag = true;
    else if (is_one_of(conf->value, no))
        *flag = false;
    else
        say_unknown(conf, "yes nor no");
}

static void take_console(const struct conf *conf, struct config *config)
{
    static const char *const kinds[] = {
        [CONSOLE_AUTO] = "auto", [CONSOLE_TEXT] = "text", [CONSOLE_FRAMEBUFFER] = "framebuffer"};

    for (uint32_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (strcmp(conf->value, kinds[i]) == 0) {
            config->console = (enum console)i;
            return;
        }
    say_unknown(conf, "auto nor text nor framebuffer");
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
                           struct config *config)
{
    struct conf conf;

    TRY(conf_begin(&conf, LOADER_CONF, text, bytes, arena));
    while (conf_next(&conf)) {
        if (conf.too_long)
            say("%s:%u: line of more than %u bytes: passed over\n", conf.name, conf.line,
                CONF_LINE_MAX);
        else if (strcmp(conf.key, "timeout") == 0)
            take_timeout(&conf, config);
        else if (strcmp(conf.key, "default") == 0)
            config->default_glob = conf.value;
        else if (strcmp(conf.key, "editor") == 0)
            take_flag(&conf, &config->editor);
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
    if (file.reader.bytes > CONF_BYTES_MAX)
        return fail(ERR_FORMAT, "%s: %lu bytes are more than %u", path, file.reader.bytes,
                    CONF_BYTES_MAX);
    TRY(arena_take(arena, file.reader.bytes + 1, (void **)text));
    TRY(reader_read(&file.reader, 0, file.reader.bytes, *text));
    *bytes = file.reader.bytes;
    return OK;
}

/* Without a loader.conf, or with one that can't be read, the defaults hold. */
static void read_loader_conf(const struct fs *fs, struct arena *arena, struct config *config)
{
    char *text;
    uint64_t bytes;
    enum err err = config_read_text(fs, LOADER_CONF, arena, &text, &bytes);

    if (err == OK)
        err = loader_conf_parse(text, bytes, arena, config);
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

bool config_choose(struct config *config, const char *glob)
{
    for (uint32_t i = 0; i < config->count; i++)
        if (glob_matches(glob, &config->entries[i])) {
            config->chosen = i;
            return true;
        }
    return false;
}

/* Without a wish the first that can boot. Which entry was booted last only firmware's variables
 * know (loader_interface.c). */
static void choose_default(struct config *config)
{
    const char *glob = config->default_glob;
    bool saved = glob && strcmp(glob, CONFIG_SAVED) == 0;

    for (uint32_t i = config->count; i > 0; i--)
        if (!config->entries[i - 1].problem)
            config->chosen = i - 1;
    if (glob && !saved && !config_choose(config, glob))
        say("%s: default %s matches no entry\n", LOADER_CONF, glob);
}

/* Images for many machines have entries for each (UAPI.1): only those that fit are shown, or, where
 * none does, all, with the reason. */
static void hide_foreign(struct config *config)
{
    uint32_t kept = 0, foreign = 0;

    for (uint32_t i = 0; i < config->count; i++)
        foreign += config->entries[i].foreign;
    if (foreign == config->count)
        return;
    for (uint32_t i = 0; i < config->count; i++) {
        struct entry entry = config->entries[i];
        if (entry.foreign) {
            say("entry %s is hidden: it %s\n", entry.id, entry.problem);
            continue;
        }
        config->entries[i] = config->entries[kept];
        config->entries[kept++] = entry;
    }
    config->count = kept;
    config->hidden_count = foreign;
}

enum err config_read(const struct entry_volumes *volumes, struct arena *arena,
                     struct config *config)
{
    struct config read = {.editor = true};

    read_loader_conf(volumes->fs[0], arena, &read);
    TRY(entries_discover(volumes, arena, &read));
    hide_foreign(&read);
    entries_sort(read.entries, read.count);
    choose_default(&read);
    *config = read;
    return OK;
}
