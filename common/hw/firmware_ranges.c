/* In which memory do the firmware's tables lie? */
#include "common/hw/firmware_ranges.h"
#include "common/hw/tables.h"
#include "common/lib/mem.h"

#define RANGE_MOST  (16 * MIB) /* a length beyond this is a wild one */
#define TABLES_MOST 256        /* in an RSDT or XSDT */
#define VENDOR_MOST 512        /* bytes of the vendor's name */

#define RSDP_BYTES   36
#define RSDP_RSDT    16
#define RSDP_XSDT    24
#define TABLE_LENGTH 4
#define TABLE_BYTES  36 /* of the header */
#define FADT_FACS    36
#define FADT_DSDT    40
#define FADT_X_FACS  132
#define FADT_X_DSDT  140
#define FACS_BYTES   64

#define SMBIOS_TABLE_BYTES  22
#define SMBIOS_TABLE        24
#define SMBIOS_BYTES        31
#define SMBIOS3_TABLE_BYTES 12
#define SMBIOS3_TABLE       16
#define SMBIOS3_BYTES       24

#define EFI_HEADER_BYTES  12 /* where a table's header says its size */
#define EFI_VENDOR        24
#define EFI_RUNTIME       88
#define EFI_CONFIG_COUNT  104
#define EFI_CONFIG        112
#define EFI_SYSTEM_BYTES  120
#define EFI_RUNTIME_BYTES 136
#define EFI_CONFIG_ENTRY  24
#define EFI_CONFIG_MOST   1024

/* The range's bytes; NULL when it is not to be believed, or listed already. */
static const uint8_t *add(const struct facts *facts, struct firmware_ranges *to, uint64_t physical,
                          uint64_t bytes)
{
    const uint8_t *found = tables_bytes(facts, physical, bytes);
    if (!found || !bytes || bytes > RANGE_MOST || to->count == to->capacity)
        return NULL;
    for (uint32_t i = 0; i < to->count; i++)
        if (to->ranges[i].physical == physical)
            return NULL;
    to->ranges[to->count++] = (struct firmware_range){physical, bytes};
    return found;
}

/* ---- ACPI ------------------------------------------------------------------------------------ */

/* The table, which says its own length; NULL as add(). */
static const uint8_t *add_table(const struct facts *facts, struct firmware_ranges *to,
                                uint64_t physical, uint32_t least)
{
    const uint8_t *header = tables_bytes(facts, physical, least);
    if (!header || load32(header + TABLE_LENGTH) < least)
        return NULL;
    return add(facts, to, physical, load32(header + TABLE_LENGTH));
}

static void add_fadt(const struct facts *facts, struct firmware_ranges *to, const uint8_t *fadt)
{
    uint32_t length = load32(fadt + TABLE_LENGTH);
    if (length >= FADT_DSDT + 4) {
        add_table(facts, to, load32(fadt + FADT_FACS), FACS_BYTES);
        add_table(facts, to, load32(fadt + FADT_DSDT), TABLE_BYTES);
    }
    if (length >= FADT_X_DSDT + 8) {
        add_table(facts, to, load64(fadt + FADT_X_FACS), FACS_BYTES);
        add_table(facts, to, load64(fadt + FADT_X_DSDT), TABLE_BYTES);
    }
}

/* `wide`: bytes of an address in it. */
static void add_root(const struct facts *facts, struct firmware_ranges *to, uint64_t physical,
                     uint32_t wide)
{
    const uint8_t *root = add_table(facts, to, physical, TABLE_BYTES);
    if (!root)
        return;
    uint32_t count = MIN((load32(root + TABLE_LENGTH) - TABLE_BYTES) / wide, TABLES_MOST);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *entry = root + TABLE_BYTES + i * wide;
        uint64_t address = wide == 8 ? load64(entry) : load32(entry);
        const uint8_t *table = add_table(facts, to, address, TABLE_BYTES);
        if (table && memcmp(table, "FACP", 4) == 0)
            add_fadt(facts, to, table);
    }
}

void firmware_ranges_acpi(const struct facts *facts, struct firmware_ranges *to)
{
    const uint8_t *rsdp = add(facts, to, facts->rsdp, RSDP_BYTES);
    if (!rsdp)
        return;
    if (rsdp[15] >= 2)
        add_root(facts, to, load64(rsdp + RSDP_XSDT), 8);
    add_root(facts, to, load32(rsdp + RSDP_RSDT), 4);
}

/* ---- SMBIOS ---------------------------------------------------------------------------------- */

void firmware_ranges_smbios(const struct facts *facts, struct firmware_ranges *to)
{
    const uint8_t *entry = add(facts, to, facts->smbios, SMBIOS_BYTES);
    if (entry)
        add(facts, to, load32(entry + SMBIOS_TABLE), load16(entry + SMBIOS_TABLE_BYTES));
    entry = add(facts, to, facts->smbios3, SMBIOS3_BYTES);
    if (entry)
        add(facts, to, load64(entry + SMBIOS3_TABLE), load32(entry + SMBIOS3_TABLE_BYTES));
}

/* ---- EFI ------------------------------------------------------------------------------------- */

static uint64_t vendor_bytes(const struct facts *facts, uint64_t physical)
{
    uint64_t bytes = 0;
    const uint8_t *text = tables_bytes(facts, physical, VENDOR_MOST);
    while (text && bytes < VENDOR_MOST && load16(text + bytes))
        bytes += 2;
    return text ? MIN(bytes + 2, VENDOR_MOST) : 0;
}

void firmware_ranges_efi(const struct facts *facts, struct firmware_ranges *to)
{
    const uint8_t *system = add(facts, to, facts->efi_system_table, EFI_SYSTEM_BYTES);
    if (!system)
        return;
    uint64_t runtime = load64(system + EFI_RUNTIME), vendor = load64(system + EFI_VENDOR);
    const uint8_t *table = tables_bytes(facts, runtime, EFI_RUNTIME_BYTES);
    if (table)
        add(facts, to, runtime, MAX(load32(table + EFI_HEADER_BYTES), EFI_RUNTIME_BYTES));
    add(facts, to, load64(system + EFI_CONFIG),
        MIN(load64(system + EFI_CONFIG_COUNT), EFI_CONFIG_MOST) * EFI_CONFIG_ENTRY);
    add(facts, to, vendor, vendor_bytes(facts, vendor));
}
