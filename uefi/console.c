/* Text and keys. Firmware's console is one protocol for all screens and serial lines that it was
 * configured for (UEFI 2.10, 12.3 and 12.4). It is slow, so text goes to it by the line. */
#include "uefi/console.h"
#include "common/lib/mem.h"
#include "common/lib/terminal.h"
#include "uefi/clock.h"
#include "uefi/gop.h"
#include "uefi/path.h"
#include "uefi/protocol.h"
#include "uefi/serial.h"
#include "uefi/uefi.h"
#include <eficonex.h>

#define COLUMNS_MOST 1024 /* no screen has more */

static SIMPLE_TEXT_OUTPUT_INTERFACE *screen; /* NULL: a machine without any console */
static CHAR16 line[256];                     /* not yet shown; room for a final 0 */
static uint32_t line_length;

static struct terminal terminal = {.attribute = TERMINAL_PLAIN};
static bool graphics; /* are shown: only the serial line takes text */

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
    const SIMPLE_TEXT_OUTPUT_MODE *mode = screen->Mode;
    UINTN columns, rows;

    if (!mode || EFI_ERROR(screen->QueryMode(screen, (UINTN)mode->Mode, &columns, &rows)) ||
        columns > COLUMNS_MOST)
        return;
    UINTN row = (UINTN)mode->CursorRow, column = (UINTN)mode->CursorColumn;
    for (UINTN i = column; i + 1 < columns; i++)
        append(' ');
    console_flush();
    screen->SetCursorPosition(screen, column, row);
}

/* Firmware draws a box for what its font lacks. EDK II's screens have all of Latin-1, but its
 * serial lines, which TestString() asks as well, do not: they show it as '?' themselves. */
static CHAR16 shown_as(uint32_t character)
{
    CHAR16 text[] = {(CHAR16)character, 0};

    if (character < 0x100)
        return text[0];
    if (character > 0xffff || !screen || EFI_ERROR(screen->TestString(screen, text)))
        return '?';
    return text[0];
}

static void put_character(uint32_t character)
{
    if (character == '\n') {
        append('\r');
        append('\n');
        console_flush();
    } else if (character >= ' ' || character == '\r' || character == '\b') {
        append(shown_as(character));
    }
}

static void obey(enum terminal_order order)
{
    console_flush();
    if (!screen)
        return;
    switch (order) {
    case TERMINAL_MOVE:
        screen->SetCursorPosition(screen, terminal.column - 1, terminal.row - 1);
        break;
    case TERMINAL_ERASE:
        screen->ClearScreen(screen);
        break;
    case TERMINAL_ERASE_REST:
        clear_to_end_of_line();
        break;
    case TERMINAL_COLOUR:
        screen->SetAttribute(screen, terminal.attribute);
        break;
    default:
        break;
    }
}

void console_put(char c)
{
    serial_put(c, graphics);
    enum terminal_order order = terminal_read(&terminal, c);
    if (graphics || order == TERMINAL_WAIT)
        return;
    if (order == TERMINAL_CHARACTER)
        put_character(terminal.character);
    else
        obey(order);
}

void console_graphics(void)
{
    console_flush();
    graphics = true;
}

