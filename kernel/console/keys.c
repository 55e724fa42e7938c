/* Which key is meant by scan codes, or by what a terminal sends? */
#include "kernel/console/keys.h"

#define CODE_PREFIX  0xe0
#define CODE_CONTROL 0x1d
#define CODE_SHIFT_L 0x2a
#define CODE_SHIFT_R 0x36
#define CODE_CAPS    0x3a

static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./"
                            "\0*\0 \0\0\0\0\0\0\0\0\0\0\0\0\000789-456+1230.";
static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?"
                              "\0*\0 \0\0\0\0\0\0\0\0\0\0\0\0\000789-456+1230.";

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Behind the prefix E0h: keys that the PC's first keyboard did not have. */
static int extended_key(uint8_t code)
{
    static const int keys[] = {
        [0x1c] = KEY_ENTER,   [0x35] = '/',           [0x47] = KEY_HOME,   [0x48] = KEY_UP,
        [0x49] = KEY_PAGE_UP, [0x4b] = KEY_LEFT,      [0x4d] = KEY_RIGHT,  [0x4f] = KEY_END,
        [0x50] = KEY_DOWN,    [0x51] = KEY_PAGE_DOWN, [0x52] = KEY_INSERT, [0x53] = KEY_DELETE};
    return code < sizeof keys / sizeof *keys ? keys[code] : KEY_NONE;
}

static int character(const struct scan_state *state, uint8_t code)
{
    if (code >= sizeof plain)
        return KEY_NONE;
    char c = plain[code];
    if (state->control && is_letter(c))
        return c - 'a' + 1;
    bool upper = state->shift != (state->caps && is_letter(c));
    return upper ? shifted[code] : c;
}

int scan_decode(struct scan_state *state, uint8_t code)
{
    bool pressed = !(code & SCAN_RELEASED), extended = state->extended;
    state->extended = code == CODE_PREFIX;
    switch (code & (uint8_t)~SCAN_RELEASED) {
    case CODE_CONTROL:
        state->control = pressed;
        return KEY_NONE;
    case CODE_SHIFT_L:
    case CODE_SHIFT_R:
        state->shift = extended ? state->shift : pressed; /* E0 2A: a shift that nobody pressed */
        return KEY_NONE;
    case CODE_CAPS:
        state->caps ^= pressed;
        return KEY_NONE;
    }
    if (!pressed)
        return KEY_NONE;
    return extended ? extended_key(code) : character(state, code);
}

/* ESC [ 3 ~ and its like. */
static int numbered_key(uint8_t number)
{
    static const int keys[] = {KEY_NONE,    KEY_HOME,      KEY_INSERT, KEY_DELETE, KEY_END,
                               KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME,   KEY_END};
    return number < sizeof keys / sizeof *keys ? keys[number] : KEY_NONE;
}

static int final_key(struct terminal_state *state, uint8_t byte)
{
    static const char finals[] = "ABCDFH";
    static const int keys[] = {KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_END, KEY_HOME};
    for (int i = 0; finals[i]; i++)
        if (byte == finals[i])
            return keys[i];
    return byte == '~' ? numbered_key(state->number) : KEY_NONE;
}

static int plain_byte(uint8_t byte)
{
    if (byte == '\r')
        return KEY_ENTER;
    return byte == 0x7f ? KEY_BACKSPACE : byte;
}

int terminal_decode(struct terminal_state *state, uint8_t byte)
{
    if (byte == KEY_ESCAPE) {
        *state = (struct terminal_state){.stage = 1};
        return KEY_NONE;
    }
    if (state->stage == 0)
        return plain_byte(byte);
    if (state->stage == 1) {
        state->stage = byte == '[' || byte == 'O' ? 2 : 0;
        return state->stage ? KEY_NONE : plain_byte(byte);
    }
    if (byte >= '0' && byte <= '9') {
        state->number = (uint8_t)(state->number * 10 + (byte - '0'));
        return KEY_NONE;
    }
    if (byte == ';')
        return KEY_NONE;
    state->stage = 0;
    return final_key(state, byte);
}
