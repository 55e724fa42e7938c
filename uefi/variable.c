/* What firmware's variables hold (UEFI 2.10, 8.2). */
#include "uefi/variable.h"
#include "common/lib/mem.h"
#include "common/lib/utf8.h"
#include "uefi/protocol.h"
#include "uefi/uefi.h"

#define NAME_UNITS 64 /* the longest that we have takes 28 */

#define ACCESS EFI_VARIABLE_BOOTSERVICE_ACCESS | EFI_VARIABLE_RUNTIME_ACCESS

enum err variable_get(const uint8_t vendor[16], const char *name, void *to, uint64_t *bytes)
{
    CHAR16 name16[NAME_UNITS];
    EFI_GUID guid;
    uint64_t room = *bytes;

    memcpy(&guid, vendor, sizeof guid);
    utf8_to_utf16(name, name16);
    EFI_STATUS status = uefi_system->RuntimeServices->GetVariable(name16, &guid, NULL, bytes, to);
    if (status == EFI_SUCCESS && *bytes > room)
        status = EFI_BUFFER_TOO_SMALL;
    if (status == EFI_NOT_FOUND)
        return fail(ERR_NOT_FOUND, "the firmware has no variable %s", name);
    if (status == EFI_BUFFER_TOO_SMALL)
        return fail(ERR_UNSUPPORTED, "the firmware's variable %s has %lu bytes", name, *bytes);
    if (status != EFI_SUCCESS) /* nor is a warning's value one */
        return fail(ERR_IO, "the firmware does not read its variable %s: %s", name,
                    status_name(status));
    return OK;
}

enum err variable_set(const uint8_t vendor[16], const char *name, bool kept, const void *value,
                      uint64_t bytes)
{
    CHAR16 name16[NAME_UNITS];
    EFI_GUID guid;

    memcpy(&guid, vendor, sizeof guid);
    utf8_to_utf16(name, name16);
    EFI_STATUS status = uefi_system->RuntimeServices->SetVariable(
        name16, &guid, ACCESS | (kept ? EFI_VARIABLE_NON_VOLATILE : 0), bytes, (void *)value);
    if (EFI_ERROR(status) && (bytes || status != EFI_NOT_FOUND))
        return fail(ERR_IO, "the firmware does not %s its variable %s: %s",
                    bytes ? "set" : "remove", name, status_name(status));
    return OK;
}
