/* How does text reach both outputs, and keys come from both inputs? */
#include "kernel/console/console.h"
#include "kernel/console/ports.h"
#include "kernel/lib/text.h"
#include "kernel/machine/timer.h"

void console_open(void)
{
    serial_open();
    screen_open();
}

static uint32_t pause_after, pause_left; /* rows */
static bool at_keyboard;
static bool coloured; /* the serial line, once somebody may sit there */

/* ECMA-48, 8.3.117. */
static void serial_colour(enum colour colour)
{
    static const char *const sequences[COLOURS] = {[COLOUR_PLAIN] = "\033[0m",
                                                   [COLOUR_QUIET] = "\033[90m",
                                                   [COLOUR_TITLE] = "\033[33m",
                                                   [COLOUR_GOOD] = "\033[32m",
                                                   [COLOUR_BAD] = "\033[91m"};
    for (const char *c = sequences[colour]; coloured && *c; c++)
        serial_put(*c);
}

static void count_row(void)
{
    static const char more[] = "-- a key shows more --";
    if (pause_after == 0 || --pause_left > 0)
        return;
    pause_left = pause_after;
    for (const char *c = more; *c; c++)
        screen_put(*c, COLOUR_QUIET);
    console_key();
    for (int step = 0; step < 3; step++)
        for (const char *c = more; *c; c++)
            screen_put(step == 1 ? ' ' : '\b', COLOUR_PLAIN);
}

void print_colour(enum colour colour, const char *format, ...)
{
    char line[1024];
    va_list list;
    va_start(list, format);
    text_format(line, sizeof line, format, list);
    va_end(list);
    if (colour != COLOUR_PLAIN)
        serial_colour(colour);
    for (const char *c = line; *c; c++) {
        serial_put(*c);
        if (screen_put(*c, colour))
            count_row();
    }
    if (colour != COLOUR_PLAIN)
        serial_colour(COLOUR_PLAIN);
}

void console_listen(void)
{
    coloured = true;
    serial_listen();
    keyboard_open();
}

static bool keyboard_taken;
static struct queue passed; /* scan codes, by who has taken the keyboard */
static void (*wait)(void) = wait_for_interrupt;

void console_take_keyboard(bool taken)
{
    keyboard_taken = taken;
}

void console_pass_code(uint8_t code)
{
    queue_put(&passed, code);
}

void console_on_wait(void (*new_wait)(void))
{
    wait = new_wait;
}

struct input console_input(void)
{
    static struct scan_state keyboard;
    static struct terminal_state terminal;
    int byte = serial_byte();
    if (byte >= 0)
        return (struct input){INPUT_SERIAL, (uint8_t)byte,
                              terminal_decode(&terminal, (uint8_t)byte)};
    int code = keyboard_taken ? queue_get(&passed) : keyboard_code();
    if (code >= 0)
        return (struct input){INPUT_KEYBOARD, (uint8_t)code, scan_decode(&keyboard, (uint8_t)code)};
    return (struct input){INPUT_NONE, 0, KEY_NONE};
}

int console_key(void)
{
    for (;;) {
        struct input input = console_input();
        if (input.key != KEY_NONE) {
            at_keyboard = input.source == INPUT_KEYBOARD;
            return input.key;
        }
        if (input.source == INPUT_NONE)
            wait(); /* what came just before it is seen at the next tick */
    }
}

void console_pause_after(uint32_t rows)
{
    pause_after = pause_left = rows;
}

bool console_at_keyboard(void)
{
    return at_keyboard;
}
