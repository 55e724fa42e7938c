/* Programs that firmware starts for us: EFI applications, and Linux kernels by their EFI entry
 * (UEFI 2.10, 7.4). When one returns, the machine is as it was before. */
#include "uefi/program.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"
#include "uefi/console.h"
#include "uefi/disk.h"
#include "uefi/initrd.h"
#include "uefi/path.h"
#include "uefi/protocol.h"
#include "uefi/serial.h"
#include "uefi/uefi.h"
#include "uefi/volume.h"

#define SCREENS_MAX   8
#define EXIT_TEXT_MAX 160

/* What of the screens a program may change. It may even take them away, so they are found anew. */
struct screens {
    struct {
        EFI_HANDLE handle;
        UINT32 mode;
    } pixels[SCREENS_MAX];
    UINTN count;
    INT32 text_mode;
};

/* ---- where it came from ---------------------------------------------------------------------- */

static EFI_HANDLE device_of(const struct program *program)
{
    if (!program->disk)
        return NULL;
    if (program->disk->sector_bytes)
        return volume_on(program->disk, program->volume_first_lba);
    const EFI_LOADED_IMAGE *own = protocol_on(uefi_image, (EFI_GUID)EFI_LOADED_IMAGE_PROTOCOL_GUID);
    return own ? own->DeviceHandle : NULL; /* the network card */
}

static void *put_node(void *to, uint8_t type, uint8_t subtype, uint64_t bytes)
{
    EFI_DEVICE_PATH *node = to;

    *node = (EFI_DEVICE_PATH){type, subtype, {(UINT8)bytes, (UINT8)(bytes >> 8)}};
    return (uint8_t *)to + bytes;
}

/* A file's node: from the root, with "\" between names. Returns what lies behind it. */
static void *put_file_node(void *to, const char *file)
{
    CHAR16 *name = (CHAR16 *)((uint8_t *)to + sizeof(EFI_DEVICE_PATH));
    uint64_t length;

    while (*file == '/' || *file == '\\')
        file++;
    name[0] = '\\';
    length = 1 + utf8_to_utf16(file, (uint16_t *)name + 1);
    for (uint64_t i = 0; i < length; i++)
        if (name[i] == '/')
            name[i] = '\\';
    return put_node(to, MEDIA_DEVICE_PATH, MEDIA_FILEPATH_DP,
                    sizeof(EFI_DEVICE_PATH) + (length + 1) * sizeof *name);
}

/* A device path for the program: its device's, where it came from one, then its file, which a line
 * of a configuration file names: its length fits a node. NULL: no memory. */
static EFI_DEVICE_PATH *make_path(EFI_HANDLE device, const char *file)
{
    const EFI_DEVICE_PATH *parent = path_on(device);
    EFI_DEVICE_PATH *path;
    uint64_t bytes = path_bytes(parent);

    uint64_t room = bytes + (strlen(file) + 2) * sizeof(CHAR16) + 2 * sizeof *path;
    if (EFI_ERROR(uefi_boot->AllocatePool(EfiLoaderData, room, (void **)&path)))
        return NULL;
    if (bytes)
        memcpy(path, parent, bytes);
    uint8_t *behind = put_file_node((uint8_t *)path + bytes, file);
    path_end(behind);
    return path;
}

/* ---- loading --------------------------------------------------------------------------------- */

static enum err refuse(const struct program *program, EFI_STATUS status)
{
    if (status == EFI_ACCESS_DENIED || status == EFI_SECURITY_VIOLATION)
        return fail(ERR_UNSUPPORTED,
                    "%s: Secure Boot refuses it (%s): it is not signed with a key that this "
                    "machine trusts, or its signature is revoked",
                    program->name, status_name(status));
    if (status == EFI_OUT_OF_RESOURCES)
        return fail(ERR_NO_MEMORY, "%s: the firmware has no memory to load it: %s", program->name,
                    status_name(status));
    return fail(ERR_UNSUPPORTED, "%s: the firmware does not load it: %s", program->name,
                status_name(status));
}

/* Where Secure Boot only distrusts an image, firmware loads it, but does not start it. */
static enum err load(const struct program *program, EFI_HANDLE device, EFI_HANDLE *image)
{
    EFI_DEVICE_PATH *path = make_path(device, program->path);

    *image = NULL;
    if (!path)
        return fail(ERR_NO_MEMORY, "%s: no memory for its device path", program->name);
    EFI_STATUS status = uefi_boot->LoadImage(/* BootPolicy */ FALSE, uefi_image, path,
                                             (void *)program->image, program->bytes, image);
    uefi_boot->FreePool(path); /* firmware keeps a copy */
    if (status == EFI_SECURITY_VIOLATION && *image)
        uefi_boot->UnloadImage(*image);
    return EFI_ERROR(status) ? refuse(program, status) : OK;
}

