/* A serial line that firmware drives but does not use as a console: text goes to it and keys come
 * from it as well (UEFI 2.10, 12.8). Where it is a console already it is left alone, or each line
 * would come out twice. */
#include "uefi.h"

#define ESCAPE 0x1b

/* The rest of an arrow key's sequence is here by then, at 9600 baud too; after a lone ESC nothing
 * is. */
#define ESCAPE_MICROSECONDS 5000

static EFI_SERIAL_IO_PROTOCOL *line; /* NULL: none, or firmware's */

/* The variable lists the devices that make up the console (UEFI 2.10, 3.3). */
static bool is_console(void)
{
    static _Alignas(8) uint8_t path[1024];
    EFI_GUID global = EFI_GLOBAL_VARIABLE;
    CHAR16 name[] = u"ConOut";
    UINTN bytes = sizeof path - sizeof(EFI_DEVICE_PATH); /* the rest ends a path without an end */

    if (EFI_ERROR(uefi_system->RuntimeServices->GetVariable(name, &global, NULL, &bytes, path)))
        return false;
    return path_find((EFI_DEVICE_PATH *)path, MESSAGING_DEVICE_PATH, MSG_UART_DP);
}

void serial_begin(void)
{
    line = is_console() ? NULL : protocol_anywhere((EFI_GUID)EFI_SERIAL_IO_PROTOCOL_GUID);
}

void serial_put(char c)
{
    char text[] = {'\r', c};
    UINTN bytes = c == '\n' ? 2 : 1;

    if (line)
        line->Write(line, &bytes, text + 2 - bytes);
}

static bool read_byte(char *byte)
{
    UINT32 control;
    UINTN bytes = 1;

    return !EFI_ERROR(line->GetControl(line, &control)) &&
           !(control & EFI_SERIAL_INPUT_BUFFER_EMPTY) &&
           !EFI_ERROR(line->Read(line, &bytes, byte)) && bytes == 1;
}

static enum key key_of_sequence(char letter)
{
    switch (letter) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    default:
        return KEY_NONE;
    }
}

enum key serial_key(void)
{
    char byte;

    if (!line || !read_byte(&byte))
        return KEY_NONE;
    if (byte == '\n')
        return KEY_ENTER;
    if (byte != ESCAPE)
        return (uint8_t)byte < 0x80 ? (enum key)byte : KEY_NONE;
    uefi_boot->Stall(ESCAPE_MICROSECONDS);
    if (!read_byte(&byte) || byte != '[')
        return KEY_ESCAPE;
    return read_byte(&byte) ? key_of_sequence(byte) : KEY_NONE;
}
