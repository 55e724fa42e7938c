/* What if UEFI firmware lies? Starts Lintel's real EFI file with a system table of its own, whose
 * services and protocols tell the lies that uefi_image.py wrote into `lies`. A new lie is one call
 * of tells() where a service would have told the truth. The firmware itself hears none of them. */
#include <efi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINTEL u"\\EFI\\HONEST\\LINTELX64.EFI"

#define LIES_MOST 8
#define PROXIES   32

/* "NAME" by its value in `value`, `times` times (0: for ever) from the question after `skip` on. */
struct lie {
    char name[32];
    uint64_t value, skip, times;
};

/* The text before the table is how uefi_image.py finds it. */
static volatile struct {
    char here[16];
    struct lie lies[LIES_MOST];
} told = {"LINTEL-LIES-HERE", {{{0}, 0, 0, 0}}};

static EFI_HANDLE own_image;
static EFI_BOOT_SERVICES *real;       /* the firmware's */
static EFI_RUNTIME_SERVICES *runtime; /* the firmware's */
static EFI_SYSTEM_TABLE *lying;       /* what Lintel gets */
static uint64_t lintel_base;          /* where Lintel's file was loaded */

static bool is_named(const volatile char *name, const char *wanted)
{
    while (*wanted && *name == *wanted) {
        name++;
        wanted++;
    }
    return !*wanted && !*name;
}

/* True when this lie is to be told now. */
static bool tells(const char *name, uint64_t *value)
{
    static uint64_t asked[LIES_MOST];

    for (int i = 0; i < LIES_MOST; i++) {
        volatile struct lie *lie = &told.lies[i];
        if (!is_named(lie->name, name))
            continue;
        uint64_t before = asked[i]++;
        *value = lie->value;
        bool now = before >= lie->skip && (!lie->times || before - lie->skip < lie->times);
        if (now && before == lie->skip) /* row.py looks for it */
            __asm__ volatile("outb %b0, $0xe9" : : "a"('0' + i));
        return now;
    }
    return false;
}

static void copy(void *to, const void *from, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++)
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
}

static bool is_same(const void *a, const void *b, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes; i++)
        if (((const uint8_t *)a)[i] != ((const uint8_t *)b)[i])
            return false;
    return true;
}

