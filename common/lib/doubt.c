/* Why is what would boot perhaps not what was meant? */
#include "common/lib/doubt.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

void doubt(const char **reason, struct arena *arena, const char *format, ...)
{
    char text[512], *kept;
    va_list list;

    va_start(list, format);
    size_t bytes = fmt_list(text, sizeof text, format, list);
    va_end(list);
    say("%s\n", text);
    if (*reason)
        return;
    bool taken = arena_text(arena, text, MIN(bytes, sizeof text - 1), &kept) == OK;
    *reason = taken ? kept : "there is no memory left to say what is in doubt";
}
