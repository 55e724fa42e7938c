/* Where the ACPI and SMBIOS tables of this BIOS are. */
#include "legacy/tables.h"
#include "common/lib/mem.h"
#include "legacy/bios.h"

#define ROM_START    0xe0000u
#define SMBIOS_START 0xf0000u
#define ROM_END      0x100000u
#define EBDA_MOST    0x9f000u

static bool sums_to_zero(const uint8_t *from, uint32_t bytes)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < bytes; i++)
        sum += from[i];
    return sum == 0;
}

/* Each of these judges a candidate with `room` bytes (at least 16) up to the end of the area. */

static bool is_rsdp(const uint8_t *at, uint32_t room)
{
    if (memcmp(at, "RSD PTR ", 8) != 0 || room < 20 || !sums_to_zero(at, 20))
        return false;
    if (at[15] < 2) /* revision: ACPI 1.0 ends here */
        return true;
    return room >= 36 && load32(at + 20) >= 36 && load32(at + 20) <= room &&
           sums_to_zero(at, load32(at + 20));
}

/* Its length byte is 1Eh where SMBIOS 2.1 counted wrongly, and 1Fh since. */
static bool is_smbios(const uint8_t *at, uint32_t room)
{
    return memcmp(at, "_SM_", 4) == 0 && room >= 31 && at[5] >= 30 && at[5] <= room &&
           memcmp(at + 16, "_DMI_", 5) == 0 && sums_to_zero(at, at[5]) && sums_to_zero(at + 16, 15);
}

static bool is_smbios3(const uint8_t *at, uint32_t room)
{
    return memcmp(at, "_SM3_", 5) == 0 && room >= 24 && at[6] >= 24 && at[6] <= room &&
           sums_to_zero(at, at[6]);
}

static uint64_t find(uint32_t begin, uint32_t end, bool (*judge)(const uint8_t *, uint32_t))
{
    for (uint32_t at = begin; at + 16 <= end; at += 16)
        if (judge(at_physical(at), end - at))
            return at;
    return 0;
}

uint64_t tables_find_rsdp(void)
{
    uint32_t ebda = (uint32_t)bda16(BDA_EBDA_SEGMENT) << 4;
    uint64_t found = 0;

    if (ebda >= 0x400 && ebda <= EBDA_MOST)
        found = find(ebda, ebda + 1024, is_rsdp);
    return found ? found : find(ROM_START, ROM_END, is_rsdp);
}

uint64_t tables_find_smbios(void)
{
    return find(SMBIOS_START, ROM_END, is_smbios);
}

uint64_t tables_find_smbios3(void)
{
    return find(SMBIOS_START, ROM_END, is_smbios3);
}
