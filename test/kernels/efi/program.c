/* An EFI program that tells what it was given, in one line, and returns: with success, or, where
 * its options ask for that, with an error and a word about it, or after all drivers of disks have
 * been stopped and started again. */
#include <efi.h>
#include <efipciio.h>

static EFI_SYSTEM_TABLE *system_table;
static EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID;
static EFI_GUID file_system = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;

static void put(const CHAR16 *text)
{
    system_table->ConOut->OutputString(system_table->ConOut, (CHAR16 *)text);
}

static void put_number(UINTN number)
{
    CHAR16 text[21], *next = text + 20;

    *next = 0;
    do
        *--next = (CHAR16)(u'0' + number % 10);
    while (number /= 10);
    put(next);
}

/* Consoles know few characters: the others as \uXXXX. */
static void put_options(const CHAR16 *options)
{
    static const CHAR16 digits[] = u"0123456789abcdef";
    CHAR16 text[] = u"\\u0000";

    for (; *options; options++) {
        if (*options < 0x7f) {
            put((CHAR16[]){*options, 0});
            continue;
        }
        for (int i = 0; i < 4; i++)
            text[2 + i] = digits[*options >> (12 - 4 * i) & 15];
        put(text);
    }
}

static BOOLEAN holds(const CHAR16 *text, const CHAR16 *word)
{
    for (; text && *text; text++) {
        UINTN i = 0;
        while (word[i] && text[i] == word[i])
            i++;
        if (!word[i])
            return TRUE;
    }
    return FALSE;
}

/* What is free: the same before each start, or somebody keeps what the last one took. */
static UINTN count_free_pages(void)
{
    static UINT8 map[65536];
    UINTN bytes = sizeof map, key, each, pages = 0;
    UINT32 version;

    if (EFI_ERROR(system_table->BootServices->GetMemoryMap(&bytes, (EFI_MEMORY_DESCRIPTOR *)map,
                                                           &key, &each, &version)))
        return 0;
    for (UINTN at = 0; at + each <= bytes; at += each)
        if (((EFI_MEMORY_DESCRIPTOR *)(map + at))->Type == EfiConventionalMemory)
            pages += ((EFI_MEMORY_DESCRIPTOR *)(map + at))->NumberOfPages;
    return pages;
}

/* Opens the file that the image was loaded from, by its device and path. */
static BOOLEAN finds_itself(const EFI_LOADED_IMAGE *image)
{
    EFI_BOOT_SERVICES *boot = system_table->BootServices;
    EFI_FILE_IO_INTERFACE *volume;
    EFI_FILE_HANDLE root, file;
    const FILEPATH_DEVICE_PATH *path = (const FILEPATH_DEVICE_PATH *)image->FilePath;

    if (EFI_ERROR(boot->HandleProtocol(image->DeviceHandle, &file_system, (void **)&volume)) ||
        EFI_ERROR(volume->OpenVolume(volume, &root)))
        return FALSE;
    BOOLEAN found =
        !EFI_ERROR(root->Open(root, &file, (CHAR16 *)path->PathName, EFI_FILE_MODE_READ, 0));
    if (found)
        file->Close(file);
    root->Close(root);
    return found;
}

#define CLASS_AT     11 /* in PCI configuration space */
#define MASS_STORAGE 1
#define DISPLAY      3

/* Memory that a driver has freed is not what it was, on other firmware than OVMF. */
static void spoil_free_memory(void)
{
    EFI_BOOT_SERVICES *boot = system_table->BootServices;
    UINT8 *bytes;

    for (UINTN size = 16; size <= 2048; size += 16)
        for (UINTN i = 0; i < 4; i++)
            if (!EFI_ERROR(boot->AllocatePool(EfiBootServicesData, size, (void **)&bytes)))
                boot->SetMem(bytes, size, 0xaf);
}

static void restart_devices(void)
{
    EFI_BOOT_SERVICES *boot = system_table->BootServices;
    EFI_GUID pci_io = EFI_PCI_IO_PROTOCOL_GUID;
    EFI_HANDLE *handles;
    UINTN count;

    if (EFI_ERROR(boot->LocateHandleBuffer(ByProtocol, &pci_io, NULL, &count, &handles)))
        return;
    for (UINTN i = 0; i < count; i++) {
        EFI_PCI_IO_PROTOCOL *pci;
        UINT8 class;
        if (EFI_ERROR(boot->HandleProtocol(handles[i], &pci_io, (void **)&pci)) ||
            EFI_ERROR(pci->Pci.Read(pci, EfiPciIoWidthUint8, CLASS_AT, 1, &class)) ||
            (class != MASS_STORAGE && class != DISPLAY))
            continue;
        boot->DisconnectController(handles[i], NULL, NULL);
        spoil_free_memory();
        boot->ConnectController(handles[i], NULL, NULL, TRUE);
    }
    boot->FreePool(handles);
}

static void end_with_error(EFI_HANDLE handle)
{
    static const CHAR16 words[] = u"made to fail";
    EFI_BOOT_SERVICES *boot = system_table->BootServices;
    CHAR16 *data;

    if (EFI_ERROR(boot->AllocatePool(EfiLoaderData, sizeof words, (void **)&data)))
        return;
    for (UINTN i = 0; i < sizeof words / sizeof *words; i++)
        data[i] = words[i];
    boot->Exit(handle, EFI_VOLUME_CORRUPTED, sizeof words, data);
}

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *system)
{
    EFI_LOADED_IMAGE *image;

    system_table = system;
    if (EFI_ERROR(system->BootServices->HandleProtocol(handle, &loaded_image, (void **)&image)))
        return EFI_UNSUPPORTED;
    const CHAR16 *options = image->LoadOptions;
    put(u"\r\nprogram: options=[");
    put_options(options ? options : u"none");
    put(u"] bytes=");
    put_number(image->LoadOptionsSize);
    put(finds_itself(image) ? u" finds itself" : u" is lost");
    put(u" free=");
    put_number(count_free_pages());
    put(u" end\r\n");
    if (holds(options, u"restart"))
        restart_devices();
    if (holds(options, u"fail"))
        end_with_error(handle);
    return EFI_SUCCESS;
}
