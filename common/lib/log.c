/* What has been said so far? */
#include "common/lib/log.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"

static char kept[LOG_BYTES]; /* a ring */
static size_t total;         /* bytes ever kept */
static void (*show)(char c);

void log_attach(void (*put)(char c))
{
    show = put;
}

bool log_is_shown(void)
{
    return show;
}

static void keep(const char *text)
{
    for (; *text; text++)
        kept[total++ % LOG_BYTES] = *text;
}

static void add(bool shown, const char *format, va_list list)
{
    char text[640];
    fmt_shown_list(text, sizeof text, format, list);
    keep(text);
    if (shown && show)
        for (const char *c = text; *c; c++)
            show(*c);
}

void say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add(true, format, list);
    va_end(list);
}

void note(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    add(false, format, list);
    va_end(list);
}

size_t log_copy(char *to, size_t bytes)
{
    size_t length = MIN(MIN(total, (size_t)LOG_BYTES), bytes ? bytes - 1 : 0);
    for (size_t i = 0; i < length; i++)
        to[i] = kept[(total - length + i) % LOG_BYTES];
    if (bytes)
        to[length] = 0;
    return length;
}
