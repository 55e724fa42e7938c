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
    say("%s:%u: %s %s is neither %s\n", conf->name, conf->line, conf->key, conf->value, known);
}

struct loader_key {
    const char *name;
    enum err (*take)(const struct conf *conf, const struct loader_key *key, struct arena *arena,
                     struct config *config);
    size_t field; /* of struct config, where `take` needs one, */
    bool safe;    /* and what it becomes by a value that nobody knows */
};

/* Who wrote something wanted another time-out than none: the menu waits. */
static enum err take_timeout(const struct conf *conf, const struct loader_key *key,
                             struct arena *arena, struct config *config)
{
    (void)key;
    (void)arena;
    if (!config_set_timeout(config, conf->value)) {
        say_unknown(conf, "seconds nor menu-force, menu-hidden, menu-disabled: the menu waits");
        config->timeout = -1;
    }
    return OK;
}

static enum err take_default(const struct conf *conf, const struct loader_key *key,
                             struct arena *arena, struct config *config)
{
    (void)key;
    (void)arena;
    config->default_glob = conf->value;
    return OK;
}

static bool is_one_of(const char *value, const char *const *words)
{
    while (*words && strcmp(value, *words) != 0)
        words++;
    return *words;
}

/* All words that systemd-boot takes. */
static enum err take_flag(const struct conf *conf, const struct loader_key *key,
                          struct arena *arena, struct config *config)
{
    static const char *const yes[] = {"yes", "y", "true", "t", "on", "1", NULL};
    static const char *const no[] = {"no", "n", "false", "f", "off", "0", NULL};
    bool *flag = (bool *)((char *)config + key->field);

    (void)arena;
    if (is_one_of(conf->value, yes)) {
        *flag = true;
    } else if (is_one_of(conf->value, no)) {
        *flag = false;
    } else {
        *flag = key->safe;
        say_unknown(conf, key->safe ? "yes nor no: yes is safer" : "yes nor no: no is safer");
    }
    return OK;
}

static enum err take_console(const struct conf *conf, const struct loader_key *key,
                             struct arena *arena, struct config *config)
{
    static const char *const kinds[] = {
        [CONSOLE_AUTO] = "auto", [CONSOLE_TEXT] = "text", [CONSOLE_FRAMEBUFFER] = "framebuffer"};

    (void)key;
    (void)arena;
    for (uint32_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (strcmp(conf->value, kinds[i]) == 0) {
            config->console = (enum console)i;
            return OK;
        }
    say_unknown(conf, "auto nor text nor framebuffer: passed over");
    return OK;
}

static enum err take_entry(const struct conf *conf, const struct loader_key *key,
                           struct arena *arena, struct config *config)
{
    struct entry_name *listed;

