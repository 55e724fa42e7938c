/* Device paths: how UEFI says where a device is (UEFI 2.10, chapter 10). They are packed bytes of
 * unaligned nodes, each of which says its length. */
#include "uefi/path.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"
#include "uefi/protocol.h"
#include "uefi/uefi.h"

#define BYTES_MOST (8 * KIB) /* a path that is longer has lost its end */

const EFI_DEVICE_PATH *path_check(const void *path, uint64_t room)
{
    const uint8_t *next = path;

    while (next && room >= sizeof(EFI_DEVICE_PATH)) {
        const EFI_DEVICE_PATH *node = (const EFI_DEVICE_PATH *)next;
        uint64_t bytes = (uint64_t)DevicePathNodeLength(node);
        if (IsDevicePathEnd(node))
            return path;
        if (bytes < sizeof *node || bytes > room)
            return NULL;
        next += bytes;
        room -= bytes;
    }
    return NULL;
}

const EFI_DEVICE_PATH *path_next(const EFI_DEVICE_PATH *node)
{
    return IsDevicePathEnd(node) ? NULL : NextDevicePathNode(node);
}

const EFI_DEVICE_PATH *path_on(EFI_HANDLE handle)
{
    return path_check(protocol_on(handle, (EFI_GUID)EFI_DEVICE_PATH_PROTOCOL_GUID), BYTES_MOST);
}

uint64_t path_bytes(const EFI_DEVICE_PATH *path)
{
    uint64_t bytes = 0;

    for (const EFI_DEVICE_PATH *next; path && (next = path_next(path)); path = next)
        bytes += (uint64_t)DevicePathNodeLength(path);
    return bytes;
}

void path_end(void *to)
{
    *(EFI_DEVICE_PATH *)to =
        (EFI_DEVICE_PATH){END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, {4, 0}};
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
    if (IsDevicePathEnd(parent))
        return NULL;
    while (!IsDevicePathEnd(parent)) {
        int bytes = DevicePathNodeLength(parent);
        if (IsDevicePathEnd(path) || DevicePathNodeLength(path) != bytes ||
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

/* A path may be cut into several nodes (UEFI 2.10, 10.3.5.4), which firmware and shells don't do
 * for files that they start: one is taken. */
const char *path_of_file(const EFI_DEVICE_PATH *path)
{
    static char name[512];
    const EFI_DEVICE_PATH *node =
        path_find(path_check(path, BYTES_MOST), MEDIA_DEVICE_PATH, MEDIA_FILEPATH_DP);
    uint16_t units[sizeof name / 3];
    uint32_t length = 0;

    if (!node || (size_t)DevicePathNodeLength(node) > sizeof *node + sizeof units)
        return NULL;
    size_t bytes = (size_t)DevicePathNodeLength(node) - sizeof *node;
    memcpy(units, node + 1, bytes);
    while (length < bytes / 2 && length < sizeof units / 2 - 1 && units[length])
        length++;
    utf8_from_utf16(units, length, name);
    return name;
}
