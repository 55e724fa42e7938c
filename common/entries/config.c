/* loader.conf, and all of a boot volume's configuration. */
#include "common/entries/auto.h"
#include "common/format/conf.h"
#include "common/lib/doubt.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

#define LOADER_CONF "/loader/loader.conf"
#define KEYMAPS     "/loader/keymaps/"

#define KEYMAP_NAME_MOST 64

/* ---- loader.conf ----------------------------------------------------------------------------- */

static const char *shown(const char *value)
{
    return *value ? value : "without a value";
}

static bool set_timeout(struct config *config, const char *text)
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

void config_set_timeout(struct config *config, struct arena *arena, const char *who,
                        const char *text)
{
    if (set_timeout(config, text))
        return;
    config->timeout = -1;
    doubt(&config->doubt, arena,
          "%s %s is neither seconds nor menu-force, menu-hidden, menu-disabled: the menu waits",
          who, shown(text));
}

enum kind { TIMEOUT, TEXT, FLAG, CONSOLE, ENTRY, FOREIGN };

static const struct loader_key {
    struct conf_key key;
    enum kind kind;
    size_t field; /* of struct config: of TEXT and FLAG */
    bool safe;    /* what a FLAG becomes by a value that nobody knows */
} keys[] = {
    {{"timeout"}, TIMEOUT, 0, false},
    {{"default"}, TEXT, offsetof(struct config, default_glob), false},
    {{"editor"}, FLAG, offsetof(struct config, editor), false},
    {{"zero-memory"}, FLAG, offsetof(struct config, zero_memory), true},
    {{"counting"}, FLAG, offsetof(struct config, counting), false},
    {{"fallback"}, FLAG, offsetof(struct config, fallback), false},
    {{"uki-on-bios"}, FLAG, offsetof(struct config, uki_on_bios), false},
    {{"console"}, CONSOLE, 0, false},
    {{"keymap"}, TEXT, offsetof(struct config, keymap_name), false},
    {{"entry"}, ENTRY, 0, false},
    {{"auto-entries"}, FLAG, offsetof(struct config, auto_entries), false},
    {{"auto-firmware"}, FLAG, offsetof(struct config, auto_firmware), false},
    {{"auto-poweroff"}, FLAG, offsetof(struct config, auto_poweroff), false},
    {{"auto-reboot"}, FLAG, offsetof(struct config, auto_reboot), false},
    /* loader.conf(5) of systemd 258 */
    {{"beep"}, FOREIGN, 0, false},
    {{"console-mode"}, FOREIGN, 0, false},
    {{"log-level"}, FOREIGN, 0, false},
    {{"preferred"}, FOREIGN, 0, false},
    {{"random-seed-mode"}, FOREIGN, 0, false},
    {{"reboot-for-bitlocker"}, FOREIGN, 0, false},
    {{"reboot-on-error"}, FOREIGN, 0, false},
    {{"secure-boot-enroll"}, FOREIGN, 0, false},
    {{"secure-boot-enroll-action"}, FOREIGN, 0, false},
    {{"secure-boot-enroll-timeout-sec"}, FOREIGN, 0, false},
};

static void say_unknown(const struct conf *conf, const char *known)
{
    say("%s:%u: %s %s is neither %s\n", conf->name, conf->line, conf->key, shown(conf->value),
        known);
}

static bool is_one_of(const char *value, const char *const *words)
{
    while (*words && strcmp(value, *words) != 0)
        words++;
    return *words;
}

/* All words that systemd-boot takes. */
static void set_flag(const struct conf *conf, bool safe, bool *flag)
{
    static const char *const yes[] = {"yes", "y", "true", "t", "on", "1", NULL};
    static const char *const no[] = {"no", "n", "false", "f", "off", "0", NULL};

    *flag = is_one_of(conf->value, yes);
    if (*flag || is_one_of(conf->value, no))
        return;
    *flag = safe;
    say_unknown(conf, safe ? "yes nor no: yes is safer" : "yes nor no: no is safer");
}

