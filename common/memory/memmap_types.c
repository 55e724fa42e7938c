/* What firmwares call memory, in our words. */
#include "common/lib/mem.h"
#include "common/memory/memmap.h"

enum efi_memory_type { /* UEFI 2.10, 7.2.1, in the order of the specification */
                       EFI_RESERVED,
                       EFI_LOADER_CODE,
                       EFI_LOADER_DATA,
                       EFI_BOOT_CODE,
                       EFI_BOOT_DATA,
                       EFI_RUNTIME_CODE,
                       EFI_RUNTIME_DATA,
                       EFI_CONVENTIONAL,
                       EFI_UNUSABLE,
                       EFI_ACPI_RECLAIM,
                       EFI_ACPI_NVS,
                       EFI_MMIO,
                       EFI_MMIO_PORTS,
                       EFI_PAL_CODE,
                       EFI_PERSISTENT,
};

#define EFI_SPECIFIC_PURPOSE UINT64_C(0x40000) /* meant for one device or driver: not for all */

const char *memmap_type_name(enum lintel_memory_type type)
{
    static const char *const names[LINTEL_MEMORY_TYPES] = {
        [LINTEL_MEMORY_USABLE] = "usable",
        [LINTEL_MEMORY_RECLAIMABLE] = "reclaimable",
        [LINTEL_MEMORY_KERNEL] = "kernel",
        [LINTEL_MEMORY_ACPI_RECLAIMABLE] = "ACPI reclaimable",
        [LINTEL_MEMORY_ACPI_NVS] = "ACPI NVS",
        [LINTEL_MEMORY_RESERVED] = "reserved",
        [LINTEL_MEMORY_BAD] = "bad",
        [LINTEL_MEMORY_FRAMEBUFFER] = "framebuffer",
        [LINTEL_MEMORY_EFI_RUNTIME_CODE] = "EFI runtime code",
        [LINTEL_MEMORY_EFI_RUNTIME_DATA] = "EFI runtime data",
        [LINTEL_MEMORY_PERSISTENT] = "persistent",
        [LINTEL_MEMORY_MMIO] = "MMIO",
    };

    return type > 0 && type < LINTEL_MEMORY_TYPES ? names[type] : "unknown";
}

bool memmap_type_of_e820(uint32_t type, uint32_t extended, enum lintel_memory_type *out)
{
    if (!(extended & 1))
        return false;
    switch (type) {
    case 1:
        *out = LINTEL_MEMORY_USABLE;
        return true;
    case 3:
        *out = LINTEL_MEMORY_ACPI_RECLAIMABLE;
        return true;
    case 4:
        *out = LINTEL_MEMORY_ACPI_NVS;
        return true;
    case 5:
        *out = LINTEL_MEMORY_BAD;
        return true;
    case 7:
        *out = LINTEL_MEMORY_PERSISTENT;
        return true;
    default: /* 2 reserved, 6 disabled, and what nobody knows */
        *out = LINTEL_MEMORY_RESERVED;
        return true;
    }
}

enum lintel_memory_type memmap_type_of_efi(uint32_t type, uint64_t attribute)
{
    static const enum lintel_memory_type known[] = {
        [EFI_RESERVED] = LINTEL_MEMORY_RESERVED,
        [EFI_LOADER_CODE] = LINTEL_MEMORY_USABLE,
        [EFI_LOADER_DATA] = LINTEL_MEMORY_USABLE,
        [EFI_BOOT_CODE] = LINTEL_MEMORY_RECLAIMABLE,
        [EFI_BOOT_DATA] = LINTEL_MEMORY_RECLAIMABLE,
        [EFI_RUNTIME_CODE] = LINTEL_MEMORY_EFI_RUNTIME_CODE,
        [EFI_RUNTIME_DATA] = LINTEL_MEMORY_EFI_RUNTIME_DATA,
        [EFI_CONVENTIONAL] = LINTEL_MEMORY_USABLE,
        [EFI_UNUSABLE] = LINTEL_MEMORY_BAD,
        [EFI_ACPI_RECLAIM] = LINTEL_MEMORY_ACPI_RECLAIMABLE,
        [EFI_ACPI_NVS] = LINTEL_MEMORY_ACPI_NVS,
        [EFI_MMIO] = LINTEL_MEMORY_MMIO,
        [EFI_MMIO_PORTS] = LINTEL_MEMORY_MMIO,
        [EFI_PAL_CODE] = LINTEL_MEMORY_RESERVED,
        [EFI_PERSISTENT] = LINTEL_MEMORY_PERSISTENT,
    };
    enum lintel_memory_type ours;

    ours = type < ARRAY_LENGTH(known) ? known[type] : LINTEL_MEMORY_RESERVED;
    if (ours <= LINTEL_MEMORY_RECLAIMABLE && attribute & EFI_SPECIFIC_PURPOSE)
        return LINTEL_MEMORY_RESERVED;
    return ours;
}
