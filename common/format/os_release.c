/* What does an os-release file say of a variable? */
#include "common/format/os_release.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

static const char *line_end(const char *line)
{
    while (*line && *line != '\n')
        line++;
    return line;
}

static const char *next_line(const char *line)
{
    line = line_end(line);
    return *line ? line + 1 : line;
}

static bool assigns(const char *line, const char *variable)
{
    size_t length = strlen(variable);

    return strncmp(line, variable, length) == 0 && line[length] == '=';
}

/* Up to the closing quote; within "", and outside of quotes, \ takes the next character as it is.
 */
static void unquote(char *value, uint64_t bytes)
{
    char quote = *value == '"' || *value == '\'' ? *value : '\0';
    uint64_t length = 0;

    for (uint64_t i = quote ? 1 : 0; i < bytes && (!quote || value[i] != quote); i++) {
        if (value[i] == '\\' && quote != '\'' && i + 1 < bytes)
            i++;
        value[length++] = value[i];
    }
    value[length] = '\0';
}

enum err os_release_get(const char *text, const char *variable, struct arena *arena, char **value)
{
    const char *found = "", *end = found;

    for (const char *line = text; *line; line = next_line(line)) {
        while (text_is_blank(*line))
            line++;
        if (!assigns(line, variable))
            continue;
        found = line + strlen(variable) + 1;
        end = line_end(found);
    }
    while (end > found && (text_is_blank(end[-1]) || end[-1] == '\r'))
        end--;
    TRY(arena_text(arena, found, (uint64_t)(end - found), value));
    unquote(*value, (uint64_t)(end - found));
    return OK;
}
