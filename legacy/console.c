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

/* What the keys of a US keyboard type, by scan code from 02h on; 0: no character. */
#define SCAN_FIRST 0x02
#define SCAN_Q     0x10
#define SCAN_102ND 0x56
#define ALT_FIRST  0x78 /* with Alt the digits' row has codes of its own, */
#define ALT_LAST   0x83 /* from 1 to = */

static const char us_characters[] = "1234567890-=\0\0qwertyuiop[]\0\0asdfghjkl;'`\0\\zxcvbnm,./";

static char us_character(uint8_t scan_code)
{
    uint32_t index = scan_code - (uint32_t)SCAN_FIRST;

    return index < sizeof us_characters ? us_characters[index] : 0;
}

/* One of the number pad has its sign on all keyboards. */
static uint32_t marks_of(uint8_t character, uint8_t scan_code)
{
    if (character <= ' ' || character > '~')
        return 0;
    if (scan_code == SCAN_102ND)
        return KEY_FROM_KEYBOARD | KEY_102ND;
    return us_character(scan_code) ? KEY_FROM_KEYBOARD : 0;
}

/* With Alt, which AltGr is to a BIOS, a key has no character. Codes below Q's are Ctrl's. */
static enum key key_with_alt(uint8_t scan_code)
{
    bool in_first_row = scan_code >= ALT_FIRST && scan_code <= ALT_LAST;
    char c = in_first_row          ? us_character(scan_code - ALT_FIRST + SCAN_FIRST)
             : scan_code >= SCAN_Q ? us_character(scan_code)
                                   : 0;

    return c ? (enum key)(c | KEY_FROM_KEYBOARD | KEY_WITH_ALT) : KEY_NONE;
}

static enum key keyboard_key(bool marked)
{
    struct bios_regs regs = {.eax = 0x1100}; /* ZF = 0: a key waits */

    bios_call(0x16, &regs);
    if (regs.flags & FLAG_ZERO)
        return KEY_NONE;
    regs = (struct bios_regs){.eax = 0x1000}; /* AH = scan code, AL = character */
    bios_call(0x16, &regs);

    /* F0h stands for what no keyboard of an AT had. */
    uint8_t character = (uint8_t)regs.eax, scan_code = bios_ah(&regs);
    if (character == 0 || character == 0xe0 || character == 0xf0) {
        enum key key = key_of_scan_code(scan_code);
        return marked && key == KEY_NONE ? key_with_alt(scan_code) : key;
    }
    if (character >= 0x80) /* in a code page that nobody tells */
        return KEY_UNKNOWN;
    return (enum key)(character | (marked ? marks_of(character, scan_code) : 0));
}

static enum key serial_key(void)
{
    char c;

    return serial_get(&c) ? terminal_key(c, serial_get, clock_wait) : KEY_NONE;
}

enum key console_key(bool marked)
{
    vga_show_cursor();
    enum key key = serial_key();
    return key ? key : keyboard_key(marked);
}
