/* chain.c: a UEFI application that stamps the moment at which firmware starts it, and then starts
 * \EFI\subject.efi from whichever volume has it, or (RAW_READ) reads as many bytes of its own disk
 * by one ReadBlocks and stamps again: the floor under every loader. */
#include <efi.h>
#include <efilib.h>

#define COM1       0x3f8
#define DEBUG_EXIT 0xf4
#define SUBJECT    L"\\EFI\\subject.efi"

static void out8(UINT16 port, UINT8 value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void stamp(char letter)
{
    UINT32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    out8(COM1, (UINT8)letter);
    for (int i = 15; i >= 0; i--)
        out8(COM1, (UINT8) "0123456789abcdef"[((UINT64)high << 32 | low) >> 4 * i & 15]);
    out8(COM1, '\n');
}

#ifdef RAW_READ
static EFI_STATUS run(EFI_HANDLE image)
{
    EFI_GUID loaded_image = EFI_LOADED_IMAGE_PROTOCOL_GUID, block_io = EFI_BLOCK_IO_PROTOCOL_GUID;
    EFI_LOADED_IMAGE *me;
    EFI_BLOCK_IO *disk;
    EFI_PHYSICAL_ADDRESS to = 0;

    BS->HandleProtocol(image, &loaded_image, (void **)&me);
    BS->HandleProtocol(me->DeviceHandle, &block_io, (void **)&disk);
    EFI_STATUS status = BS->AllocatePages(AllocateAnyPages, EfiLoaderData, RAW_READ / 4096, &to);
    if (EFI_ERROR(status))
        return status;
    stamp('S');
    status = disk->ReadBlocks(disk, disk->Media->MediaId, 0, RAW_READ, (void *)(UINTN)to);
    if (!EFI_ERROR(status))
        stamp('K');
    return status;
}
#else
static EFI_STATUS run(EFI_HANDLE image)
{
    EFI_GUID file_system = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
    EFI_HANDLE *volumes, subject;
    UINTN count;

    stamp('S');
    EFI_STATUS status = BS->LocateHandleBuffer(ByProtocol, &file_system, NULL, &count, &volumes);
    for (UINTN i = 0; !EFI_ERROR(status) && i < count; i++) {
        EFI_DEVICE_PATH *path = FileDevicePath(volumes[i], SUBJECT);
        if (!EFI_ERROR(BS->LoadImage(FALSE, image, path, NULL, 0, &subject)))
            return BS->StartImage(subject, NULL, NULL);
    }
    return EFI_NOT_FOUND;
}
#endif

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    InitializeLib(image, system);
    run(image);
    out8(DEBUG_EXIT, 0x10);
    return EFI_ABORTED;
}