static void *take(EFI_MEMORY_TYPE type, uint64_t bytes)
{
    void *memory = NULL;

    real->AllocatePool(type, bytes, &memory);
    return memory;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* One more descriptor, where there is room for it. */
static EFI_STATUS add_descriptor(UINTN *bytes, UINTN room, void *map, UINTN each, uint64_t start,
                                 uint64_t pages)
{
    EFI_MEMORY_DESCRIPTOR descriptor = {
        .Type = EfiConventionalMemory,
        .PhysicalStart = start,
        .NumberOfPages = pages,
    };

    *bytes += each;
    if (*bytes > room)
        return EFI_BUFFER_TOO_SMALL;
    copy((uint8_t *)map + *bytes - each, &descriptor, sizeof descriptor);
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI get_memory_map(UINTN *bytes, EFI_MEMORY_DESCRIPTOR *map, UINTN *key,
                                        UINTN *each, UINT32 *version)
{
    uint64_t value;
    UINTN room = *bytes;

    if (tells("map fails", &value))
        return value;
    EFI_STATUS status = real->GetMemoryMap(bytes, map, key, each, version);
    if (!EFI_ERROR(status) && tells("map has an empty range", &value))
        status = add_descriptor(bytes, room, map, *each, value, 0);
    if (!EFI_ERROR(status) && tells("map has a range that wraps", &value))
        status = add_descriptor(bytes, room, map, *each, value, UINT64_C(1) << 52);
    if (!EFI_ERROR(status) && tells("map has a page at", &value))
        status = add_descriptor(bytes, room, map, *each, value, 1);
    if (tells("map is empty", &value)) {
        *bytes = 0;
        return value;
    }
    if (!EFI_ERROR(status) && tells("map grows", &value)) {
        *bytes = room + value;
        status = EFI_BUFFER_TOO_SMALL;
    }
    if (!EFI_ERROR(status) && tells("map is larger than its room", &value))
        *bytes = room + value;
    if (tells("descriptor bytes", &value))
        *each = value;
    return status;
}

static EFI_STATUS EFIAPI allocate_pages(EFI_ALLOCATE_TYPE type, EFI_MEMORY_TYPE use, UINTN pages,
                                        EFI_PHYSICAL_ADDRESS *memory)
{
    uint64_t value;

    if (tells("pages fail", &value))
        return value;
    if (type != AllocateAddress && tells("pages lie in Lintel", &value)) {
        *memory = lintel_base + value;
        return EFI_SUCCESS;
    }
    if (type != AllocateAddress && tells("pages lie at", &value)) {
        *memory = value;
        return EFI_SUCCESS;
    }
    return real->AllocatePages(type, use, pages, memory);
}

static EFI_STATUS EFIAPI allocate_pool(EFI_MEMORY_TYPE type, UINTN bytes, VOID **memory)
{
    uint64_t value;

    return tells("pool fails", &value) ? value : real->AllocatePool(type, bytes, memory);
}

static EFI_STATUS EFIAPI exit_boot_services(EFI_HANDLE image, UINTN key)
{
    uint64_t value;

    if (tells("exit fails", &value))
        return value;
    EFI_STATUS status = real->ExitBootServices(image, key);
    if (EFI_ERROR(status))
        return status;
    lying->BootServices = NULL;
    lying->ConIn = NULL;
    lying->ConOut = lying->StdErr = NULL;
    return EFI_SUCCESS;
}

/* ---- time ------------------------------------------------------------------------------------ */

static EFI_STATUS EFIAPI stall(UINTN microseconds)
{
    uint64_t value;

    return tells("stall returns at once", &value) ? value : real->Stall(microseconds);
}

static EFI_STATUS EFIAPI create_event(UINT32 type, EFI_TPL level, EFI_EVENT_NOTIFY notify,
                                      VOID *context, EFI_EVENT *event)
{
    uint64_t value;

    return tells("event fails", &value) ? value
                                        : real->CreateEvent(type, level, notify, context, event);
}

static EFI_STATUS EFIAPI set_timer(EFI_EVENT event, EFI_TIMER_DELAY type, UINT64 time)
{
    uint64_t value;

    if (tells("timer fails", &value))
        return value;
    return tells("timer is never due", &value) ? EFI_SUCCESS : real->SetTimer(event, type, time);
}

static EFI_STATUS EFIAPI get_time(EFI_TIME *time, EFI_TIME_CAPABILITIES *capabilities)
{
    uint64_t value;

    if (tells("time fails", &value))
        return value;
    EFI_STATUS status = runtime->GetTime(time, capabilities);
    if (tells("year", &value))
        time->Year = (UINT16)value;
    if (tells("time zone", &value))
        time->TimeZone = (INT16)value;
    return status;
}

/* ---- variables ------------------------------------------------------------------------------- */

static bool is_variable(const CHAR16 *name, const char *wanted)
{
    while (*wanted && *name == (CHAR16)*wanted) {
        name++;
        wanted++;
    }
    return !*wanted && !*name;
}

/* Nodes without an end, to the room's last byte. */
static EFI_STATUS fill_with_nodes(UINTN *bytes, uint8_t *to)
{
    static const uint8_t node[4] = {HARDWARE_DEVICE_PATH, HW_VENDOR_DP, sizeof node, 0};

    for (UINTN i = 0; i < *bytes; i++)
        to[i] = node[i % sizeof node];
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI get_variable(CHAR16 *name, EFI_GUID *vendor, UINT32 *attributes,
                                      UINTN *bytes, VOID *to)
{
    uint64_t value;
    UINTN room = *bytes;

    if (is_variable(name, "SecureBoot") && tells("SecureBoot fails", &value))
        return value;
    if (is_variable(name, "SecureBoot") && tells("SecureBoot has only bytes", &value)) {
        *bytes = value;
        return EFI_SUCCESS;
    }
    if (is_variable(name, "ConOut") && tells("ConOut's path has no end", &value))
        return fill_with_nodes(bytes, to);
    if (tells("variables fail", &value))
        return value;
    EFI_STATUS status = runtime->GetVariable(name, vendor, attributes, bytes, to);
    if (tells("variables are too large", &value)) {
        *bytes = room + value;
        return EFI_SUCCESS;
    }
    return status;
}

/* ---- disks ----------------------------------------------------------------------------------- */

struct disk {
    EFI_BLOCK_IO io; /* Lintel's; first */
    EFI_BLOCK_IO_MEDIA media;
    EFI_BLOCK_IO *real;
};

static EFI_STATUS EFIAPI read_blocks(EFI_BLOCK_IO *this, UINT32 media, EFI_LBA lba, UINTN bytes,
                                     VOID *to)
{
    EFI_BLOCK_IO *disk = ((struct disk *)this)->real;
    uint64_t value;

    if (tells("read fails", &value) ||
        (bytes > 512 && tells("read of two sectors fails", &value)) ||
        (bytes > 4096 && tells("read of more than a page fails", &value)))
        return value;
    if (tells("read brings nothing", &value))
        return EFI_SUCCESS;
    EFI_STATUS status = disk->ReadBlocks(disk, media, lba, bytes, to);
    return !EFI_ERROR(status) && tells("read warns", &value) ? value : status;
}

static void lie_about_medium(EFI_BLOCK_IO_MEDIA *media)
{
    uint64_t value;

    if (tells("block bytes", &value))
        media->BlockSize = (UINT32)value;
    if (tells("last block", &value))
        media->LastBlock = value;
    if (tells("alignment", &value))
        media->IoAlign = (UINT32)value;
    if (tells("medium is absent", &value))
        media->MediaPresent = FALSE;
}

/* Whole disks: Lintel reads no others. */
static void *wrap_block_io(EFI_HANDLE handle, void *given)
{
    EFI_BLOCK_IO *io = given;
    uint64_t value;

    (void)handle;
    if (!io->Media || io->Media->LogicalPartition)
        return io;
    struct disk *disk = take(EfiBootServicesData, sizeof *disk);
    copy(&disk->io, io, sizeof disk->io);
    copy(&disk->media, io->Media, sizeof disk->media);
    disk->real = io;
    disk->io.ReadBlocks = read_blocks;
    disk->io.Media = tells("medium is NULL", &value) ? NULL : &disk->media;
    lie_about_medium(&disk->media);
    return disk;
}

/* ---- device paths ---------------------------------------------------------------------------- */

#define PATH_ROOM 65536

/* Where its nodes end, and where the last of them begins. */
static uint64_t end_of(const uint8_t *path, uint64_t *last)
{
    uint64_t at = 0;

    for (*last = 0; !IsDevicePathEnd((const EFI_DEVICE_PATH *)(path + at));) {
        *last = at;
        at += (uint64_t)DevicePathNodeLength((const EFI_DEVICE_PATH *)(path + at));
    }
    return at;
}

static void *wrap_path(EFI_HANDLE handle, void *given)
{
    uint64_t value, last, end = end_of(given, &last);

    (void)handle;
    if (end && tells("path has a last node of", &value)) {
        uint8_t *path = take(EfiBootServicesData, end + sizeof(EFI_DEVICE_PATH));
        copy(path, given, end + sizeof(EFI_DEVICE_PATH));
        path[last + 2] = (uint8_t)value;
        path[last + 3] = (uint8_t)(value >> 8);
        return path;
    }
    if (tells("path has no end", &value)) {
        UINTN bytes = PATH_ROOM;
        uint8_t *path = take(EfiBootServicesData, bytes);
        fill_with_nodes(&bytes, path);
        copy(path, given, end);
        return path;
    }
    if (tells("path is empty", &value))
        return (uint8_t *)given + end;
    return given;
}

/* ---- screens --------------------------------------------------------------------------------- */

struct screen {
    EFI_GRAPHICS_OUTPUT_PROTOCOL gop; /* Lintel's; first */
    EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE mode;
    EFI_GRAPHICS_OUTPUT_MODE_INFORMATION info;
    EFI_GRAPHICS_OUTPUT_PROTOCOL *real;
};

static void lie_about_screen(struct screen *screen)
{
    uint64_t value;

    copy(&screen->mode, screen->real->Mode, sizeof screen->mode);
    copy(&screen->info, screen->mode.Info, sizeof screen->info);
    screen->mode.Info = tells("mode information is NULL", &value) ? NULL : &screen->info;
    if (tells("pixels lie at", &value))
        screen->mode.FrameBufferBase = value;
    if (tells("pixels lie in Lintel", &value))
        screen->mode.FrameBufferBase = lintel_base;
    if (tells("pixels are 10-10-10", &value)) {
        screen->info.PixelFormat = PixelBitMask;
        screen->info.PixelInformation =
            (EFI_PIXEL_BITMASK){0x3ff00000, 0xffc00, 0x3ff, (UINT32)value};
    }
    if (tells("pixels have", &value))
        screen->mode.FrameBufferSize = value;
    if (tells("pixels in a line", &value))
        screen->info.PixelsPerScanLine = (UINT32)value;
    if (tells("width", &value))
        screen->info.HorizontalResolution = (UINT32)value;
    if (tells("pixel format", &value))
        screen->info.PixelFormat = (EFI_GRAPHICS_PIXEL_FORMAT)value;
    if (tells("modes", &value))
        screen->mode.MaxMode = (UINT32)value;
}

static EFI_STATUS EFIAPI query_mode(EFI_GRAPHICS_OUTPUT_PROTOCOL *this, UINT32 mode, UINTN *bytes,
                                    EFI_GRAPHICS_OUTPUT_MODE_INFORMATION **info)
{
    EFI_GRAPHICS_OUTPUT_PROTOCOL *gop = ((struct screen *)this)->real;
    uint64_t value;

    if (tells("query mode gives NULL", &value)) {
        *info = NULL;
        return EFI_SUCCESS;
    }
    return gop->QueryMode(gop, mode, bytes, info);
}

static EFI_STATUS EFIAPI set_mode(EFI_GRAPHICS_OUTPUT_PROTOCOL *this, UINT32 mode)
{
    struct screen *screen = (struct screen *)this;
    EFI_STATUS status = screen->real->SetMode(screen->real, mode);
    lie_about_screen(screen);
    return status;
}

static void *wrap_screen(EFI_HANDLE handle, void *given)
{
    static struct {
        EFI_HANDLE handle;
        struct screen screen;
    } screens[PROXIES];
    int i = 0;
    uint64_t value;

    while (i < PROXIES - 1 && screens[i].handle && screens[i].handle != handle)
        i++;
    struct screen *screen = &screens[i].screen;
    screens[i].handle = handle;
    screen->real = given;
    copy(&screen->gop, given, sizeof screen->gop);
    screen->gop.QueryMode = query_mode;
    screen->gop.SetMode = set_mode;
    screen->gop.Mode = tells("mode is NULL", &value) ? NULL : &screen->mode;
    lie_about_screen(screen);
    return screen;
}

static SIMPLE_TEXT_OUTPUT_INTERFACE console, *real_console;

/* The text comes in any case: a test reads it. */
static EFI_STATUS EFIAPI output_string(SIMPLE_TEXT_OUTPUT_INTERFACE *this, CHAR16 *text)
{
    uint64_t value;
    EFI_STATUS status = real_console->OutputString(real_console, text);

    (void)this;
    return tells("output string fails", &value) ? value : status;
}

static EFI_STATUS EFIAPI read_key(SIMPLE_INPUT_INTERFACE *this, EFI_INPUT_KEY *key)
{
    uint64_t value;

    (void)this;
    if (tells("keys babble", &value)) {
        *key = (EFI_INPUT_KEY){.UnicodeChar = (CHAR16)value};
        return EFI_SUCCESS;
    }
    return EFI_NOT_READY;
}

static SIMPLE_INPUT_INTERFACE keyboard = {.ReadKeyStroke = read_key};

static void wrap_console(void)
{
    uint64_t value;

    real_console = lying->ConOut;
    copy(&console, real_console, sizeof console);
    console.OutputString = output_string;
    lying->ConOut = tells("there is no ConOut", &value) ? NULL : &console;
    if (tells("there is no ConIn", &value) || tells("keys babble", &value))
        lying->ConsoleInHandle = NULL; /* else its protocols would do as well */
    if (tells("there is no ConIn", &value))
        lying->ConIn = NULL;
    else if (tells("keys babble", &value))
        lying->ConIn = &keyboard;
}

/* ---- protocols ------------------------------------------------------------------------------- */

static void *wrap_image(EFI_HANDLE handle, void *given)
{
    static EFI_LOADED_IMAGE image;
    uint64_t value;

    (void)handle;
    copy(&image, given, sizeof image);
    image.FilePath = wrap_path(NULL, image.FilePath);
    if (tells("image has no device", &value))
        image.DeviceHandle = NULL;
    return &image;
}

/* ---- files ----------------------------------------------------------------------------------- */

struct file {
    EFI_FILE file; /* Lintel's; first */
    EFI_FILE *real;
};

static EFI_FILE *wrap_file(EFI_FILE *given);

static EFI_STATUS EFIAPI open_file(EFI_FILE *this, EFI_FILE **opened, CHAR16 *name, UINT64 mode,
                                   UINT64 attributes)
{
    EFI_FILE *file = ((struct file *)this)->real;
    uint64_t value;

    if (tells("file opens as NULL", &value)) {
        *opened = NULL;
        return EFI_SUCCESS;
    }
    EFI_STATUS status = file->Open(file, opened, name, mode, attributes);
    if (!EFI_ERROR(status))
        *opened = wrap_file(*opened);
    return status;
}

static EFI_STATUS EFIAPI close_file(EFI_FILE *this)
{
    EFI_FILE *file = ((struct file *)this)->real;

    return file->Close(file);
}

static EFI_STATUS EFIAPI get_info(EFI_FILE *this, EFI_GUID *kind, UINTN *bytes, VOID *to)
{
    EFI_FILE *file = ((struct file *)this)->real;
    uint64_t value;

    EFI_STATUS status = file->GetInfo(file, kind, bytes, to);
    if (tells("file info bytes", &value))
        *bytes = value;
    return status;
}

static EFI_STATUS EFIAPI set_info(EFI_FILE *this, EFI_GUID *kind, UINTN bytes, VOID *from)
{
    EFI_FILE *file = ((struct file *)this)->real;
    uint64_t value;

    return tells("rename fails", &value) ? value : file->SetInfo(file, kind, bytes, from);
}

static EFI_STATUS EFIAPI flush_file(EFI_FILE *this)
{
    EFI_FILE *file = ((struct file *)this)->real;
    uint64_t value;

    return tells("flush fails", &value) ? value : file->Flush(file);
}

static EFI_FILE *wrap_file(EFI_FILE *given)
{
    struct file *file = take(EfiBootServicesData, sizeof *file);

    *file = (struct file){{.Revision = given->Revision,
                           .Open = open_file,
                           .Close = close_file,
                           .GetInfo = get_info,
                           .SetInfo = set_info,
                           .Flush = flush_file},
                          given};
    return &file->file;
}

static EFI_FILE_IO_INTERFACE *real_volume;

static EFI_STATUS EFIAPI open_volume(EFI_FILE_IO_INTERFACE *this, EFI_FILE **root)
{
    uint64_t value;

    (void)this;
    if (tells("volume fails", &value)) {
        *root = NULL;
        return value;
    }
    EFI_STATUS status = real_volume->OpenVolume(real_volume, root);
    if (!EFI_ERROR(status))
        *root = wrap_file(*root);
    return status;
}

static void *wrap_volume(EFI_HANDLE handle, void *given)
{
    static EFI_FILE_IO_INTERFACE volume;

    (void)handle;
    real_volume = given;
    volume = (EFI_FILE_IO_INTERFACE){real_volume->Revision, open_volume};
    return &volume;
}

static const struct {
    EFI_GUID guid;
    const char *refusal;
    void *(*wrap)(EFI_HANDLE handle, void *interface);
} protocols[] = {
    {EFI_LOADED_IMAGE_PROTOCOL_GUID, "LoadedImage fails", wrap_image},
    {EFI_BLOCK_IO_PROTOCOL_GUID, "BlockIo fails", wrap_block_io},
    {EFI_DEVICE_PATH_PROTOCOL_GUID, "DevicePath fails", wrap_path},
    {EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID, "GraphicsOutput fails", wrap_screen},
    {EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID, "FileSystem fails", wrap_volume},
};

/* A refusal with the value 0 is a success with nothing. */
static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *protocol, VOID **interface)
{
    uint64_t value;

    EFI_STATUS status = real->HandleProtocol(handle, protocol, interface);
    for (uint64_t i = 0; i < sizeof protocols / sizeof *protocols && !EFI_ERROR(status); i++) {
        if (!is_same(protocol, &protocols[i].guid, sizeof *protocol))
            continue;
        bool refused = tells(protocols[i].refusal, &value);
        *interface = refused ? NULL : protocols[i].wrap(handle, *interface);
        return refused ? value : status;
    }
    return status;
}

static EFI_STATUS EFIAPI locate_handles(EFI_LOCATE_SEARCH_TYPE type, EFI_GUID *protocol, VOID *key,
                                        UINTN *count, EFI_HANDLE **handles)
{
    uint64_t value;

    if (tells("handles fail", &value))
        return value;
    EFI_STATUS status = real->LocateHandleBuffer(type, protocol, key, count, handles);
    if (tells("handles", &value))
        *count = value;
    return status;
}

/* ---- tables ---------------------------------------------------------------------------------- */

#define TABLE_BYTES 64

/* The table of this kind lies elsewhere, or (of_byte) has a byte that is wrong. */
static void lie_about_table(EFI_CONFIGURATION_TABLE *entry, EFI_GUID kind, const char *elsewhere,
                            const char *of_byte)
{
    uint64_t value;

    if (!is_same(&entry->VendorGuid, &kind, sizeof kind))
        return;
    if (tells(of_byte, &value)) {
        uint8_t *table = take(EfiACPIReclaimMemory, TABLE_BYTES);
        copy(table, entry->VendorTable, TABLE_BYTES);
        table[value] ^= 1;
        entry->VendorTable = table;
    }
    if (tells(elsewhere, &value))
        entry->VendorTable = (void *)(uintptr_t)value;
}

static void wrap_tables(void)
{
    UINTN bytes = lying->NumberOfTableEntries * sizeof *lying->ConfigurationTable;
    EFI_CONFIGURATION_TABLE *tables = take(EfiRuntimeServicesData, bytes);
    uint64_t value;

    copy(tables, lying->ConfigurationTable, bytes);
    for (UINTN i = 0; i < lying->NumberOfTableEntries; i++) {
        lie_about_table(&tables[i], (EFI_GUID)ACPI_20_TABLE_GUID, "RSDP lies at",
                        "RSDP has a wrong byte");
        lie_about_table(&tables[i], (EFI_GUID)ACPI_TABLE_GUID, "old RSDP lies at",
                        "old RSDP has a wrong byte");
        lie_about_table(&tables[i], (EFI_GUID)SMBIOS_TABLE_GUID, "SMBIOS lies at",
                        "SMBIOS has a wrong byte");
        lie_about_table(&tables[i], (EFI_GUID)SMBIOS3_TABLE_GUID, "SMBIOS3 lies at",
                        "SMBIOS3 has a wrong byte");
    }
    lying->ConfigurationTable = tables;
    if (tells("tables", &value))
        lying->NumberOfTableEntries = value;
    if (tells("vendor lies at", &value))
        lying->FirmwareVendor = (void *)(uintptr_t)value;
}

static void wrap_services(const EFI_SYSTEM_TABLE *system)
{
    static EFI_BOOT_SERVICES boot;
    EFI_RUNTIME_SERVICES *lying_runtime = take(EfiRuntimeServicesData, sizeof *runtime);

    lying = take(EfiRuntimeServicesData, sizeof *lying);
    copy(lying, system, sizeof *lying);
    copy(&boot, real, sizeof boot);
    copy(lying_runtime, runtime, sizeof *runtime);
    boot.GetMemoryMap = get_memory_map;
    boot.AllocatePages = allocate_pages;
    boot.AllocatePool = allocate_pool;
    boot.ExitBootServices = exit_boot_services;
    boot.Stall = stall;
    boot.CreateEvent = create_event;
    boot.SetTimer = set_timer;
    boot.WaitForEvent = NULL; /* on a dead timer it never returns */
    boot.HandleProtocol = handle_protocol;
    boot.LocateHandleBuffer = locate_handles;
    lying_runtime->GetTime = get_time;
    lying_runtime->GetVariable = get_variable;
    lying->BootServices = &boot;
    lying->RuntimeServices = lying_runtime;
}

/* ---- Lintel ---------------------------------------------------------------------------------- */

static void *protocol_of(EFI_HANDLE handle, EFI_GUID protocol)
{
    void *interface = NULL;

    real->HandleProtocol(handle, &protocol, &interface);
    return interface;
}

/* The path of Lintel's file, on the volume that this program is on. */
static EFI_DEVICE_PATH *path_of_lintel(EFI_HANDLE volume)
{
    static const CHAR16 name[] = LINTEL;
    const uint8_t *parent = protocol_of(volume, (EFI_GUID)EFI_DEVICE_PATH_PROTOCOL_GUID);
    EFI_DEVICE_PATH node = {MEDIA_DEVICE_PATH, MEDIA_FILEPATH_DP, {sizeof node + sizeof name, 0}};
    EFI_DEVICE_PATH end = {END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, {sizeof end, 0}};
    uint64_t last, bytes = end_of(parent, &last);
    uint8_t *path = take(EfiLoaderData, bytes + sizeof node + sizeof name + sizeof end);

    copy(path, parent, bytes);
    copy(path + bytes, &node, sizeof node);
    copy(path + bytes + sizeof node, name, sizeof name);
    copy(path + bytes + sizeof node + sizeof name, &end, sizeof end);
    return (EFI_DEVICE_PATH *)path;
}

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *system)
{
    EFI_HANDLE lintel = NULL;

    own_image = handle;
    real = system->BootServices;
    runtime = system->RuntimeServices;
    EFI_LOADED_IMAGE *own = protocol_of(handle, (EFI_GUID)EFI_LOADED_IMAGE_PROTOCOL_GUID);
    EFI_STATUS status =
        real->LoadImage(FALSE, own_image, path_of_lintel(own->DeviceHandle), NULL, 0, &lintel);
    if (EFI_ERROR(status))
        return status;
    EFI_LOADED_IMAGE *image = protocol_of(lintel, (EFI_GUID)EFI_LOADED_IMAGE_PROTOCOL_GUID);
    lintel_base = (uintptr_t)image->ImageBase;
    wrap_services(system);
    wrap_tables();
    wrap_console();
    image->SystemTable = lying;
    return real->StartImage(lintel, NULL, NULL);
}
