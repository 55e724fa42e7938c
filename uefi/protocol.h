/* What firmware's drivers offer (UEFI 2.10, 7.3), and the names of its status codes. */
#pragma once

#include <efi.h>

/* The name of an EFI status code, for messages. */
const char *status_name(EFI_STATUS status);

/* The interface of `protocol` on a handle (or anywhere); NULL when there is none. */
void *protocol_on(EFI_HANDLE handle, EFI_GUID protocol);
void *protocol_anywhere(EFI_GUID protocol);

/* All handles with `protocol`: *handles is for FreePool() when the count is not 0. */
UINTN protocol_handles(EFI_GUID protocol, EFI_HANDLE **handles);
