/* How are texts put together? */
#define _GNU_SOURCE /* vasprintf() */
#include "images/tool/host/text.h"
#include "common/lib/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *must(char *text)
{
    if (!text) {
        fputs("lintel: this machine has no memory left\n", stderr);
        abort();
    }
    return text;
}

static char *format_list(const char *format, va_list list)
{
    char *text;
    return must(vasprintf(&text, format, list) < 0 ? NULL : text);
}

char *text_of(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = format_list(format, list);
    va_end(list);
    return text;
}

void text_add(char **text, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *more = format_list(format, list);
    va_end(list);
    size_t length = *text ? strlen(*text) : 0;
    *text = must(realloc(*text, length + strlen(more) + 1));
    memcpy(*text + length, more, strlen(more) + 1);
    free(more);
}

struct decimal decimal(uint64_t number)
{
    struct decimal decimal;
    snprintf(decimal.text, sizeof decimal.text, "%lu", number);
    return decimal;
}

struct size_text size_text(uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    struct size_text size;
    size_t unit = 0;

    while (unit + 1 < ARRAY_LENGTH(units) && bytes && bytes % KIB == 0) {
        bytes /= KIB;
        unit++;
    }
    snprintf(size.text, sizeof size.text, "%lu %s", bytes, units[unit]);
    return size;
}

const char *text_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}