    (void)key;
    TRY(ARENA_TAKE(arena, 1, &listed));
    *listed = (struct entry_name){conf->value, config->listed};
    config->listed = listed;
    return OK;
}

static enum err take_foreign(const struct conf *conf, const struct loader_key *key,
                             struct arena *arena, struct config *config)
{
    (void)arena;
    (void)config;
    note("%s:%u: %s is for systemd-boot: passed over\n", conf->name, conf->line, key->name);
    return OK;
}

static const struct loader_key keys[] = {
    {"timeout", take_timeout, 0, false},
    {"default", take_default, 0, false},
    {"editor", take_flag, offsetof(struct config, editor), false},
    {"zero-memory", take_flag, offsetof(struct config, zero_memory), true},
    {"uki-on-bios", take_flag, offsetof(struct config, uki_on_bios), false},
    {"console", take_console, 0, false},
    {"entry", take_entry, 0, false},
    /* loader.conf(5) of systemd 258 */
    {"auto-entries", take_foreign, 0, false},
    {"auto-firmware", take_foreign, 0, false},
    {"auto-poweroff", take_foreign, 0, false},
    {"auto-reboot", take_foreign, 0, false},
    {"beep", take_foreign, 0, false},
    {"console-mode", take_foreign, 0, false},
    {"log-level", take_foreign, 0, false},
    {"preferred", take_foreign, 0, false},
    {"random-seed-mode", take_foreign, 0, false},
    {"reboot-for-bitlocker", take_foreign, 0, false},
    {"reboot-on-error", take_foreign, 0, false},
    {"secure-boot-enroll", take_foreign, 0, false},
    {"secure-boot-enroll-action", take_foreign, 0, false},
    {"secure-boot-enroll-timeout-sec", take_foreign, 0, false},
};

/* False: nobody knows the line. */
static bool take_line(const struct conf *conf, struct arena *arena, struct config *config,
                      enum err *err)
{
    for (uint32_t i = 0; i < ARRAY_LENGTH(keys); i++)
        if (strcmp(conf->key, keys[i].name) == 0) {
            *err = keys[i].take(conf, &keys[i], arena, config);
            return true;
        }
    if (conf->too_long)
        say("%s:%u: line of more than %u bytes: passed over\n", conf->name, conf->line,
            CONF_LINE_MAX);
    else if (!*conf->damage)
        note("%s:%u: key %s is not known: passed over\n", conf->name, conf->line, conf->key);
    return false;
}

/* Nobody knows what it said: the menu waits, and the editor is off, for both may have stood in it.
 */
static void distrust(struct config *config, struct arena *arena, const char *why)
{
    config->editor = false;
    config_doubt(&config->doubt, arena, "%s: options can't be edited, for it may have said so",
                 why);
}

static void judge(const struct conf *conf, uint32_t known, uint32_t unknown, struct arena *arena,
                  struct config *config)
{
    char why[sizeof LOADER_CONF + 128];

    if (*conf->damage)
        fmt(why, sizeof why, LOADER_CONF " %s", conf->damage);
    else if (unknown > known)
        fmt(why, sizeof why, LOADER_CONF " is damaged: nobody knows %u of its %u line%s", unknown,
            known + unknown, text_plural(known + unknown));
    else
        return;
    distrust(config, arena, why);
}

enum err loader_conf_parse(const char *text, uint64_t bytes, struct arena *arena,
                           struct config *config)
{
    uint32_t known = 0, unknown = 0;
    struct conf conf;

    TRY(conf_begin(&conf, LOADER_CONF, text, bytes, arena));
    while (conf_next(&conf)) {
        enum err err = OK;
        if (take_line(&conf, arena, config, &err))
            known++;
        else
            unknown++;
        TRY(err);
    }
    judge(&conf, known, unknown + conf.without_value, arena, config);
    return OK;
}

/* ---- doubts ---------------------------------------------------------------------------------- */

void config_doubt(const char **doubt, struct arena *arena, const char *format, ...)
{
    char text[512], *kept;
    va_list list;

    va_start(list, format);
    size_t bytes = fmt_list(text, sizeof text, format, list);
    va_end(list);
    say("%s\n", text);
    if (*doubt)
        return;
    bool taken = arena_text(arena, text, MIN(bytes, sizeof text - 1), &kept) == OK;
    *doubt = taken ? kept : "there is no memory left to say what is in doubt";
}

/* ---- files ----------------------------------------------------------------------------------- */

enum err config_read_text(const struct reader *reader, char *text)
{
    if (reader->bytes > CONF_BYTES_MAX)
        return fail(ERR_FORMAT, "%s: %lu bytes are more than %u", reader->name, reader->bytes,
                    CONF_BYTES_MAX);
    if (!reader->bytes)
        return fail(ERR_FORMAT, "%s is empty: was it cut off when it was written?", reader->name);
    return reader_read(reader, 0, reader->bytes, text);
}

static enum err parse_loader_conf(const struct fs *fs, struct arena *arena, struct config *config)
{
    struct file file;
    char *text;

