/* Boot Loader Specification type 1 entries (UAPI.1), with Lintel's own keys `kernel`, `module` and
 * `protocol`. */
#include "common/entries/entry.h"
#include "common/format/conf.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

struct parser {
    struct conf conf;
    struct arena *arena;
    struct entry *entry;
    uint64_t options_bytes, options_room; /* of entry->options: used, and what the file can fill */
};

struct entry_key {
    struct conf_key key;
    enum err (*take)(struct parser *parser, const struct entry_key *key, char *value);
    size_t field; /* of struct entry, where `take` needs one */
};

/* The first problem is the one to tell. */
static enum err set_problem(struct parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum err set_problem(struct parser *parser, const char *format, ...)
{
    char text[256];
    va_list list;

    if (parser->entry->problem)
        return OK;
    va_start(list, format);
    size_t bytes = fmt_list(text, sizeof text, format, list);
    va_end(list);
    return arena_text(parser->arena, text, MIN(bytes, sizeof text - 1), &parser->entry->problem);
}

static void note_twice(const struct parser *parser, const struct entry_key *key, const char *old)
{
    if (*old)
        note("%s:%u: %s stands here again: this one counts\n", parser->conf.name, parser->conf.line,
             key->key.name);
}

static enum err take_text(struct parser *parser, const struct entry_key *key, char *value)
{
    char **field = (char **)((char *)parser->entry + key->field);

    note_twice(parser, key, *field ? *field : "");
    *field = value;
    return OK;
}

static enum err take_kernel(struct parser *parser, const struct entry_key *key, char *value)
{
    struct entry *entry = parser->entry;

    note_twice(parser, key, entry->kernel ? entry->kernel : "");
    entry->kernel = value;
    return arena_text(parser->arena, key->key.name, strlen(key->key.name), &entry->kernel_key);
}

static enum err take_file(struct parser *parser, const struct entry_key *key, char *value)
{
    struct entry_file **end = (struct entry_file **)((char *)parser->entry + key->field);
    struct entry_file *file;

    TRY(ARENA_TAKE(parser->arena, 1, &file));
    file->argument = text_split_word(value);
    file->path = value;
    while (*end)
        end = &(*end)->next;
    *end = file;
    return OK;
}

static enum err take_options(struct parser *parser, const struct entry_key *key, char *value)
{
    char **options = &parser->entry->options;
    uint64_t used = parser->options_bytes;

    (void)key;
    if (used == 0)
        TRY(arena_take(parser->arena, parser->options_room, (void **)options));
    parser->options_bytes +=
        fmt(*options + used, parser->options_room - used, "%s%s", used ? " " : "", value);
    return OK;
}

static enum err take_architecture(struct parser *parser, const struct entry_key *key, char *value)
{
    (void)key;
    if (text_equal(value, "x64"))
        return OK;
    parser->entry->foreign = true;
    return set_problem(parser, "is for the architecture %s, this machine is x64", value);
}

/* The number of a profile (UAPI.5), which becomes part of the options. */
static enum err take_profile(struct parser *parser, const struct entry_key *key, char *value)
{
    uint64_t number;
    const char *rest = text_number(value, &number);

    if (!rest || *rest)
        return set_problem(parser, "has the profile %s, which is no number", value);
    return take_text(parser, key, value);
}

/* Only entries that the loader can boot as they mean it are to be shown. */
static enum err take_unsupported(struct parser *parser, const struct entry_key *key, char *value)
{
    (void)value;
    parser->entry->foreign = true;
    return set_problem(parser, "uses the key `%s`, which Lintel does not support", key->key.name);
}

static enum err take_url(struct parser *parser, const struct entry_key *key, char *value)
{
    TRY(take_kernel(parser, key, value));
    return take_unsupported(parser, key, value);
}

/* Resources of a kind that nobody knows are to be passed over; the others are meant to be there.
 * What is an archive already needs none around it. */
static enum err take_extra(struct parser *parser, const struct entry_key *key, char *value)
{
    static const struct entry_key initrd = {{"initrd"}, take_file, offsetof(struct entry, initrds)};

    if (text_ends(value, ".cred") || text_ends(value, ".confext.raw") ||
        text_ends(value, ".sysext.raw"))
        return take_file(parser, key, value);
    if (text_ends(value, ".cpio") || text_ends(value, ".initrd"))
        return take_file(parser, &initrd, value);
    if (text_ends(value, ".addon.efi"))
        return set_problem(
            parser,
            "names the add-on %s by `extra`: a unified kernel image's own stub loads "
            "such, from the directory IMAGE.efi.extra.d beside it",
            value);
    note("%s:%u: extra %s is of no known kind: passed over\n", parser->conf.name, parser->conf.line,
         value);
    return OK;
}

static const struct entry_key keys[] = {
    {{"title"}, take_text, offsetof(struct entry, title)},
    {{"version"}, take_text, offsetof(struct entry, version)},
    {{"sort-key"}, take_text, offsetof(struct entry, sort_key)},
    {{"machine-id"}, take_text, offsetof(struct entry, machine_id)},
    {{"kernel"}, take_kernel, 0},
    {{"linux"}, take_kernel, 0},
    {{"efi"}, take_kernel, 0},
    {{"uki"}, take_kernel, 0},
    {{"protocol"}, take_text, offsetof(struct entry, protocol)},
    {{"module"}, take_file, offsetof(struct entry, modules)},
    {{"initrd"}, take_file, offsetof(struct entry, initrds)},
    {{"options"}, take_options, 0},
    {{"profile"}, take_profile, offsetof(struct entry, profile)},
    {{"architecture"}, take_architecture, 0},
    {{"uki-url"}, take_url, 0},
    {{"extra"}, take_extra, offsetof(struct entry, extras)},
    {{"devicetree"}, take_unsupported, 0},
    {{"devicetree-overlay"}, take_unsupported, 0},
};

/* Generators write keys whose value is empty. */
static enum err take_line(struct parser *parser)
{
    struct conf *conf = &parser->conf;
    size_t i = conf_find_key(conf, keys, ARRAY_LENGTH(keys), sizeof keys[0]);

    if (i == ARRAY_LENGTH(keys))
        return OK;
    if (*conf->value)
        return keys[i].take(parser, &keys[i], conf->value);
    note("%s:%u: %s has no value: passed over\n", conf->name, conf->line, conf->key);
    return OK;
}

/* What is for another machine is no wish of this one's, whatever it says. */
static enum err judge(struct parser *parser)
{
    struct entry *entry = parser->entry;

    if (entry->foreign || (entry->kernel && !*parser->conf.damage))
        return OK;
    entry->damaged = true;
    if (!*parser->conf.damage)
        return set_problem(parser, "names no kernel: none of `kernel`, `linux`, `efi`, `uki`");
    entry->problem = NULL;
    return set_problem(parser, "%s", parser->conf.damage);
}

/* Boot counting: "name+LEFT.conf" or "name+LEFT-DONE.conf". The counter is no part of the id. */
static void cut_counter(struct entry *entry)
{
    char *plus = text_last(entry->id, '+');
    uint64_t left, done = 0;

    if (!plus)
        return;
    const char *rest = text_number(plus + 1, &left);
    if (rest && *rest == '-')
        rest = text_number(rest + 1, &done);
    if (!rest || *rest)
        return;
    entry->counted = true;
    entry->tries_left = (uint32_t)left;
    entry->tries_done = (uint32_t)done;
    *plus = '\0';
}

enum err entry_name_after(const char *file, const char *suffix, struct arena *arena,
                          struct entry *entry)
{
    uint64_t bytes = strlen(file);

    entry->suffix = suffix;
    if (text_ends(file, suffix))
        bytes -= strlen(suffix);
    TRY(arena_text(arena, file, bytes, &entry->id));
    cut_counter(entry);
    return OK;
}

enum err entry_parse(const char *name, const char *text, uint64_t bytes, struct arena *arena,
                     struct entry *entry)
{
    static char empty[] = "";
    struct entry parsed = {
        .title = empty, .version = empty, .sort_key = empty, .machine_id = empty, .options = empty};
    struct parser parser = {.arena = arena, .entry = &parsed, .options_room = bytes + 1};

    TRY(entry_name_after(name, ".conf", arena, &parsed));
    TRY(conf_begin(&parser.conf, parsed.id, text, bytes, arena));
    while (conf_next(&parser.conf))
        TRY(take_line(&parser));

    if (!*parsed.title)
        parsed.title = parsed.id;
    TRY(judge(&parser));
    *entry = parsed;
    return OK;
}
