/* Text and keys. Firmware's console is one protocol for all screens and serial lines that it was
 * configured for (UEFI 2.10, 12.3 and 12.4). It is slow, so text goes to it by the line. */
#include "uefi.h"
#include "common/lib/mem.h"

#define COLOURS_NORMAL  EFI_TEXT_ATTR(EFI_LIGHTGRAY, EFI_BLACK)
#define COLOURS_INVERSE EFI_TEXT_ATTR(EFI_BLACK, EFI_LIGHTGRAY)

#define ESCAPE 0x1b

static SIMPLE_TEXT_OUTPUT_INTERFACE *screen; /* NULL: a machine without any console */
static CHAR16 line[256];                     /* not yet shown; room for a final 0 */
static uint32_t line_length;

/* The escape sequence that is being read (ECMA-48, 5.4): ESC, then [, numbers, a final letter. */
static struct {
    enum { PLAIN, AFTER_ESCAPE, IN_SEQUENCE } state;
    uint32_t numbers[2];
    uint32_t count; /* of numbers, less one */
} sequence;

void console_begin(void)
{
    screen = uefi_system->ConOut;
    serial_begin();
}

void console_flush(void)
{
    line[line_length] = 0;
    if (line_length && screen)
        screen->OutputString(screen, line);
    line_length = 0;
}

static void append(CHAR16 c)
{
    if (line_length == ARRAY_LENGTH(line) - 1)
        console_flush();
    line[line_length++] = c;
}

/* Firmware has no verb for it. The last column stays: writing there would scroll some screens. */
static void clear_to_end_of_line(void)
{
    UINTN columns, rows, row = (UINTN)screen->Mode->CursorRow;
    UINTN column = (UINTN)screen->Mode->CursorColumn;

    if (EFI_ERROR(screen->QueryMode(screen, (UINTN)screen->Mode->Mode, &columns, &rows)))
        return;
    for (UINTN i = column; i + 1 < columns; i++)
        append(' ');
    console_flush();
    screen->SetCursorPosition(screen, column, row);
}

static void obey_sequence(char letter)
{
    const uint32_t *numbers = sequence.numbers;

    console_flush();
    if (!screen)
        return;
    switch (letter) {
    case 'J':
        screen->ClearScreen(screen);
        break;
    case 'H':
        screen->SetCursorPosition(screen, MAX(numbers[1], 1u) - 1, MAX(numbers[0], 1u) - 1);
        break;
    case 'K':
        clear_to_end_of_line();
        break;
    case 'm':
        screen->SetAttribute(screen, numbers[0] == 7 ? COLOURS_INVERSE : COLOURS_NORMAL);
        break;
    }
}

static void read_sequence(char c)
{
    uint32_t *number = &sequence.numbers[sequence.count];

    if (sequence.state == AFTER_ESCAPE) {
        sequence.state = c == '[' ? IN_SEQUENCE : PLAIN;
    } else if (c >= '0' && c <= '9') {
        *number = MIN(*number * 10 + (uint32_t)(c - '0'), 999u);
    } else if (c == ';') {
        sequence.count = 1;
    } else {
        obey_sequence(c);
        sequence.state = PLAIN;
    }
}

void console_put(char c)
{
    uint8_t byte = (uint8_t)c;

    serial_put(c);
    if (sequence.state != PLAIN) {
        read_sequence(c);
    } else if (byte == ESCAPE) {
        memset(&sequence, 0, sizeof sequence);
        sequence.state = AFTER_ESCAPE;
    } else if (byte == '\n') {
        append('\r');
        append('\n');
        console_flush();
    } else if (byte == '\r' || (byte >= ' ' && byte <= '~')) {
        append(byte);
    } else if (byte >= 0xc0) { /* the first of a UTF-8 character's bytes stands for all of them */
        append('?');
    }
}

static enum key keyboard_key(void)
{
    static const enum key by_scan_code[] = {
        [SCAN_UP] = KEY_UP,   [SCAN_DOWN] = KEY_DOWN,  [SCAN_HOME] = KEY_HOME,
        [SCAN_END] = KEY_END, [SCAN_ESC] = KEY_ESCAPE,
    };
    SIMPLE_INPUT_INTERFACE *keyboard = uefi_system->ConIn;
    EFI_INPUT_KEY key;

    if (!keyboard || EFI_ERROR(keyboard->ReadKeyStroke(keyboard, &key)))
        return KEY_NONE;
    if (key.UnicodeChar == '\n')
        return KEY_ENTER;
    if (key.UnicodeChar)
        return key.UnicodeChar < 0x80 ? (enum key)key.UnicodeChar : KEY_NONE;
    return key.ScanCode < ARRAY_LENGTH(by_scan_code) ? by_scan_code[key.ScanCode] : KEY_NONE;
}

enum key console_key(void)
{
    console_flush();
    enum key key = keyboard_key();
    return key == KEY_NONE ? serial_key() : key;
}