/* Firmware finds the device by the path only where it has a file system driver on it. */
static enum err give_options(const struct program *program, EFI_HANDLE device, EFI_HANDLE image,
                             CHAR16 **options)
{
    EFI_LOADED_IMAGE *loaded = protocol_on(image, (EFI_GUID)EFI_LOADED_IMAGE_PROTOCOL_GUID);
    uint64_t room = (strlen(program->options) + 1) * sizeof **options;

    if (!loaded)
        return fail(ERR_UNSUPPORTED, "%s: the firmware loaded it without a Loaded Image Protocol",
                    program->name);
    if (!loaded->DeviceHandle)
        loaded->DeviceHandle = device;
    if (!*program->options)
        return OK;
    if (EFI_ERROR(uefi_boot->AllocatePool(EfiLoaderData, room, (void **)options)))
        return fail(ERR_NO_MEMORY, "%s: no memory for its options", program->name);
    uint64_t length = utf8_to_utf16(program->options, (uint16_t *)*options);
    loaded->LoadOptions = *options;
    loaded->LoadOptionsSize = (UINT32)((length + 1) * sizeof **options);
    return OK;
}

/* ---- the screen ------------------------------------------------------------------------------ */

static void save_screens(struct screens *screens)
{
    EFI_HANDLE *handles;
    UINTN count = protocol_handles((EFI_GUID)EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID, &handles);

    *screens = (struct screens){0};
    for (UINTN i = 0; i < count && screens->count < SCREENS_MAX; i++) {
        EFI_GRAPHICS_OUTPUT_PROTOCOL *gop =
            protocol_on(handles[i], (EFI_GUID)EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID);
        if (!gop || !gop->Mode)
            continue;
        screens->pixels[screens->count].handle = handles[i];
        screens->pixels[screens->count++].mode = gop->Mode->Mode;
    }
    if (count)
        uefi_boot->FreePool(handles);
    if (uefi_system->ConOut && uefi_system->ConOut->Mode)
        screens->text_mode = uefi_system->ConOut->Mode->Mode;
}

static void restore_pixels(const struct screens *screens, EFI_HANDLE handle)
{
    EFI_GRAPHICS_OUTPUT_PROTOCOL *gop =
        protocol_on(handle, (EFI_GUID)EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID);

    for (UINTN i = 0; gop && gop->Mode && i < screens->count; i++)
        if (screens->pixels[i].handle == handle && gop->Mode->Mode != screens->pixels[i].mode)
            gop->SetMode(gop, screens->pixels[i].mode);
}

/* Setting the text mode clears the screen, and draws on pixels as the text mode wants them. */
static void restore_screens(const struct screens *screens)
{
    SIMPLE_TEXT_OUTPUT_INTERFACE *text = uefi_system->ConOut;
    EFI_HANDLE *handles;
    UINTN count = protocol_handles((EFI_GUID)EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID, &handles);

    for (UINTN i = 0; i < count; i++)
        restore_pixels(screens, handles[i]);
    if (count)
        uefi_boot->FreePool(handles);
    if (!text)
        return;
    text->SetMode(text, (UINTN)screens->text_mode);
    text->SetAttribute(text, EFI_TEXT_ATTR(EFI_LIGHTGRAY, EFI_BLACK));
    text->EnableCursor(text, TRUE);
}

/* ---- starting -------------------------------------------------------------------------------- */

/* Text that a program left, which firmware allocated; "" where it left none. */
static void take_exit_data(CHAR16 *data, UINTN bytes, char text[3 * EXIT_TEXT_MAX + 1])
{
    uint32_t length = 0;

    while (data && length < EXIT_TEXT_MAX && length < bytes / sizeof *data && data[length])
        length++;
    utf8_from_utf16((const uint16_t *)data, length, text);
    if (data)
        uefi_boot->FreePool(data);
}

/* A program that is refused or has failed may have left anything on the screen and in the watchdog
 * timer, but what it loaded and took firmware gives back itself. */
static enum err run(const struct program *program, EFI_HANDLE image)
{
    struct screens screens;
    char exit_text[3 * EXIT_TEXT_MAX + 1];
    CHAR16 *exit_data = NULL;
    UINTN exit_bytes = 0;

    console_flush();
    save_screens(&screens);
    EFI_STATUS status = uefi_boot->StartImage(image, &exit_bytes, &exit_data);
    enum err initrd = initrd_withdraw();
    uefi_boot->SetWatchdogTimer(0, 0, 0, NULL);
    restore_screens(&screens);
    serial_begin();
    disk_refresh();
    take_exit_data(exit_data, exit_bytes, exit_text);
    if (status == EFI_SECURITY_VIOLATION)
        uefi_boot->UnloadImage(image);
    if (status == EFI_SECURITY_VIOLATION || status == EFI_ACCESS_DENIED)
        return refuse(program, status);
    if (initrd != OK)
        return fail(initrd, "%s: its initrd: %s", program->name, err_message());
    if (EFI_ERROR(status))
        return fail(ERR_IO, "%s ended with the error %s%s%s", program->name, status_name(status),
                    *exit_text ? ": " : "", exit_text);
    note("%s ended without an error: %s\n", program->name, exit_text);
    return OK;
}

enum err program_start(const struct program *program)
{
    EFI_HANDLE device = device_of(program), image;
    CHAR16 *options = NULL;

    TRY(load(program, device, &image));
    enum err err = give_options(program, device, image, &options);
    if (err == OK)
        err = initrd_offer(program);
    if (err == OK)
        err = run(program, image);
    else
        uefi_boot->UnloadImage(image);
    if (options)
        uefi_boot->FreePool(options);
    return err;
}
