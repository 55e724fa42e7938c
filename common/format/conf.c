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

static void find_damage(struct conf *conf)
{
    uint64_t bytes = (uint64_t)(conf->end - conf->next), i = 0;

    if (text_is_utf16(conf->next, bytes)) {
        fmt(conf->damage, sizeof conf->damage, "is UTF-16 text: save it as UTF-8");
        conf->next = conf->end;
        return;
    }
    while (i < bytes && is_text(conf->next[i]))
        i++;
    if (i < bytes)
        fmt(conf->damage, sizeof conf->damage, "is no text: its byte %lu is %02Xh", i,
            (uint8_t)conf->next[i]);
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
    conf->too_long = end - line > CONF_LINE_MAX;

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
        if (conf->too_long) {
            conf->key = conf->value = line + strlen(line);
            return true;
        }
        conf->key = line;
        conf->value = text_split_word(line);
        if (*conf->value)
            return true;
        conf->without_value++;
        if (!*conf->damage)
            note("%s:%u: %s has no value: passed over\n", conf->name, conf->line, conf->key);
    }
    return false;
}
