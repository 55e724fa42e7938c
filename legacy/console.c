/* Where text goes and where keys come from: the VGA screen, the keyboard and COM1 at once. */
#include "legacy/console.h"
#include "common/lib/mem.h"
#include "common/lib/terminal.h"
#include "legacy/bios.h"
#include "legacy/clock.h"
#include "legacy/serial.h"
#include "legacy/vga.h"

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

void console_text(void)
{
    vga_text();
}

/* The extended keys of INT 16h. */
static enum key key_of_scan_code(uint8_t scan_code)
{
    static const struct {
        uint8_t scan_code;
        enum key key;
    } special_keys[] = {
        {0x48, KEY_UP},      {0x50, KEY_DOWN},      {0x4b, KEY_LEFT},
        {0x4d, KEY_RIGHT},   {0x47, KEY_HOME},      {0x4f, KEY_END},
        {0x49, KEY_PAGE_UP}, {0x51, KEY_PAGE_DOWN}, {0x53, KEY_DELETE},
    };

    for (uint32_t i = 0; i < ARRAY_LENGTH(special_keys); i++)
        if (special_keys[i].scan_code == scan_code)
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

static enum key serial_key(void)
{
    char c;

    return serial_get(&c) ? terminal_key(c, serial_get, clock_wait) : KEY_NONE;
}

enum key console_key(void)
{
    vga_show_cursor();
    enum key key = serial_key();
    return key ? key : keyboard_key();
}
