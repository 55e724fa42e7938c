/* How does firmware's own FAT driver give a file another name (UEFI 2.10, 13.4 and 13.5)? */
#include "uefi/rename.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
#include "common/lib/utf8.h"
#include "uefi/protocol.h"
#include "uefi/uefi.h"
#include "uefi/volume.h"

#define PATH_BYTES_MOST 1024
#define INFO_BYTES      (SIZE_OF_EFI_FILE_INFO + 2 * PATH_BYTES_MOST)

static EFI_GUID file_info = EFI_FILE_INFO_ID;

static EFI_STATUS open(EFI_FILE_HANDLE root, const char *path, UINT64 mode, EFI_FILE_HANDLE *file)
{
    CHAR16 path16[PATH_BYTES_MOST];

    utf8_to_utf16(path, path16);
    for (CHAR16 *c = path16; *c; c++)
        if (*c == '/')
            *c = '\\';
    *file = NULL;
    EFI_STATUS status = root->Open(root, file, path16, mode, 0);
    return status == EFI_SUCCESS && !*file ? EFI_DEVICE_ERROR : status;
}

static EFI_STATUS set_name(EFI_FILE_HANDLE file, const char *name)
{
    uint8_t buffer[INFO_BYTES] __attribute__((aligned(8)));
    EFI_FILE_INFO *info = (EFI_FILE_INFO *)buffer;
    UINTN bytes = sizeof buffer;

    EFI_STATUS status = file->GetInfo(file, &file_info, &bytes, info);
    if (status != EFI_SUCCESS)
        return status;
    info->Size = SIZE_OF_EFI_FILE_INFO + 2 * (utf8_to_utf16(name, info->FileName) + 1);
    status = file->SetInfo(file, &file_info, info->Size, info);
    return status == EFI_SUCCESS ? file->Flush(file) : status;
}

static EFI_STATUS change(EFI_FILE_HANDLE root, const char *path, const char *name)
{
    EFI_FILE_HANDLE file;
    EFI_STATUS status = open(root, path, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE, &file);

    if (status != EFI_SUCCESS)
        return status;
    status = set_name(file, name);
    file->Close(file);
    return status;
}

/* A driver may say success and have done nothing, or fail behind what it did. */
static EFI_STATUS look(EFI_FILE_HANDLE root, const char *path)
{
    EFI_FILE_HANDLE file;
    EFI_STATUS status = open(root, path, EFI_FILE_MODE_READ, &file);

    if (status == EFI_SUCCESS)
        file->Close(file);
    return status;
}

static EFI_STATUS change_and_look(EFI_FILE_HANDLE root, const char *path, const char *name)
{
    char changed[PATH_BYTES_MOST];
    const char *end = text_last((char *)path, '/');
    size_t directory = end ? (size_t)(end + 1 - path) : 0;

    memcpy(changed, path, directory);
    memcpy(changed + directory, name, strlen(name) + 1);
    EFI_STATUS status = change(root, path, name);
    if (look(root, changed) == EFI_SUCCESS && look(root, path) == EFI_NOT_FOUND)
        return EFI_SUCCESS;
    return status == EFI_SUCCESS ? EFI_VOLUME_CORRUPTED : status;
}

enum err rename_file(const struct disk *disk, uint64_t volume_first_lba, const char *path,
                     const char *name)
{
    EFI_FILE_IO_INTERFACE *volume = protocol_on(volume_on(disk, volume_first_lba),
                                                (EFI_GUID)EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID);
    EFI_FILE_HANDLE root = NULL;

    if (strlen(path) + strlen(name) >= PATH_BYTES_MOST)
        return fail(ERR_UNSUPPORTED, "%s: too long a path to rename", path);
    if (!volume || volume->OpenVolume(volume, &root) != EFI_SUCCESS || !root)
        return fail(ERR_UNSUPPORTED, "%s: the firmware has no driver for its file system", path);
    EFI_STATUS status = change_and_look(root, path, name);
    root->Close(root);
    if (status != EFI_SUCCESS)
        return fail(ERR_IO, "the firmware does not rename %s to %s: %s", path, name,
                    status_name(status));
    return OK;
}
