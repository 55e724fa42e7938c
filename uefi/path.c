/* Device paths: how UEFI says where a device is (UEFI 2.10, chapter 10). They are packed bytes of
 * unaligned nodes. */
#include "uefi.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"

static bool is_last(const EFI_DEVICE_PATH *node)
{
    return IsDevicePathEnd(node) || DevicePathNodeLength(node) < (int)sizeof *node;
}

const EFI_DEVICE_PATH *path_next(const EFI_DEVICE_PATH *node)
{
    return is_last(node) ? NULL : NextDevicePathNode(node);
}

const EFI_DEVICE_PATH *path_find(const EFI_DEVICE_PATH *path, uint8_t type, uint8_t subtype)
{
    const EFI_DEVICE_PATH *found = NULL;

    for (; path; path = path_next(path))
        if (DevicePathType(path) == type && DevicePathSubType(path) == subtype)
            found = path;
    return found;
}

const EFI_DEVICE_PATH *path_behind(const EFI_DEVICE_PATH *path, const EFI_DEVICE_PATH *parent)
{
    while (!is_last(parent)) {
        int bytes = DevicePathNodeLength(parent);
        if (is_last(path) || DevicePathNodeLength(path) != bytes ||
            memcmp(path, parent, (size_t)bytes) != 0)
            return NULL;
        path = NextDevicePathNode(path);
        parent = NextDevicePathNode(parent);
    }
    return path;
}

void path_text(const EFI_DEVICE_PATH *path, const char *otherwise, char *to, uint64_t bytes)
{
    EFI_DEVICE_PATH_TO_TEXT_PROTOCOL *converter =
        protocol_anywhere((EFI_GUID)EFI_DEVICE_PATH_TO_TEXT_PROTOCOL_GUID);
    CHAR16 *text = converter && path
                       ? converter->ConvertDevicePathToText(path, /* DisplayOnly */ TRUE, FALSE)
                       : NULL;

    if (!text) {
        fmt(to, bytes, "%s", otherwise);
        return;
    }
    uint64_t i = 0;
    for (; text[i] && i + 1 < bytes; i++)
        to[i] = text[i] >= ' ' && text[i] <= '~' ? (char)text[i] : '?';
    to[i] = 0;
    uefi_boot->FreePool(text);
}
