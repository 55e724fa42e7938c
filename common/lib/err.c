/* What went wrong last, and why? */
#include "common/lib/err.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"

static char message[512];

/* The new text may quote the old one, so it is made beside it first. */
static void record(const char *prefix, const char *format, va_list list)
{
    char text[sizeof message];
    size_t begin = fmt(text, sizeof text, "%s", prefix);
    fmt_shown_list(text + begin, sizeof text - begin, format, list);
    memcpy(message, text, sizeof message);
}

enum err fail(enum err code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    record("", format, list);
    va_end(list);
    return code;
}

enum err bug(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    record("this is a bug in Lintel, please report it: ", format, list);
    va_end(list);
    return ERR_BUG;
}

const char *err_message(void)
{
    return message;
}
