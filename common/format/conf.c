/* Which keys and values does a configuration file hold? */
#include "common/format/conf.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

/* Bytes from FEh on are in no UTF-8, nor do they begin a word in Latin-1; erased flash is full of
 * them. */
static bool is_text(char c)
{
    uint8_t byte = (uint8_t)c;

    return (byte >= ' ' && byte != 0x7f && byte < 0xfe) || c == '\t' || c == '\n' || c == '\r';
}

static void set_damage(struct conf *conf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What was found first says the most. */
static void set_damage(struct conf *conf, const char *format, ...)
{
    va_list list;

    if (*conf->damage)
        return;
    va_start(list, format);
    fmt_list(conf->damage, sizeof conf->damage, format, list);
    va_end(list);
}

static void find_damage(struct conf *conf)
{
    uint64_t bytes = (uint64_t)(conf->end - conf->next), i = 0;

    if (text_is_utf16(conf->next, bytes)) {
        set_damage(conf, "is UTF-16 text: save it as UTF-8");
        conf->next = conf->end;
        return;
    }
    while (i < bytes && is_text(conf->next[i]))
        i++;
    if (i < bytes)
        set_damage(conf, "is no text: its byte %lu is %02Xh", i, (uint8_t)conf->next[i]);
}

/* Editors for DOS end a file with ^Z. */
enum err conf_begin(struct conf *conf, const char *name, const char *text, uint64_t bytes,
                    struct arena *arena)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    char *copy;

    if (bytes >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
        text += 3;
        bytes -= 3;
    }
    if (bytes && text[bytes - 1] == 0x1a)
        bytes--;
    TRY(arena_text(arena, text, bytes, &copy));
    *conf = (struct conf){.name = name, .next = copy, .end = copy + bytes};
    find_damage(conf);
    return OK;
}

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

/* Cuts the next line out, without its end and the white space around it. */
static char *take_line(struct conf *conf)
{
    char *line = conf->next;
    char *end = line;

    while (end < conf->end && !ends_line(*end))
        end++;
    conf->next = end < conf->end ? end + 1 : end;
    if (end[0] == '\r' && end[1] == '\n')
        conf->next++;
    conf->line++;

    while (end > line && text_is_blank(end[-1]))
        end--;
    *end = '\0';
    while (text_is_blank(*line))
        line++;
    return line;
}

bool conf_next(struct conf *conf)
{
    while (conf->next < conf->end) {
        char *line = take_line(conf);

        if (*line == '\0' || *line == '#')
            continue;
        if (strlen(line) > CONF_LINE_MAX) {
            set_damage(conf, "has a line %u of more than %u bytes", conf->line, CONF_LINE_MAX);
            continue;
        }
        conf->key = line;
        conf->value = text_split_word(line);
        return true;
    }
    if (conf->unknown > conf->known)
        set_damage(conf, "is damaged: lines that nobody knows: %u of %u", conf->unknown,
                   conf->known + conf->unknown);
    return false;
}

/* One byte is another, too many or lost; in a line that has no value it may be the blank. */
static bool is_damaged(const struct conf *conf, const char *key)
{
    const char *word = conf->key;

    while (*key && *key == *word)
        key++, word++;
    if (!*key)
        return !*conf->value || !word[1];
    return strcmp(word, key + 1) == 0 ||
           (*word && (strcmp(word + 1, key) == 0 || strcmp(word + 1, key + 1) == 0));
}

static void judge_unknown(struct conf *conf, const void *keys, size_t count, size_t row_bytes)
{
    conf->unknown++;
    if (!*conf->damage)
        note("%s:%u: key %s is not known: passed over\n", conf->name, conf->line, conf->key);
    for (size_t i = 0; i < count; i++) {
        const struct conf_key *key = (const void *)((const char *)keys + i * row_bytes);
        if (is_damaged(conf, key->name))
            set_damage(conf, "is damaged: line %u has the key %s and not %s", conf->line, conf->key,
                       key->name);
    }
}

size_t conf_find_key(struct conf *conf, const void *keys, size_t count, size_t row_bytes)
{
    for (size_t i = 0; i < count; i++) {
        const struct conf_key *key = (const void *)((const char *)keys + i * row_bytes);
        if (strcmp(conf->key, key->name) == 0) {
            conf->known++;
            return i;
        }
    }
    judge_unknown(conf, keys, count, row_bytes);
    return count;
}
