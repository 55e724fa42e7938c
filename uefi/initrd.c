/* The initial file system, for a kernel that asks firmware's drivers for it: LoadFile2 on a device
 * path that Linux defines (Linux, Documentation/arch/x86/boot.rst; UEFI 2.10, 13.2). */
#include "uefi/initrd.h"
#include "common/lib/log.h"
#include "uefi/protocol.h"
#include "uefi/uefi.h"

#define LINUX_EFI_INITRD_MEDIA_GUID                                                                \
    {                                                                                              \
        0x5568e427, 0x68fc, 0x4f3d,                                                                \
        {                                                                                          \
            0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68                                         \
        }                                                                                          \
    }
#define LOAD_FILE2_GUID                                                                            \
    {                                                                                              \
        0x4006c0c1, 0xfcb3, 0x403e,                                                                \
        {                                                                                          \
            0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d                                         \
        }                                                                                          \
    }

static struct {
    VENDOR_DEVICE_PATH vendor;
    EFI_DEVICE_PATH end;
} path = {
    .vendor = {.Header = {MEDIA_DEVICE_PATH, MEDIA_VENDOR_DP, {sizeof path.vendor, 0}},
               .Guid = LINUX_EFI_INITRD_MEDIA_GUID},
    .end = {END_DEVICE_PATH_TYPE, END_ENTIRE_DEVICE_PATH_SUBTYPE, {sizeof path.end, 0}},
};

static EFI_GUID path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID, load_file2_guid = LOAD_FILE2_GUID;
static const struct program *offered;
static EFI_HANDLE handle;
static enum err failure; /* of a read; its message is the newest */

static EFI_STATUS EFIAPI load(EFI_LOAD_FILE_PROTOCOL *this, EFI_DEVICE_PATH *rest,
                              BOOLEAN boot_policy, UINTN *bytes, VOID *to)
{
    if (!this || !rest || !bytes || !offered)
        return EFI_INVALID_PARAMETER;
    if (boot_policy)
        return EFI_UNSUPPORTED;
    UINTN room = *bytes;
    *bytes = offered->initrd_bytes;
    if (!to || room < offered->initrd_bytes)
        return EFI_BUFFER_TOO_SMALL;
    failure = offered->read_initrd(offered->context, to);
    return failure == OK ? EFI_SUCCESS : EFI_DEVICE_ERROR;
}

static EFI_LOAD_FILE_PROTOCOL load_file2 = {load};

/* Another loader may have started us with one at hand. A second cannot be installed, and the first
 * is what its user asked for. */
static bool is_offered_by_others(void)
{
    EFI_DEVICE_PATH *rest = &path.vendor.Header;
    EFI_HANDLE other;

    return uefi_boot->LocateDevicePath(&load_file2_guid, &rest, &other) == EFI_SUCCESS;
}

enum err initrd_offer(const struct program *program)
{
    failure = OK;
    handle = NULL;
    if (!program->initrd_bytes)
        return OK;
    if (is_offered_by_others()) {
        say("%s: the initrd is the one that another loader offers already\n", program->name);
        return OK;
    }
    EFI_STATUS status = uefi_boot->InstallMultipleProtocolInterfaces(
        &handle, &path_guid, &path, &load_file2_guid, &load_file2, NULL);
    if (EFI_ERROR(status))
        return fail(ERR_UNSUPPORTED, "%s: the firmware does not let an initrd be offered: %s",
                    program->name, status_name(status));
    offered = program;
    return OK;
}

enum err initrd_withdraw(void)
{
    if (offered)
        uefi_boot->UninstallMultipleProtocolInterfaces(handle, &path_guid, &path, &load_file2_guid,
                                                       &load_file2, NULL);
    offered = NULL;
    return failure;
}
