/* Where the ACPI and SMBIOS tables of this BIOS are. */
#include "legacy/tables.h"
#include "common/hw/tables.h"
#include "common/lib/mem.h"
#include "legacy/bios.h"

#define ROM_START    0xe0000u
#define SMBIOS_START 0xf0000u
#define ROM_END      0x100000u
#define EBDA_MOST    0x9f000u

static uint64_t find(uint32_t begin, uint32_t end, bool (*is_one)(const uint8_t *, uint64_t))
{
    for (uint32_t at = begin; at + 16 <= end; at += 16)
        if (is_one(at_physical(at), end - at))
            return at;
    return 0;
}

uint64_t tables_find_rsdp(void)
{
    uint32_t ebda = (uint32_t)bda16(BDA_EBDA_SEGMENT) << 4;
    uint64_t found = 0;

    if (ebda >= PAGE_BYTES && ebda <= EBDA_MOST)
        found = find(ebda, ebda + 1024, tables_is_rsdp);
    return found ? found : find(ROM_START, ROM_END, tables_is_rsdp);
}

uint64_t tables_find_smbios(void)
{
    return find(SMBIOS_START, ROM_END, tables_is_smbios);
}

uint64_t tables_find_smbios3(void)
{
    return find(SMBIOS_START, ROM_END, tables_is_smbios3);
}
