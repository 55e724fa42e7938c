/* ACPI tables in memory, as a firmware lays them: RSDP, RSDT, XSDT, one other table and the MADT.
 */
#pragma once

#include "common/hw/acpi.h"
#include "common/lib/mem.h"
#include <stdlib.h>
#include <sys/mman.h>

#define MADT_ROOM 8192

/* Each part has a place of its own; the MADT's length grows with its entries. In memory below 4
 * GiB, for the RSDT's addresses. */
#define ACPI_TABLES_BASE UINT64_C(0x20000000)

struct firmware_tables {
    uint8_t rsdp[36], filler[28];
    uint8_t rsdt[36 + 2 * 4], xsdt[36 + 2 * 8], other[64];
    uint8_t madt[MADT_ROOM];
};

static struct firmware_tables *tables;

static inline void put(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

/* Makes the bytes sum to 0 by the one at `at`. */
static inline void seal(uint8_t *bytes, uint32_t length, uint32_t at)
{
    uint8_t sum = 0;
    bytes[at] = 0;
    for (uint32_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[at] = (uint8_t)-sum;
}

static inline void seal_table(uint8_t *table)
{
    seal(table, load32(table + 4), 9);
}

static inline void begin_table(uint8_t *table, const char *signature, uint32_t length)
{
    memset(table, 0, length);
    memcpy(table, signature, 4);
    put(table + 4, length, 4);
    seal_table(table);
}

static inline void seal_rsdp(void)
{
    seal(tables->rsdp, 20, 8);
    seal(tables->rsdp, 36, 32);
}

static inline uint32_t madt_length(void)
{
    return load32(tables->madt + 4);
}

static inline void add_entry(const uint8_t *entry, uint8_t bytes)
{
    memcpy(tables->madt + madt_length(), entry, bytes);
    put(tables->madt + 4, madt_length() + bytes, 4);
    seal_table(tables->madt);
}

static inline void add_local_apic(uint8_t uid, uint8_t apic_id, uint32_t flags)
{
    uint8_t entry[8] = {0, sizeof entry, uid, apic_id};
    put(entry + 4, flags, 4);
    add_entry(entry, sizeof entry);
}

static inline void add_x2apic(uint32_t uid, uint32_t apic_id, uint32_t flags)
{
    uint8_t entry[16] = {9, sizeof entry};
    put(entry + 4, apic_id, 4);
    put(entry + 8, flags, 4);
    put(entry + 12, uid, 4);
    add_entry(entry, sizeof entry);
}

static inline void map_tables(void)
{
    tables = mmap(at_physical(ACPI_TABLES_BASE), sizeof *tables, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (tables == MAP_FAILED)
        abort();
}

static inline void begin_roots(void)
{
    begin_table(tables->rsdt, "RSDT", sizeof tables->rsdt);
    put(tables->rsdt + 36, (uintptr_t)tables->other, 4);
    put(tables->rsdt + 40, (uintptr_t)tables->madt, 4);
    seal_table(tables->rsdt);
    begin_table(tables->xsdt, "XSDT", sizeof tables->xsdt);
    put(tables->xsdt + 36, (uintptr_t)tables->other, 8);
    put(tables->xsdt + 44, (uintptr_t)tables->madt, 8);
    seal_table(tables->xsdt);
}

/* A machine with an empty MADT. */
static inline struct acpi begin_acpi_tables(void)
{
    map_tables();
    begin_table(tables->other, "TEST", sizeof tables->other);
    begin_table(tables->madt, "APIC", 44);
    begin_roots();
    memcpy(tables->rsdp, "RSD PTR LINTEL", 15);
    tables->rsdp[15] = 2;
    put(tables->rsdp + 16, (uintptr_t)tables->rsdt, 4);
    put(tables->rsdp + 20, sizeof tables->rsdp, 4);
    put(tables->rsdp + 24, (uintptr_t)tables->xsdt, 8);
    seal_rsdp();
    return (struct acpi){ACPI_TABLES_BASE, ACPI_TABLES_BASE, ACPI_TABLES_BASE + sizeof *tables};
}