void console_text(void)
{
    if (!graphics)
        return;
    gop_restore();
    graphics = false;
    if (screen)
        screen->ClearScreen(screen);
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* Where keys are read now. */
static struct source {
    SIMPLE_INPUT_INTERFACE *plain;
    EFI_SIMPLE_TEXT_INPUT_EX_PROTOCOL *extended; /* tells Alt and Ctrl; NULL: nothing does */
} source;

static bool read_key(EFI_KEY_DATA *key)
{
    *key = (EFI_KEY_DATA){0};
    if (source.extended)
        return !EFI_ERROR(source.extended->ReadKeyStrokeEx(source.extended, key));
    return source.plain && !EFI_ERROR(source.plain->ReadKeyStroke(source.plain, &key->Key));
}

static bool read_character(char *c)
{
    EFI_KEY_DATA key;

    if (!read_key(&key) || key.Key.UnicodeChar >= 0x80)
        return false;
    *c = (char)key.Key.UnicodeChar;
    return true;
}

/* A serial console of firmware's gives a sequence that it does not know, such as that of Delete,
 * away as single keys. */
static enum key key_of(const EFI_INPUT_KEY *key)
{
    static const enum key by_scan_code[] = {
        [SCAN_UP] = KEY_UP,           [SCAN_DOWN] = KEY_DOWN,           [SCAN_LEFT] = KEY_LEFT,
        [SCAN_RIGHT] = KEY_RIGHT,     [SCAN_HOME] = KEY_HOME,           [SCAN_END] = KEY_END,
        [SCAN_PAGE_UP] = KEY_PAGE_UP, [SCAN_PAGE_DOWN] = KEY_PAGE_DOWN, [SCAN_DELETE] = KEY_DELETE,
    };

    if (key->ScanCode == SCAN_ESC || key->UnicodeChar)
        return key->UnicodeChar < 0x80
                   ? terminal_key(key->UnicodeChar ? (char)key->UnicodeChar : KEY_ESCAPE,
                                  read_character, clock_wait)
                   : KEY_UNKNOWN;
    return key->ScanCode < ARRAY_LENGTH(by_scan_code) ? by_scan_code[key->ScanCode] : KEY_NONE;
}

/* Where Ctrl is told (UEFI 2.10, 12.2.3), it is left to us to apply. */
static enum key key_of_keyboard(const EFI_KEY_DATA *data)
{
    const uint32_t ctrl = EFI_LEFT_CONTROL_PRESSED | EFI_RIGHT_CONTROL_PRESSED;
    const uint32_t alt = EFI_LEFT_ALT_PRESSED | EFI_RIGHT_ALT_PRESSED;
    uint32_t state = data->KeyState.KeyShiftState, c = data->Key.UnicodeChar;

    if (c <= ' ' || c > '~')
        return key_of(&data->Key);
    if (state & alt)
        return (enum key)(c | KEY_FROM_KEYBOARD | KEY_WITH_ALT);
    return state & ctrl && c >= '@' ? (enum key)(c & 0x1f) : (enum key)(c | KEY_FROM_KEYBOARD);
}

/* Firmware's console is all devices in one. */
static enum key unmarked_key(void)
{
    EFI_KEY_DATA data;

    source = (struct source){.plain = uefi_system->ConIn};
    return read_key(&data) ? key_of(&data.Key) : KEY_NONE;
}

/* Some firmware has the newer protocol, with an event that is none, and no keys behind it. */
static enum key device_key(EFI_HANDLE device, bool is_keyboard)
{
    EFI_KEY_DATA data;

    source = (struct source){
        .plain = protocol_on(device, (EFI_GUID)SIMPLE_TEXT_INPUT_PROTOCOL),
        .extended = protocol_on(device, (EFI_GUID)EFI_SIMPLE_TEXT_INPUT_EX_PROTOCOL_GUID),
    };
    if (source.extended &&
        uefi_boot->CheckEvent(source.extended->WaitForKeyEx) == EFI_INVALID_PARAMETER)
        source.extended = NULL;
    if (!read_key(&data))
        return KEY_NONE;
    return is_keyboard ? key_of_keyboard(&data) : key_of(&data.Key);
}

/* One device after the other: the console itself has no path, a serial line's has a UART. They are
 * looked for each time, as a keyboard may be unplugged. Where none is one, the console knows more.
 */
static enum key marked_key(void)
{
    EFI_HANDLE *handles;
    UINTN count = protocol_handles((EFI_GUID)SIMPLE_TEXT_INPUT_PROTOCOL, &handles);
    bool has_keyboard = false;
    enum key key = KEY_NONE;

    for (UINTN i = 0; i < count && key == KEY_NONE; i++) {
        const EFI_DEVICE_PATH *path = path_on(handles[i]);
        bool is_keyboard = path && !path_find(path, MESSAGING_DEVICE_PATH, MSG_UART_DP);

        has_keyboard |= is_keyboard;
        if (path)
            key = device_key(handles[i], is_keyboard);
    }
    if (count)
        uefi_boot->FreePool(handles);
    return has_keyboard || key ? key : unmarked_key();
}

enum key console_key(bool marked)
{
    console_flush();
    enum key key = marked ? marked_key() : unmarked_key();
    return key == KEY_NONE ? serial_key() : key;
}
