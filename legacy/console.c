#include "console.h"
#include "bios.h"
#include "common/lib/mem.h"
#include "serial.h"
#include "vga.h"

void console_begin(void)
{
    serial_begin();
    vga_begin();
}

void console_put(char c)
{
    if (c == '\n')
        serial_put('\r');
    serial_put(c);
    vga_put(c);
}

void console_graphics(void)
{
    vga_graphics();
}

/* The extended keys of INT 16h by scan code, and of an ANSI terminal by the last byte of ESC[ or
 * ESC O sequences (ECMA-48; xterm and VT220 send 1 and 4 with a tilde for the last two). */
static const struct {
    uint8_t scan_code;
    char letter, digit;
    enum key key;
} special_keys[] = {
    {0x48, 'A', 0, KEY_UP},
    {0x50, 'B', 0, KEY_DOWN},
    {0x47, 'H', '1', KEY_HOME},
    {0x4f, 'F', '4', KEY_END},
};

static enum key key_of_scan_code(uint8_t scan_code)
{
    for (uint32_t i = 0; i < ARRAY_LENGTH(special_keys); i++)
        if (special_keys[i].scan_code == scan_code)
            return special_keys[i].key;
    return KEY_NONE;
}

static enum key key_of_sequence(char c)
{
    for (uint32_t i = 0; i < ARRAY_LENGTH(special_keys); i++)
        if (special_keys[i].letter == c || (special_keys[i].digit && special_keys[i].digit == c))
            return special_keys[i].key;
    return KEY_NONE;
}

static enum key keyboard_key(void)
{
    struct bios_regs regs = {.eax = 0x1100}; /* ZF = 0: a key waits */

    bios_call(0x16, &regs);
    if (regs.flags & FLAG_ZERO)
        return KEY_NONE;
    regs = (struct bios_regs){.eax = 0x1000}; /* AH = scan code, AL = character */
    bios_call(0x16, &regs);

    uint8_t character = (uint8_t)regs.eax;
    if (character == 0 || character == 0xe0)
        return key_of_scan_code(bios_ah(&regs));
    return (enum key)character;
}

#define SEQUENCE_BYTES 16 /* longer ones are noise */

static enum key serial_sequence(void)
{
    char c;

    if (!serial_get_soon(&c))
        return KEY_ESCAPE;
    if ((c != '[' && c != 'O') || !serial_get_soon(&c))
        return KEY_NONE;
    enum key key = key_of_sequence(c);
    for (uint32_t i = 0; i < SEQUENCE_BYTES && c != '~' && c < '@'; i++)
        if (!serial_get_soon(&c))
            break;
    return key;
}

static enum key serial_key(void)
{
    char c;

    if (!serial_get(&c))
        return KEY_NONE;
    if (c == KEY_ESCAPE)
        return serial_sequence();
    return c == '\n' ? KEY_ENTER : (enum key)(uint8_t)c;
}

enum key console_key(void)
{
    vga_show_cursor();
    enum key key = serial_key();
    return key ? key : keyboard_key();
}
