/* Where is an ACPI table? */
#include "kernel/machine/acpi.h"
#include "kernel/handover/handover.h"
#include "kernel/lib/bytes.h"
#include "kernel/machine/page_tables.h"

#define ROOT_HEADER sizeof(struct acpi_table)

uint8_t sum_of(const void *bytes, uint64_t count)
{
    uint8_t sum = 0;
    for (uint64_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)bytes)[i]);
    return sum;
}

static const struct acpi_table *table_at(uint64_t physical)
{
    const struct acpi_table *table = direct(physical);
    if (!physical || !mapped_with(address_of(table), sizeof *table, 0))
        return NULL;
    if (table->length < sizeof *table || !mapped_with(address_of(table), table->length, 0))
        return NULL;
    return table;
}

/* The XSDT where there is one: its entries have 8 bytes, the RSDT's 4. */
static const struct acpi_table *root(uint32_t *entry_bytes)
{
    const struct rsdp *rsdp = direct(boot->rsdp_physical);
    if (!boot->rsdp_physical || !mapped_with(address_of(rsdp), sizeof *rsdp, 0))
        return NULL;
    bool has_xsdt = rsdp->revision >= 2 && rsdp->xsdt;
    *entry_bytes = has_xsdt ? 8 : 4;
    return table_at(has_xsdt ? rsdp->xsdt : rsdp->rsdt);
}

const struct acpi_table *acpi_table(uint32_t index)
{
    uint32_t entry_bytes;
    const struct acpi_table *list = root(&entry_bytes);
    if (!list || index == 0)
        return list;
    uint32_t count = (list->length - (uint32_t)ROOT_HEADER) / entry_bytes;
    uint64_t physical = 0;
    if (index <= count)
        memcpy(&physical, (const char *)list + ROOT_HEADER + (index - 1) * entry_bytes,
               entry_bytes);
    else if (index == count + 1 && acpi_fadt())
        physical = acpi_fadt()->dsdt;
    return table_at(physical);
}

const struct acpi_table *acpi_find(const char *signature)
{
    const struct acpi_table *table;
    for (uint32_t i = 0; (table = acpi_table(i)); i++)
        if (memcmp(table->signature, signature, 4) == 0)
            return table;
    return NULL;
}

const struct fadt *acpi_fadt(void)
{
    const struct acpi_table *table = acpi_find("FACP");
    return table && table->length >= sizeof(struct fadt) ? (const struct fadt *)table : NULL;
}