    TRY(fs_open(fs, LOADER_CONF, &file));
    TRY(arena_take(arena, CONF_BYTES_MAX, (void **)&text));
    TRY(config_read_text(&file.reader, text));
    return loader_conf_parse(text, file.reader.bytes, arena, config);
}

/* Without a loader.conf the defaults hold. */
static void read_loader_conf(const struct fs *fs, struct arena *arena, struct config *config)
{
    enum err err = parse_loader_conf(fs, arena, config);

    if (err != OK && err != ERR_NOT_FOUND)
        distrust(config, arena, err_message());
}

/* ---- the default ----------------------------------------------------------------------------- */

static bool glob_matches(const char *glob, const struct entry *entry)
{
    char name[FS_NAME_BYTES + sizeof ".conf"];

    fmt(name, sizeof name, "%s%s", entry->id, entry->suffix);
    return text_matches(glob, entry->id) || text_matches(glob, name);
}

/* Of what a glob matches the first in the menu's order counts, where those come last that have no
 * tries left. Of a damaged one nobody knows that place. */
void config_choose(struct config *config, struct arena *arena, const char *who, const char *glob)
{
    const struct entry *damaged = NULL;
    bool found = false;

    config->default_doubt = NULL;
    for (uint32_t i = 0; i < config->count; i++) {
        const struct entry *entry = &config->entries[i];
        if (!glob_matches(glob, entry))
            continue;
        if (!found)
            config->chosen = i;
        found = true;
        if (entry->damaged)
            damaged = entry;
    }
    if (!found)
        config_doubt(&config->default_doubt, arena, "%s %s matches no entry", who, glob);
    else if (damaged)
        config_doubt(&config->default_doubt, arena, "%s %s may mean the entry %s, which %s", who,
                     glob, damaged->id, damaged->problem);
}

/* Without a wish the first that can boot: the others before it, and all that are damaged, might
 * have been meant. */
static void doubt_first(struct config *config, struct arena *arena)
{
    for (uint32_t i = 0; i < config->count; i++) {
        const struct entry *entry = &config->entries[i];
        if (!entry->damaged && (!entry->problem || i >= config->chosen))
            continue;
        config_doubt(&config->default_doubt, arena, "no default is set, and the entry %s %s",
                     entry->id, entry->problem);
        return;
    }
}

/* Which entry was booted last only firmware's variables know (loader_interface.c). */
static void choose_default(struct config *config, struct arena *arena)
{
    const char *glob = config->default_glob;

    while (config->chosen + 1 < config->count && config->entries[config->chosen].problem)
        config->chosen++;
    if (config->entries[config->chosen].problem)
        config->chosen = 0;
    if (glob && strcmp(glob, CONFIG_SAVED) != 0)
        config_choose(config, arena, LOADER_CONF ": default", glob);
    else
        doubt_first(config, arena);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* Images for many machines have entries for each (UAPI.1): only those that fit are shown, or, where
 * none does, all, with the reason. */
static enum err arrange(struct config *config, struct entry_item *list, struct arena *arena)
{
    uint32_t all = config->count, count = 0;

    TRY(ARENA_TAKE(arena, all, &config->entries));
    list = entries_sort(list);
    for (const struct entry_item *item = list; item; item = item->next)
        if (!item->entry.foreign)
            config->entries[count++] = item->entry;
    config->count = count ? count : all;
    config->hidden_count = all - config->count;
    for (const struct entry_item *item = list; item; item = item->next) {
        if (!item->entry.foreign)
            continue;
        config->entries[count++] = item->entry;
        if (config->hidden_count)
            say("entry %s is hidden: it %s\n", item->entry.id, item->entry.problem);
    }
    return OK;
}

enum err config_read(const struct entry_volumes *volumes, struct arena *arena,
                     struct config *config)
{
    struct config read = {.editor = true};
    struct entry_item *list;

    read_loader_conf(volumes->fs[0], arena, &read);
    TRY(entries_discover(volumes, arena, &read, &list));
    TRY(arrange(&read, list, arena));
    choose_default(&read, arena);
    *config = read;
    return OK;
}
