/* What do bytes for a terminal ask it to show, and which key do bytes from one mean? */
#include "common/lib/terminal.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"

#define ESCAPE       0x1b
#define NUMBER_LIMIT 1000u
#define BRIGHT       0x08

/* ---- text ------------------------------------------------------------------------------------ */

static enum terminal_order read_text(struct terminal *terminal, uint8_t byte)
{
    if ((byte & 0xc0) == 0x80 && terminal->bytes_left) {
        terminal->character = terminal->character << 6 | (byte & 0x3f);
        return --terminal->bytes_left ? TERMINAL_WAIT : TERMINAL_CHARACTER;
    }
    terminal->bytes_left = byte < 0xc0 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    terminal->character = byte < 0x80 ? byte : byte & (0x3f >> terminal->bytes_left);
    if ((byte & 0xc0) == 0x80)
        terminal->character = UTF8_REPLACEMENT;
    return terminal->bytes_left ? TERMINAL_WAIT : TERMINAL_CHARACTER;
}

/* The terminal's colours count red, green, blue from bit 0, a VGA's from bit 2. */
static uint8_t vga_colour(uint32_t colour)
{
    return (uint8_t)((colour & 1) << 2 | (colour & 2) | (colour & 4) >> 2);
}

static void set_colour(struct terminal *terminal, uint32_t number)
{
    uint8_t *attribute = &terminal->attribute;

    if (number == 0)
        *attribute = TERMINAL_PLAIN;
    else if (number == 1)
        *attribute |= BRIGHT;
    else if (number >= 30 && number <= 37)
        *attribute = (uint8_t)((*attribute & 0xf8) | vga_colour(number - 30));
    else if (number >= 40 && number <= 47)
        *attribute = (uint8_t)((*attribute & 0x0f) | vga_colour(number - 40) << 4);
}

static enum terminal_order end_sequence(struct terminal *terminal, char final)
{
    switch (final) {
    case 'H':
        terminal->row = MAX(terminal->numbers[0], 1u);
        terminal->column = MAX(terminal->numbers[1], 1u);
        return TERMINAL_MOVE;
    case 'J':
        return terminal->numbers[0] == 2 ? TERMINAL_ERASE : TERMINAL_WAIT;
    case 'K':
        return TERMINAL_ERASE_REST;
    case 'm':
        for (uint32_t i = 0; i <= terminal->number && i < ARRAY_LENGTH(terminal->numbers); i++)
            set_colour(terminal, terminal->numbers[i]);
        return TERMINAL_COLOUR;
    default:
        return TERMINAL_WAIT;
    }
}

/* More numbers than there is room for are passed over. */
static enum terminal_order read_sequence(struct terminal *terminal, char c)
{
    const uint32_t most = ARRAY_LENGTH(terminal->numbers);

    if (c >= '@') {
        terminal->state = TERMINAL_TEXT;
        return end_sequence(terminal, c);
    }
    if (c == ';') {
        terminal->number = MIN(terminal->number + 1, most);
    } else if (c >= '0' && c <= '9' && terminal->number < most) {
        uint32_t *number = &terminal->numbers[terminal->number];
        *number = MIN(*number * 10 + (uint32_t)(c - '0'), NUMBER_LIMIT);
    }
    return TERMINAL_WAIT;
}

enum terminal_order terminal_read(struct terminal *terminal, char c)
{
    if (c == ESCAPE) {
        terminal->state = TERMINAL_AFTER_ESCAPE;
        terminal->bytes_left = 0;
        return TERMINAL_WAIT;
    }
    switch (terminal->state) {
    case TERMINAL_AFTER_ESCAPE:
        terminal->state = c == '[' ? TERMINAL_IN_SEQUENCE : TERMINAL_TEXT;
        terminal->number = 0;
        memset(terminal->numbers, 0, sizeof terminal->numbers);
        return TERMINAL_WAIT;
    case TERMINAL_IN_SEQUENCE:
        return read_sequence(terminal, c);
    default:
        return read_text(terminal, (uint8_t)c);
    }
}

/* ---- keys ------------------------------------------------------------------------------------ */

#define SEQUENCE_BYTES    16 /* longer ones are noise */
#define WAITS_MOST        10
#define WAIT_MILLISECONDS 10

/* Where the bytes of a key come from. */
struct input {
    bool (*get)(char *c);
    void (*wait)(uint32_t milliseconds);
};

/* By a sequence's final letter, or by its number where that is a tilde. */
static const struct {
    char letter;
    uint8_t numbers[2];
    enum key key;
} special_keys[] = {
    {'A', {0, 0}, KEY_UP},    {'B', {0, 0}, KEY_DOWN},    {'C', {0, 0}, KEY_RIGHT},
    {'D', {0, 0}, KEY_LEFT},  {'H', {1, 7}, KEY_HOME},    {'F', {4, 8}, KEY_END},
    {0, {5, 5}, KEY_PAGE_UP}, {0, {6, 6}, KEY_PAGE_DOWN}, {0, {3, 3}, KEY_DELETE},
};

/* A letter has a number only with modifiers, as in ESC[1;5H: ESC[1;1H moves a cursor, and is an
 * echo.
 */
static enum key find_special_key(char letter, const uint32_t *numbers)
{
    if (letter != '~' && (numbers[0] > 1 || numbers[0] != (numbers[1] > 1)))
        return KEY_UNKNOWN;
    for (uint32_t i = 0; i < ARRAY_LENGTH(special_keys); i++)
        if (letter == '~' ? numbers[0] && (numbers[0] == special_keys[i].numbers[0] ||
                                           numbers[0] == special_keys[i].numbers[1])
                          : letter == special_keys[i].letter)
            return special_keys[i].key;
    return KEY_UNKNOWN;
}

/* Firmware looks at its serial lines at each tick of its timer, and may find a part of a sequence
 * (EDK II: every 20 ms). Counted waits give it that many ticks, however long the host of a virtual
 * machine lets one take; the last look comes after the last wait. */
static bool get_soon(const struct input *input, char *c)
{
    for (uint32_t waits = 0; !input->get(c); waits++) {
        if (waits == WAITS_MOST)
            return false;
        input->wait(WAIT_MILLISECONDS);
    }
    return true;
}

static enum key read_key_sequence(const struct input *input)
{
    uint32_t numbers[3] = {0}, at = 0; /* what follows a semicolon are modifiers */
    char c;

    for (uint32_t i = 0; i < SEQUENCE_BYTES && get_soon(input, &c); i++) {
        if (c >= '@' && c <= '~')
            return find_special_key(c, numbers);
        if (c == ESCAPE) { /* another one begins: the end of this is lost */
            at = numbers[0] = numbers[1] = 0;
            get_soon(input, &c);
        } else if (c == ';') {
            at = MIN(at + 1, 2u);
        } else if (c >= '0' && c <= '9') {
            numbers[at] = MIN(numbers[at] * 10 + (uint32_t)(c - '0'), NUMBER_LIMIT);
        }
    }
    return KEY_UNKNOWN;
}

enum key terminal_key(char first, bool (*get)(char *c), void (*wait)(uint32_t milliseconds))
{
    const struct input input = {get, wait};
    char second;

    if (first == '\n')
        return KEY_ENTER;
    if (first == 0x7f)
        return KEY_BACKSPACE;
    if (first != ESCAPE)
        return (uint8_t)first < 0x80 ? (enum key)first : KEY_UNKNOWN;
    if (!get_soon(&input, &second))
        return KEY_ESCAPE;
    return second == '[' || second == 'O' ? read_key_sequence(&input) : KEY_UNKNOWN;
}
