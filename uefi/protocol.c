/* Finding what firmware's drivers offer (UEFI 2.10, 7.3), and the names of its status codes. */
#include "uefi/protocol.h"
#include "common/lib/mem.h"
#include "uefi/uefi.h"

#define FIRST_NETWORK_STATUS 104

void *protocol_on(EFI_HANDLE handle, EFI_GUID protocol)
{
    void *interface;

    if (!handle || EFI_ERROR(uefi_boot->HandleProtocol(handle, &protocol, &interface)))
        return NULL;
    return interface;
}

void *protocol_anywhere(EFI_GUID protocol)
{
    void *interface;

    return EFI_ERROR(uefi_boot->LocateProtocol(&protocol, NULL, &interface)) ? NULL : interface;
}

UINTN protocol_handles(EFI_GUID protocol, EFI_HANDLE **handles)
{
    UINTN count;

    if (EFI_ERROR(uefi_boot->LocateHandleBuffer(ByProtocol, &protocol, NULL, &count, handles)))
        return 0;
    return count;
}

const char *status_name(EFI_STATUS status)
{
    static const char *const names[] = {
        "EFI_SUCCESS",         "EFI_LOAD_ERROR",       "EFI_INVALID_PARAMETER", "EFI_UNSUPPORTED",
        "EFI_BAD_BUFFER_SIZE", "EFI_BUFFER_TOO_SMALL", "EFI_NOT_READY",         "EFI_DEVICE_ERROR",
        "EFI_WRITE_PROTECTED", "EFI_OUT_OF_RESOURCES", "EFI_VOLUME_CORRUPTED",  "EFI_VOLUME_FULL",
        "EFI_NO_MEDIA",        "EFI_MEDIA_CHANGED",    "EFI_NOT_FOUND",         "EFI_ACCESS_DENIED",
        "EFI_NO_RESPONSE",     "EFI_NO_MAPPING",       "EFI_TIMEOUT",           "EFI_NOT_STARTED",
        "EFI_ALREADY_STARTED", "EFI_ABORTED",          "EFI_ICMP_ERROR",        "EFI_TFTP_ERROR",
    };
    static const char *const network_names[] = {"EFI_CONNECTION_FIN", "EFI_CONNECTION_RESET",
                                                "EFI_CONNECTION_REFUSED"};
    uint64_t number = status & ~EFI_ERROR_MASK;

    if (number >= FIRST_NETWORK_STATUS &&
        number - FIRST_NETWORK_STATUS < ARRAY_LENGTH(network_names))
        return network_names[number - FIRST_NETWORK_STATUS];
    return number < ARRAY_LENGTH(names) ? names[number] : "unknown EFI status";
}
