/* Volumes, as firmware's handles have them: which partition of which disk (UEFI 2.10, 10.3.5.1). */
#include "uefi/volume.h"
#include "common/lib/mem.h"
#include "uefi/disk.h"
#include "uefi/path.h"
#include "uefi/protocol.h"
#include "uefi/uefi.h"

/* The node of a partition (UEFI 2.10, 10.3.5.1), whose fields may lie unaligned. */
static void read_partition_node(const EFI_DEVICE_PATH *node, struct boot_origin *origin)
{
    const uint8_t *bytes = (const uint8_t *)node;

    if (DevicePathNodeLength(node) <= (int)offsetof(HARDDRIVE_DEVICE_PATH, SignatureType))
        return;
    origin->has_first_lba = true;
    origin->first_lba = load64(bytes + offsetof(HARDDRIVE_DEVICE_PATH, PartitionStart));
    if (bytes[offsetof(HARDDRIVE_DEVICE_PATH, SignatureType)] != SIGNATURE_TYPE_GUID)
        return;
    origin->has_guid = true;
    memcpy(origin->guid, bytes + offsetof(HARDDRIVE_DEVICE_PATH, Signature), sizeof origin->guid);
}

/* A controller may be shown as a disk, too: the disk is the one whose path is the longest that
 * `path` begins with. -1: none. *rest is what follows it. */
static int32_t find_disk(const EFI_DEVICE_PATH *path, const struct disk *disks, uint32_t count,
                         const EFI_DEVICE_PATH **rest)
{
    int32_t found = -1;

    *rest = NULL;
    for (uint32_t i = 0; path && i < count; i++) {
        const EFI_DEVICE_PATH *disk = disk_path(&disks[i]);
        const EFI_DEVICE_PATH *behind = disk ? path_behind(path, disk) : NULL;
        if (behind && (!*rest || behind > *rest)) {
            *rest = behind;
            found = (int32_t)i;
        }
    }
    return found;
}

/* Only a partition of the disk itself counts. Behind the node of a CD's boot image firmware may see
 * partitions in that image; the volume to look in is then the whole disc. */
struct boot_origin volume_origin(EFI_HANDLE volume, const struct disk *disks, uint32_t count)
{
    const EFI_DEVICE_PATH *rest;
    struct boot_origin origin = {.disk = find_disk(path_on(volume), disks, count, &rest)};

    if (rest && DevicePathType(rest) == MEDIA_DEVICE_PATH &&
        DevicePathSubType(rest) == MEDIA_HARDDRIVE_DP)
        read_partition_node(rest, &origin);
    return origin;
}

static bool begins_at(const EFI_DEVICE_PATH *partition, uint64_t first_lba)
{
    struct boot_origin origin = {0};

    if (DevicePathType(partition) != MEDIA_DEVICE_PATH ||
        DevicePathSubType(partition) != MEDIA_HARDDRIVE_DP)
        return false;
    read_partition_node(partition, &origin);
    const EFI_DEVICE_PATH *end = path_next(partition);
    return end && IsDevicePathEnd(end) && origin.has_first_lba && origin.first_lba == first_lba;
}

EFI_HANDLE volume_on(const struct disk *disk, uint64_t first_lba)
{
    const EFI_DEVICE_PATH *whole = disk_path(disk);
    EFI_HANDLE *handles, found = NULL;
    UINTN count = protocol_handles((EFI_GUID)EFI_BLOCK_IO_PROTOCOL_GUID, &handles);

    for (UINTN i = 0; whole && i < count; i++) {
        const EFI_DEVICE_PATH *path = path_on(handles[i]);
        const EFI_DEVICE_PATH *rest = path ? path_behind(path, whole) : NULL;
        if (!rest)
            continue;
        if (begins_at(rest, first_lba) || (IsDevicePathEnd(rest) && !found))
            found = handles[i];
    }
    if (count)
        uefi_boot->FreePool(handles);
    return found;
}