static void set_console(const struct conf *conf, enum console *console)
{
    static const char *const kinds[] = {
        [CONSOLE_AUTO] = "auto", [CONSOLE_TEXT] = "text", [CONSOLE_FRAMEBUFFER] = "framebuffer"};

    for (uint32_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (strcmp(conf->value, kinds[i]) == 0) {
            *console = (enum console)i;
            return;
        }
    say_unknown(conf, "auto nor text nor framebuffer: passed over");
}

static enum err add_entry(struct conf *conf, struct arena *arena, struct config *config)
{
    struct entry_name *listed;

    TRY(ARENA_TAKE(arena, 1, &listed));
    *listed = (struct entry_name){conf->value, config->listed};
    config->listed = listed;
    return OK;
}

static enum err take(struct conf *conf, const struct loader_key *key, struct arena *arena,
                     struct config *config)
{
    void *field = (char *)config + key->field;
    char who[sizeof LOADER_CONF + 32];

    switch (key->kind) {
    case TIMEOUT:
        fmt(who, sizeof who, "%s:%u: timeout", conf->name, conf->line);
        config_set_timeout(config, arena, who, conf->value);
        return OK;
    case TEXT:
        *(char **)field = conf->value;
        return OK;
    case FLAG:
        set_flag(conf, key->safe, field);
        return OK;
    case CONSOLE:
        set_console(conf, &config->console);
        return OK;
    case ENTRY:
        return add_entry(conf, arena, config);
    case FOREIGN:
        note("%s:%u: %s is for systemd-boot: passed over\n", conf->name, conf->line, conf->key);
        return OK;
    }
    return OK;
}

/* Nobody knows what it said: the menu waits, the editor is off, and nothing is counted, for all of
 * that may have stood in it. */
static void distrust(struct config *config, struct arena *arena, const char *file, const char *why)
{
    config->editor = config->counting = false;
    doubt(&config->doubt, arena, "%s%s: options can't be edited, for it may have said so", file,
          why);
}

enum err loader_conf_parse(const char *text, uint64_t bytes, struct arena *arena,
                           struct config *config)
{
    struct conf conf;

    TRY(conf_begin(&conf, LOADER_CONF, text, bytes, arena));
    while (conf_next(&conf)) {
        size_t i = conf_find_key(&conf, keys, ARRAY_LENGTH(keys), sizeof keys[0]);
        if (i < ARRAY_LENGTH(keys))
            TRY(take(&conf, &keys[i], arena, config));
    }
    if (*conf.damage)
        distrust(config, arena, LOADER_CONF " ", conf.damage);
    return OK;
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

/* Reads a file of /loader, or of /boot/loader, to *text. */
static enum err read_text(const struct fs *fs, const char *path, struct arena *arena, char **text,
                          uint64_t *bytes)
{
    char in_boot[128];
    struct file file;

    fmt(in_boot, sizeof in_boot, "/boot%s", path);
    enum err err = fs_open(fs, path, &file);
    if (err == ERR_NOT_FOUND)
        err = fs_open(fs, in_boot, &file);
    if (err == ERR_NOT_FOUND)
        return fail(err, "neither %s nor %s is there", path, in_boot);
    TRY(err);
    TRY(arena_take(arena, CONF_BYTES_MAX, (void **)text));
    *bytes = file.reader.bytes;
    return config_read_text(&file.reader, *text);
}

static enum err parse_loader_conf(const struct fs *fs, struct arena *arena, struct config *config)
{
    uint64_t bytes;
    char *text;

    TRY(read_text(fs, LOADER_CONF, arena, &text, &bytes));
    return loader_conf_parse(text, bytes, arena, config);
}

/* Without a loader.conf the defaults hold. That of another volume than was meant does not allow
 * what the right one may have forbidden. */
static void read_loader_conf(const struct entry_volumes *volumes, struct arena *arena,
                             struct config *config)
{
    enum err err = volumes->count ? parse_loader_conf(volumes->fs[0], arena, config) : OK;

    if (err != OK && err != ERR_NOT_FOUND)
        distrust(config, arena, "", err_message());
    if (volumes->stand_in)
        config->editor = config->counting = false;
}

static enum err parse_keymap(const struct fs *fs, struct arena *arena, struct config *config)
{
    char path[sizeof KEYMAPS + KEYMAP_NAME_MOST];
    struct keymap *keymap;
    uint64_t bytes;
    char *text;

    if (strlen(config->keymap_name) > KEYMAP_NAME_MOST)
        return fail(ERR_FORMAT, "a name has at most %u characters", KEYMAP_NAME_MOST);
    fmt(path, sizeof path, KEYMAPS "%s", config->keymap_name);
    TRY(read_text(fs, path, arena, &text, &bytes));
    TRY(ARENA_TAKE(arena, 1, &keymap));
    TRY(keymap_parse(path, text, bytes, arena, keymap));
    config->keymap = keymap;
    return OK;
}

/* Where that fails, a US keyboard has all keys that a boot takes. */
static void read_keymap(const struct entry_volumes *volumes, struct arena *arena,
                        struct config *config)
{
    if (config->keymap_name && parse_keymap(volumes->fs[0], arena, config) != OK)
        doubt(&config->keymap_doubt, arena,
              LOADER_CONF ": keymap %s: %s: keys are those of a US keyboard",
              shown(config->keymap_name), err_message());
}

/* ---- the default ----------------------------------------------------------------------------- */

static bool glob_matches(const char *glob, const struct entry *entry)
{
    char name[FS_NAME_BYTES + sizeof ".conf"];

    fmt(name, sizeof name, "%s%s", entry->id, entry->suffix);
    return text_matches(glob, entry->id) || text_matches(glob, name);
}

struct matches {
    const struct entry *found, *damaged, *exhausted;
};

static void doubt_default(struct config *config, struct arena *arena, const char *who,
                          const char *glob, const char *problem, const struct entry *entry)
{
    doubt(&config->default_doubt, arena, "%s %s %s%s%s%s", who, shown(glob), problem,
          entry ? entry->id : "", entry && entry->damaged ? ", which " : "",
          entry && entry->damaged ? entry->problem : "");
}

/* Of what a glob matches the first in the menu's order counts, but none that has no tries left. Of
 * a damaged one nobody knows that place. */
static void find_wished(struct config *config, const char *glob, struct matches *matches)
{
    *matches = (struct matches){0};
    for (uint32_t i = config->count; i > 0; i--) {
        const struct entry *entry = &config->entries[i - 1];
        if (!glob_matches(glob, entry))
            continue;
        *(entry_is_exhausted(entry) ? &matches->exhausted : &matches->found) = entry;
        if (entry->damaged)
            matches->damaged = entry;
    }
}

void config_choose(struct config *config, struct arena *arena, const char *who, const char *glob,
                   bool once)
{
    struct matches matches;

    config->default_doubt = NULL;
    find_wished(config, glob, &matches);
    if (!matches.found && !matches.exhausted) {
        auto_entries_find(config);
        find_wished(config, glob, &matches);
    }
    if (matches.found)
        config->chosen = (uint32_t)(matches.found - config->entries);
    if (matches.damaged)
        doubt_default(config, arena, who, glob, "may mean the entry ", matches.damaged);
    else if (!matches.found && matches.exhausted)
        doubt_default(config, arena, who, glob,
                      "matches only entries without tries left: ", matches.exhausted);
    else if (!matches.found)
        doubt_default(config, arena, who, glob, "matches no entry", NULL);
    else if (entry_kind_is_act(matches.found->kind) && !once)
        doubt_default(config, arena, who, glob, "would for ever be ", matches.found);
}

/* Without a wish the first that can boot: the others before it, and all that are damaged, might
 * have been meant; and one without tries left was not. */
static void doubt_first(struct config *config, struct arena *arena)
{
    for (uint32_t i = 0; i < config->count; i++) {
        const struct entry *entry = &config->entries[i];
        if (entry->damaged || (entry->problem && i < config->chosen))
            doubt(&config->default_doubt, arena, "no default is set, and the entry %s %s",
                  entry->id, entry->problem);
    }
    if (entry_is_exhausted(&config->entries[config->chosen]))
        doubt(&config->default_doubt, arena, "no default is set, and no entry has tries left");
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
        config_choose(config, arena, LOADER_CONF ": default", glob, false);
    else
        doubt_first(config, arena);
}

static bool can_stand_in(const struct entry *entry, bool written)
{
    return !entry->failed && !entry->problem && !entry_is_exhausted(entry) &&
           (written ? entry->kind == ENTRY_WRITTEN : entry_kind_stands_in(entry->kind));
}

static struct entry *find_stand_in(struct config *config, uint32_t behind, bool written)
{
    for (uint32_t i = 1; i <= config->count; i++) {
        struct entry *entry = &config->entries[(behind + i) % config->count];
        if (can_stand_in(entry, written))
            return entry;
    }
    return NULL;
}

/* When all have failed that somebody wrote, the loader that was there before. */
struct entry *config_fall_back(struct config *config, struct entry *failed)
{
    uint32_t index = (uint32_t)(failed - config->entries);

    failed->failed = true;
    struct entry *next = find_stand_in(config, index, true);
    if (next)
        return next;
    auto_entries_find(config);
    return find_stand_in(config, config->count - 1, false);
}

/* A default that is not there is one that fails, and the first in order stands in for it. */
const char *config_reason_to_ask(const struct config *config)
{
    const struct entry *chosen = &config->entries[config->chosen];
    bool falls_back =
        config->fallback && !entry_is_exhausted(chosen) && !entry_kind_is_act(chosen->kind);

    return config->doubt ? config->doubt : falls_back ? NULL : config->default_doubt;
}

/* Where nothing is written, the loader that was there before us boots, whatever the default is
 * called: it is no other entry than was meant, but the machine as it was. `why` nothing is. */
static enum err choose_stand_in(struct config *config, struct arena *arena, const char *why)
{
    auto_entries_find(config);
    if (!config->count)
        return fail(ERR_NOT_FOUND, "%s", why);
    if (entry_kind_stands_in(config->entries->kind))
        say("%s: the default is %s\n", why, config->entries->title);
    else if (!config->doubt)
        doubt(&config->default_doubt, arena, "%s", why);
    return OK;
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
    struct config read = {.editor = true,
                          .counting = true,
                          .auto_entries = true,
                          .auto_firmware = true,
                          .auto_reboot = true,
                          .auto_poweroff = true,
                          .doubt = volumes->doubt};
    struct entry_item *list;
    char why[512] = "";

    read_loader_conf(volumes, arena, &read);
    read_keymap(volumes, arena, &read);
    if (read.auto_entries && volumes->all)
        read.unsearched = volumes;
    enum err err = entries_discover(volumes, arena, &read, &list);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    fmt(why, sizeof why, "%s", err_message());
    TRY(arrange(&read, list, arena));
    if (err == OK)
        choose_default(&read, arena);
    else
        TRY(choose_stand_in(&read, arena, why));
    *config = read;
    return OK;
}
