/* Any bytes as the memory that holds an RSDP, an XSDT and a MADT: nothing outside of it is read,
 * and what is found lies in it. The first byte says which parts are mended, so that what lies
 * behind them is reached. */
#include "common/hw/acpi.h"
#include "common/lib/mem.h"
#include <stdlib.h>
#include <sys/mman.h>

#define BASE UINT64_C(0x20000000)
#define ROOM (64 * KIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static uint8_t *memory;

static void must(int holds)
{
    if (!holds)
        abort();
}

static void seal(uint8_t *bytes, size_t count, size_t at)
{
    uint8_t sum = 0;
    bytes[at] = 0;
    for (size_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[at] = (uint8_t)-sum;
}

#define MEND_ROOTS 0x1 /* the RSDP leads to the XSDT, and that to the MADT */
#define MEND_MADT  0x2 /* it has the rest of the memory */
#define MEND_SUMS  0x4

#define XSDT 36
#define MADT 96

static void put(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> 8 * i);
}

static void mend(uint8_t *bytes, size_t size, uint8_t parts)
{
    memcpy(bytes, "RSD PTR ", 8);
    if (parts & MEND_ROOTS) {
        bytes[15] = 2;
        put(bytes + 20, 36, 4);
        put(bytes + 24, (uintptr_t)bytes + XSDT, 8);
        memcpy(bytes + XSDT, "XSDT", 4);
        put(bytes + XSDT + 4, MADT - XSDT, 4);
        put(bytes + XSDT + 36, (uintptr_t)bytes + MADT, 8);
    }
    if (parts & MEND_MADT) {
        memcpy(bytes + MADT, "APIC", 4);
        put(bytes + MADT + 4, size - MADT, 4);
    }
    seal(bytes, 20, 8);
    seal(bytes, 36, 32);
    if (parts & MEND_SUMS) {
        seal(bytes + XSDT, MADT - XSDT, 9);
        seal(bytes + MADT, size - MADT, 9);
    }
}

static void walk(const struct acpi_table *madt)
{
    struct acpi_processor processor;
    uint32_t count = 0;
    for (uint32_t offset = 0; acpi_next_processor(madt, &offset, &processor); count++)
        must(offset <= madt->length);
    must(count <= madt->length / 8);
}

/* All of what is reachable can be read. */
uint64_t __wrap_probe_room(uint64_t physical, uint64_t most);

uint64_t __wrap_probe_room(uint64_t physical, uint64_t most)
{
    must(physical >= BASE && most <= BASE + ROOM - physical);
    return most;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct acpi_table table;
    if (!memory)
        memory = mmap(at_physical(BASE), ROOM, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (bytes < 1 + MADT + 36 || bytes > ROOM)
        return 0;
    /* At the end of what is mapped: reading on is a fault. */
    uint8_t parts = *data++;
    uint64_t base = BASE + ROOM - --bytes;
    memcpy(at_physical(base), data, bytes);
    mend(at_physical(base), bytes, parts);

    const struct acpi acpi = {base, base, base + bytes};
    if (acpi_find(&acpi, "APIC", &table) != OK)
        return 0;
    must((uintptr_t)table.bytes >= base && table.length >= 36);
    must(table.length <= base + bytes - (uintptr_t)table.bytes);
    walk(&table);
    return 0;
}
