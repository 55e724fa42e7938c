/* Any bytes as what is put on a terminal, and as what its keys send to the line editor. */
#include "common/lib/mem.h"
#include "common/lib/terminal.h"
#include "common/menu/line.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const uint8_t *next, *end;

static bool get(char *c)
{
    if (next == end)
        return false;
    *c = (char)*next++;
    return true;
}

static void wait(uint32_t milliseconds)
{
    (void)milliseconds;
}

static void put(const uint8_t *data, size_t bytes)
{
    struct terminal terminal = {.attribute = TERMINAL_PLAIN};

    for (size_t i = 0; i < bytes; i++) {
        enum terminal_order order = terminal_read(&terminal, (char)data[i]);
        if (order == TERMINAL_MOVE && (!terminal.row || !terminal.column))
            abort();
        if (order == TERMINAL_COLOUR && terminal.attribute & 0x80) /* would blink */
            abort();
        if (order == TERMINAL_CHARACTER && terminal.character > 0x1fffff)
            abort();
    }
}

static void edit(const uint8_t *data, size_t bytes)
{
    char text[32] = "z\xc3\xbcrich";
    struct line line;
    char c;

    next = data;
    end = data + bytes;
    line_begin(&line, text, sizeof text);
    while (get(&c)) {
        line_key(&line, terminal_key(c, get, wait));
        if (strlen(text) >= sizeof text || line.cursor > strlen(text) ||
            line_from(&line, line_column(&line)) != text + line.cursor)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    put(data, bytes);
    edit(data, bytes);
    return 0;
}
