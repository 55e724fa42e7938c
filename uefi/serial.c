/* A serial line that firmware drives (UEFI 2.10, 12.8). Where firmware's console does not use it,
 * text goes to it and keys come from it as well. Where it is a console already, each line would
 * come out twice: then it is left alone but while the screen shows graphics, which the console
 * would draw over. */
#include "uefi/serial.h"
#include "common/lib/mem.h"
#include "common/lib/terminal.h"
#include "uefi/clock.h"
#include "uefi/path.h"
#include "uefi/protocol.h"
#include "uefi/uefi.h"

static EFI_SERIAL_IO_PROTOCOL *line; /* NULL: none */
static bool is_console;

/* True when one of the devices of the console is this one: an instance of the path begins with its
 * path (UEFI 2.10, 10.3.1). */
static bool has_instance(const EFI_DEVICE_PATH *console, const EFI_DEVICE_PATH *device)
{
    if (path_behind(console, device))
        return true;
    for (; console; console = path_next(console))
        if (DevicePathType(console) == END_DEVICE_PATH_TYPE &&
            path_behind(NextDevicePathNode(console), device))
            return true;
    return false;
}

/* The variable lists the devices that make up the console (UEFI 2.10, 3.3); NULL: none. */
static const EFI_DEVICE_PATH *read_console_path(void)
{
    static uint8_t path[1024];
    EFI_GUID global = EFI_GLOBAL_VARIABLE;
    CHAR16 name[] = u"ConOut";
    UINTN bytes = sizeof path;

    if (EFI_ERROR(uefi_system->RuntimeServices->GetVariable(name, &global, NULL, &bytes, path)))
        return NULL;
    return path_check(path, MIN(bytes, sizeof path));
}

/* The console's line, where it has one and that can be told, else the first. */
static EFI_HANDLE choose_line(const EFI_DEVICE_PATH *console, EFI_HANDLE *handles, UINTN count)
{
    for (UINTN i = 0; i < count; i++) {
        const EFI_DEVICE_PATH *device = path_on(handles[i]);
        if (console && device && has_instance(console, device))
            return handles[i];
    }
    return handles[0];
}

void serial_begin(void)
{
    const EFI_DEVICE_PATH *console = read_console_path();
    EFI_HANDLE *handles;
    UINTN count = protocol_handles((EFI_GUID)EFI_SERIAL_IO_PROTOCOL_GUID, &handles);

    if (!count)
        return;
    is_console = path_find(console, MESSAGING_DEVICE_PATH, MSG_UART_DP) != NULL;
    line = protocol_on(choose_line(console, handles, count), (EFI_GUID)EFI_SERIAL_IO_PROTOCOL_GUID);
    uefi_boot->FreePool(handles);
}

void serial_put(char c, bool graphics)
{
    char text[] = {'\r', c};
    UINTN bytes = c == '\n' ? 2 : 1;

    if (line && (!is_console || graphics))
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

enum key serial_key(void)
{
    char byte;

    if (!line || is_console || !read_byte(&byte))
        return KEY_NONE;
    return terminal_key(byte, read_byte, clock_wait);
}
