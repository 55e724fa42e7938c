/* Where is an ACPI table, and which processors does the MADT list? */
#include "common/hw/acpi.h"
#include "common/hw/tables.h"
#include "common/lib/mem.h"

/* Root System Description Pointer (ACPI 6.5, 5.2.5.3). */
#define RSDP_REVISION 15
#define RSDP_RSDT     16
#define RSDP_LENGTH   20
#define RSDP_XSDT     24

/* Every other table begins with these (ACPI 6.5, 5.2.6). */
#define HEADER_LENGTH 4
#define HEADER_BYTES  36

/* A MADT for 4,096 processors has 64 KiB; a length beyond this is a wild one. */
#define TABLE_LENGTH_LIMIT MIB

/* Multiple APIC Description Table (ACPI 6.5, 5.2.12.2, 5.2.12.12). */
#define MADT_ENTRIES      44
#define MADT_LOCAL_APIC   0
#define MADT_LOCAL_X2APIC 9
#define LOCAL_APIC_BYTES  8
#define X2APIC_BYTES      16
#define PROCESSOR_ENABLED 0x1

static const uint8_t *bytes_at(const struct acpi *acpi, uint64_t physical, uint64_t bytes)
{
    return physical < acpi->first ? NULL : tables_at(physical, bytes, acpi->end);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static enum err take_table(const struct acpi *acpi, uint64_t physical, const char *signature,
                           struct acpi_table *table)
{
    const uint8_t *header = bytes_at(acpi, physical, HEADER_BYTES);
    if (!header)
        return fail(ERR_FORMAT, "ACPI: the %s at %lXh lies outside of memory", signature, physical);
    if (memcmp(header, signature, 4) != 0)
        return fail(ERR_FORMAT, "ACPI: at %lXh there is no %s", physical, signature);
    uint32_t length = load32(header + HEADER_LENGTH);
    if (length < HEADER_BYTES || length > TABLE_LENGTH_LIMIT || !bytes_at(acpi, physical, length))
        return fail(ERR_FORMAT, "ACPI: the %s at %lXh has length %u", signature, physical, length);
    if (!tables_sum_to_zero(header, length))
        return fail(ERR_FORMAT, "ACPI: the %s at %lXh has a wrong checksum", signature, physical);
    *table = (struct acpi_table){header, length};
    return OK;
}

static bool has_xsdt(const struct acpi *acpi, const uint8_t *rsdp)
{
    if (rsdp[RSDP_REVISION] < 2 || !bytes_at(acpi, acpi->rsdp, RSDP_BYTES_2))
        return false;
    uint32_t length = load32(rsdp + RSDP_LENGTH);
    return length >= RSDP_BYTES_2 && length <= RSDP_MOST && bytes_at(acpi, acpi->rsdp, length) &&
           tables_sum_to_zero(rsdp, length);
}

/* The XSDT, or the RSDT where there is none or it is damaged: early 64-bit firmwares tested only
 * the latter. `wide`: bytes of an address in it. */
static enum err find_root(const struct acpi *acpi, struct acpi_table *root, uint32_t *wide)
{
    const uint8_t *rsdp = bytes_at(acpi, acpi->rsdp, RSDP_BYTES_1);
    if (!acpi->rsdp)
        return fail(ERR_NOT_FOUND, "the firmware has no ACPI tables");
    if (!rsdp || memcmp(rsdp, "RSD PTR ", 8) != 0 || !tables_sum_to_zero(rsdp, RSDP_BYTES_1))
        return fail(ERR_FORMAT, "ACPI: the RSDP at %lXh has a wrong signature or checksum",
                    acpi->rsdp);
    *wide = 8;
    if (has_xsdt(acpi, rsdp) && take_table(acpi, load64(rsdp + RSDP_XSDT), "XSDT", root) == OK)
        return OK;
    *wide = 4;
    return take_table(acpi, load32(rsdp + RSDP_RSDT), "RSDT", root);
}

/* A table that the root lists and that lies outside of memory is not the one that is looked for. */
enum err acpi_find(const struct acpi *acpi, const char signature[5], struct acpi_table *table)
{
    struct acpi_table root;
    uint32_t wide;
    TRY(find_root(acpi, &root, &wide));
    for (uint32_t at = HEADER_BYTES; at + wide <= root.length; at += wide) {
        uint64_t physical = wide == 8 ? load64(root.bytes + at) : load32(root.bytes + at);
        const uint8_t *header = bytes_at(acpi, physical, HEADER_BYTES);
        if (header && memcmp(header, signature, 4) == 0)
            return take_table(acpi, physical, signature, table);
    }
    return fail(ERR_NOT_FOUND, "ACPI: there is no table %s", signature);
}

/* ---- processors ------------------------------------------------------------------------------ */

/* False: an entry of another kind, or a processor that is not enabled. The ID of all ones is no
 * processor's: a message to it goes to all. */
static bool read_processor(const uint8_t *entry, uint8_t bytes, struct acpi_processor *processor)
{
    if (entry[0] == MADT_LOCAL_APIC && bytes >= LOCAL_APIC_BYTES) {
        *processor = (struct acpi_processor){entry[2], entry[3]};
        return load32(entry + 4) & PROCESSOR_ENABLED && processor->apic_id != UINT8_MAX;
    }
    if (entry[0] == MADT_LOCAL_X2APIC && bytes >= X2APIC_BYTES) {
        *processor = (struct acpi_processor){load32(entry + 12), load32(entry + 4)};
        return load32(entry + 8) & PROCESSOR_ENABLED && processor->apic_id != UINT32_MAX;
    }
    return false;
}

bool acpi_next_processor(const struct acpi_table *madt, uint32_t *offset,
                         struct acpi_processor *processor)
{
    uint32_t at = *offset ? *offset : MADT_ENTRIES;
    while (madt->length >= 2 && at <= madt->length - 2) {
        const uint8_t *entry = madt->bytes + at;
        uint8_t bytes = entry[1];
        if (bytes < 2 || bytes > madt->length - at)
            return false;
        at += bytes;
        *offset = at;
        if (read_processor(entry, bytes, processor))
            return true;
    }
    return false;
}
