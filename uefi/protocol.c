/* Finding what firmware's drivers offer (UEFI 2.10, 7.3), and the names of its status codes. */
#include "uefi/protocol.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "uefi/uefi.h"

#define HANDLES_MOST 4096 /* of one protocol; a longer list is a wild one */

void *protocol_on(EFI_HANDLE handle, EFI_GUID protocol)
{
    void *interface = NULL;

    if (!handle || EFI_ERROR(uefi_boot->HandleProtocol(handle, &protocol, &interface)))
        return NULL;
    return interface;
}

void *protocol_anywhere(EFI_GUID protocol)
{
    void *interface = NULL;

    return EFI_ERROR(uefi_boot->LocateProtocol(&protocol, NULL, &interface)) ? NULL : interface;
}

UINTN protocol_handles(EFI_GUID protocol, EFI_HANDLE **handles)
{
    UINTN count = 0;

    *handles = NULL;
    if (EFI_ERROR(uefi_boot->LocateHandleBuffer(ByProtocol, &protocol, NULL, &count, handles)) ||
        !*handles)
        return 0;
    return MIN(count, HANDLES_MOST);
}

/* UEFI 2.10, appendix D. */
static const struct status {
    uint8_t number;
    char name[31];
} errors[] =
    {
        {1, "EFI_LOAD_ERROR"},
        {2, "EFI_INVALID_PARAMETER"},
        {3, "EFI_UNSUPPORTED"},
        {4, "EFI_BAD_BUFFER_SIZE"},
        {5, "EFI_BUFFER_TOO_SMALL"},
        {6, "EFI_NOT_READY"},
        {7, "EFI_DEVICE_ERROR"},
        {8, "EFI_WRITE_PROTECTED"},
        {9, "EFI_OUT_OF_RESOURCES"},
        {10, "EFI_VOLUME_CORRUPTED"},
        {11, "EFI_VOLUME_FULL"},
        {12, "EFI_NO_MEDIA"},
        {13, "EFI_MEDIA_CHANGED"},
        {14, "EFI_NOT_FOUND"},
        {15, "EFI_ACCESS_DENIED"},
        {16, "EFI_NO_RESPONSE"},
        {17, "EFI_NO_MAPPING"},
        {18, "EFI_TIMEOUT"},
        {19, "EFI_NOT_STARTED"},
        {20, "EFI_ALREADY_STARTED"},
        {21, "EFI_ABORTED"},
        {22, "EFI_ICMP_ERROR"},
        {23, "EFI_TFTP_ERROR"},
        {24, "EFI_PROTOCOL_ERROR"},
        {25, "EFI_INCOMPATIBLE_VERSION"},
        {26, "EFI_SECURITY_VIOLATION"},
        {27, "EFI_CRC_ERROR"},
        {28, "EFI_END_OF_MEDIA"},
        {31, "EFI_END_OF_FILE"},
        {32, "EFI_INVALID_LANGUAGE"},
        {33, "EFI_COMPROMISED_DATA"},
        {34, "EFI_IP_ADDRESS_CONFLICT"},
        {35, "EFI_HTTP_ERROR"},
        {100, "EFI_NETWORK_UNREACHABLE"},
        {101, "EFI_HOST_UNREACHABLE"},
        {102, "EFI_PROTOCOL_UNREACHABLE"},
        {103, "EFI_PORT_UNREACHABLE"},
        {104, "EFI_CONNECTION_FIN"},
        {105, "EFI_CONNECTION_RESET"},
        {106, "EFI_CONNECTION_REFUSED"},
},
  others[] = {
      {0, "EFI_SUCCESS"},
      {1, "EFI_WARN_UNKNOWN_GLYPH"},
      {2, "EFI_WARN_DELETE_FAILURE"},
      {3, "EFI_WARN_WRITE_FAILURE"},
      {4, "EFI_WARN_BUFFER_TOO_SMALL"},
      {5, "EFI_WARN_STALE_DATA"},
      {6, "EFI_WARN_FILE_SYSTEM"},
      {7, "EFI_WARN_RESET_REQUIRED"},
};

const char *status_name(EFI_STATUS status)
{
    static char unknown[32];
    const struct status *names = EFI_ERROR(status) ? errors : others;
    uint64_t count = EFI_ERROR(status) ? ARRAY_LENGTH(errors) : ARRAY_LENGTH(others);

    for (uint64_t i = 0; i < count; i++)
        if (names[i].number == (status & ~EFI_ERROR_MASK))
            return names[i].name;
    fmt(unknown, sizeof unknown, "EFI status %lXh", status);
    return unknown;
}
