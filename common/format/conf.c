/* Which keys and values does a configuration file hold? */
#include "common/format/conf.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

/* U+0080 to U+009F, which terminals obey like ESC sequences, are C2h 80h to C2h 9Fh in UTF-8. */
static bool is_c1(const char *text, uint64_t bytes)
{
    return bytes >= 2 && (uint8_t)text[0] == 0xc2 && (uint8_t)text[1] >= 0x80 &&
           (uint8_t)text[1] < 0xa0;
}

static bool is_c0(char c, bool keep_lines)
{
    if (keep_lines && (c == '\n' || c == '\r'))
        return false;
    return ((uint8_t)c < 0x20 && c != '\t') || c == 0x7f;
}

uint64_t conf_clean(char *text, uint64_t bytes, bool keep_lines)
{
    uint64_t replaced = 0;

    for (uint64_t i = 0; i < bytes; i++) {
        if (is_c1(text + i, bytes - i))
            text[i] = text[i + 1] = '?';
        else if (is_c0(text[i], keep_lines))
            text[i] = '?';
        else
            continue;
        replaced++;
    }
    return replaced;
}

enum err conf_begin(struct conf *conf, const char *name, const char *text, uint64_t bytes,
                    struct arena *arena)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    char *copy;

    if (bytes >= 3 && memcmp(text, byte_order_mark, 3) == 0) {
        text += 3;
        bytes -= 3;
    }
    TRY(arena_text(arena, text, bytes, &copy));
    if (conf_clean(copy, bytes, true))
        note("%s: control characters replaced by ?\n", name);
    *conf = (struct conf){.name = name, .next = copy, .end = copy + bytes};
    return OK;
}

/* Cuts the next line out, without its end and the white space around it. */
static char *take_line(struct conf *conf)
{
    char *line = conf->next;
    char *end = line;

    while (end < conf->end && *end != '\n')
        end++;
    conf->next = end < conf->end ? end + 1 : end;
    conf->line++;
    conf->too_long = end - line > CONF_LINE_MAX;

    while (end > line && (text_is_blank(end[-1]) || end[-1] == '\r'))
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
        note("%s:%u: %s has no value: passed over\n", conf->name, conf->line, conf->key);
    }
    return false;
}
