/* What firmware gave this application at its entry. Calls go by Microsoft's calling convention
 * through gnu-efi's prototypes (EFIAPI); addresses are physical and equal to virtual ones (UEFI
 * 2.10, 2.3.4). */
#pragma once

#include <efi.h>

extern EFI_HANDLE uefi_image;
extern EFI_SYSTEM_TABLE *uefi_system;
extern EFI_BOOT_SERVICES *uefi_boot;
