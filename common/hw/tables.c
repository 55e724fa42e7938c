/* Which of the facts that firmware told are worth nothing? */
#include "common/hw/tables.h"
#include "common/hw/probe.h"
#include "common/hw/tsc.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

#define SMBIOS_BYTES      31
#define SMBIOS3_BYTES     24
#define ENTRY_POINT_BYTES 256 /* the lengths of SMBIOS's are bytes */

#define YEAR_2020 INT64_C(1577836800)
#define YEAR_2200 INT64_C(7258118400)

bool tables_sum_to_zero(const uint8_t *from, uint64_t bytes)
{
    uint8_t sum = 0;

    while (bytes--)
        sum = (uint8_t)(sum + *from++);
    return sum == 0;
}

/* ---- what makes a table ---------------------------------------------------------------------- */

bool tables_is_rsdp(const uint8_t *at, uint64_t room)
{
    if (room < RSDP_BYTES_1 || memcmp(at, "RSD PTR ", 8) != 0 ||
        !tables_sum_to_zero(at, RSDP_BYTES_1))
        return false;
    if (at[15] < 2) /* revision: ACPI 1.0 ends here */
        return true;
    return room >= RSDP_BYTES_2 && load32(at + 20) >= RSDP_BYTES_2 && load32(at + 20) <= room &&
           tables_sum_to_zero(at, load32(at + 20));
}

/* Its length byte is 1Eh where SMBIOS 2.1 counted wrongly, and 1Fh since. */
bool tables_is_smbios(const uint8_t *at, uint64_t room)
{
    return room >= SMBIOS_BYTES && memcmp(at, "_SM_", 4) == 0 && at[5] >= SMBIOS_BYTES - 1 &&
           at[5] <= room && memcmp(at + 16, "_DMI_", 5) == 0 && tables_sum_to_zero(at, at[5]) &&
           tables_sum_to_zero(at + 16, 15);
}

bool tables_is_smbios3(const uint8_t *at, uint64_t room)
{
    return room >= SMBIOS3_BYTES && memcmp(at, "_SM3_", 5) == 0 && at[6] >= SMBIOS3_BYTES &&
           at[6] <= room && tables_sum_to_zero(at, at[6]);
}

/* ---- the facts ------------------------------------------------------------------------------- */

static uint64_t room_at(uint64_t physical, uint64_t most, uint64_t end)
{
    return physical && physical < end ? probe_room(physical, MIN(most, end - physical)) : 0;
}

const uint8_t *tables_at(uint64_t physical, uint64_t bytes, uint64_t end)
{
    return physical && room_at(physical, bytes, end) == bytes ? at_physical(physical) : NULL;
}

const uint8_t *tables_bytes(const struct facts *facts, uint64_t physical, uint64_t bytes)
{
    return tables_at(physical, bytes, facts->reachable_end);
}

bool tables_have_rsdp(const struct facts *facts)
{
    return tables_is_rsdp(at_physical(facts->rsdp),
                          room_at(facts->rsdp, RSDP_MOST, facts->reachable_end));
}

static void check_table(const struct facts *facts, const char *name, uint64_t most,
                        bool (*is_one)(const uint8_t *, uint64_t), uint64_t *physical)
{
    if (!*physical ||
        is_one(at_physical(*physical), room_at(*physical, most, facts->reachable_end)))
        return;
    note("firmware: at %lXh there is no %s, or one with a wrong checksum\n", *physical, name);
    *physical = 0;
}

void tables_check(struct facts *facts)
{
    check_table(facts, "RSDP", RSDP_MOST, tables_is_rsdp, &facts->rsdp);
    check_table(facts, "SMBIOS entry point", ENTRY_POINT_BYTES, tables_is_smbios, &facts->smbios);
    check_table(facts, "SMBIOS 3 entry point", ENTRY_POINT_BYTES, tables_is_smbios3,
                &facts->smbios3);
    if (facts->wall_clock && (facts->wall_clock < YEAR_2020 || facts->wall_clock >= YEAR_2200)) {
        note("firmware: the clock has lost its time\n");
        facts->wall_clock = 0;
    }
    facts->tsc_hz = tsc_believe(facts->tsc_hz);
}
