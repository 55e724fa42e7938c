/* Interrupt controllers and IOMMUs, as plain memory that ACPI tables point to. */
#include "common/hw/interrupts.h"
#include "common/lib/mem.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define MEMORY  (16 * MIB)
#define TABLES  (FAKE_MEMORY_BASE + MIB)
#define DEVICE  (FAKE_MEMORY_BASE + 2 * MIB) /* and one more in each page behind it */
#define MASKED  0x10000u
#define ENTRIES 44 /* of a MADT; of DMAR and IVRS 48 */

static struct facts *facts;
static uint8_t *table;
static uint32_t length;

/* RSDP, RSDT, and one table that grows. */
static int begin(void **state)
{
    (void)state;
    facts = fake_begin(MEMORY);
    facts->rsdp = TABLES;
    table = at_physical(TABLES + 256);
    memset(at_physical(TABLES), 0, 4096);
    memset(at_physical(DEVICE), 0, 4 * PAGE_BYTES);
    return 0;
}

static void make_sum(uint8_t *bytes, uint32_t count, uint32_t place)
{
    uint8_t sum = 0;
    bytes[place] = 0;
    for (uint32_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[place] = (uint8_t)-sum;
}

static void store(uint8_t *to, uint64_t value, uint32_t bytes)
{
    memcpy(to, &value, bytes);
}

static void begin_table(const char *signature, uint32_t header_bytes)
{
    memcpy(table, signature, 4);
    length = header_bytes;
}

static uint8_t *add(uint32_t bytes)
{
    length += bytes;
    return table + length - bytes;
}

static void end_tables(void)
{
    uint8_t *rsdp = at_physical(TABLES), *rsdt = rsdp + 64;
    store(table + 4, length, 4);
    make_sum(table, length, 9);
    memcpy(rsdt, "RSDT", 4);
    store(rsdt + 4, 40, 4);
    store(rsdt + 36, TABLES + 256, 4);
    make_sum(rsdt, 40, 9);
    memcpy(rsdp, "RSD PTR ", 8);
    store(rsdp + 16, TABLES + 64, 4);
    make_sum(rsdp, 20, 8);
}

static volatile uint32_t *device(uint64_t index)
{
    return at_physical(DEVICE + index * PAGE_BYTES);
}

/* ---- I/O APICs: memory at the window is version, count 1, and entry at once -------------------
 */

static uint32_t io_entry_after(uint32_t entry, bool all)
{
    begin_table("APIC", ENTRIES);
    uint8_t *io = add(12);
    store(io, 1 | 12 << 8, 2);
    store(io + 4, DEVICE, 4);
    end_tables();
    device(0)[4] = entry;
    interrupts_mask_io_apics(facts, all);
    return device(0)[4];
}

static void masks_io_apics(void **state)
{
    (void)state;
    assert_int_equal(io_entry_after(0x20, false), 0x20 | MASKED);   /* fixed */
    assert_int_equal(io_entry_after(0x120, false), 0x120 | MASKED); /* lowest priority */
    assert_int_equal(io_entry_after(0x420, false), 0x420);          /* NMI */
    assert_int_equal(io_entry_after(0x720, false), 0x720);          /* ExtINT */
    assert_int_equal(io_entry_after(0x420, true), 0x420 | MASKED);
    assert_int_equal(io_entry_after(0x720, true), 0x720 | MASKED);
    assert_int_equal(io_entry_after(0x220, true), 0x220); /* SMI stays the firmware's */
    assert_int_equal(io_entry_after(0x520, true), 0x520); /* INIT, too */
}

static void keeps_off_io_apics_out_of_reach(void **state)
{
    (void)state;
    facts->reachable_end = DEVICE + PAGE_BYTES - 1;
    assert_int_equal(io_entry_after(0x20, true), 0x20);
}

/* ---- the local APIC -------------------------------------------------------------------------- */

static void add_nmi_line(uint8_t uid, uint16_t flags, uint8_t line)
{
    uint8_t *nmi = add(6);
    store(nmi, 4 | 6 << 8, 2);
    nmi[2] = uid;
    store(nmi + 3, flags, 2);
    nmi[5] = line;
}

static void settles_the_local_apic(void **state)
{
    const struct apic apic = {.registers = DEVICE};
    volatile uint32_t *registers = device(0);
    (void)state;
    begin_table("APIC", ENTRIES);
    add_nmi_line(0xff, 0, 1);
    add_nmi_line(7, 0xf, 0); /* low, level */
    add_nmi_line(8, 0, 0);
    end_tables();
    registers[0x30 / 4] = 6 << 16; /* entries up to CMCI */
    registers[0x80 / 4] = 0x55;
    registers[0xf0 / 4] = 0xff;
    registers[0x320 / 4] = 0x20021;
    registers[0x330 / 4] = 0x200; /* SMI */
    registers[0x340 / 4] = 0x400;
    registers[0x350 / 4] = 0x722;
    registers[0x360 / 4] = 0x23;
    interrupts_mask_local_apic(facts, &apic, 7);
    assert_int_equal(registers[0x80 / 4], 0);
    assert_int_equal(registers[0xf0 / 4], 0x1ff);
    assert_int_equal(registers[0x2f0 / 4], MASKED);
    assert_int_equal(registers[0x320 / 4], 0x20021 | MASKED);
    assert_int_equal(registers[0x330 / 4], 0x200);
    assert_int_equal(registers[0x340 / 4], 0x400 | MASKED);
    assert_int_equal(registers[0x350 / 4], 0xa422 | MASKED);
    assert_int_equal(registers[0x360 / 4], 0x423 | MASKED);
    assert_int_equal(registers[0x370 / 4], MASKED);
}

static void touches_only_the_entries_that_there_are(void **state)
{
    const struct apic apic = {.registers = DEVICE};
    volatile uint32_t *registers = device(0);
    (void)state;
    begin_table("APIC", ENTRIES);
    end_tables();
    registers[0x30 / 4] = 3 << 16;
    interrupts_mask_local_apic(facts, &apic, 0);
    assert_int_equal(registers[0x320 / 4], MASKED);
    assert_int_equal(registers[0x360 / 4], MASKED);
    assert_int_equal(registers[0x340 / 4], 0);
    assert_int_equal(registers[0x330 / 4], 0);
    assert_int_equal(registers[0x2f0 / 4], 0);
}

/* ---- IOMMUs ---------------------------------------------------------------------------------- */

/* Type and length of two bytes each, or one, one and two. */
static void add_unit(uint32_t type, uint32_t bytes, uint64_t registers)
{
    uint8_t *unit = add(bytes);
    memset(unit, 0, bytes);
    store(unit, type, 2);
    store(unit + 2, bytes, 2);
    store(unit + 8, registers, 8);
}

static void turns_vtd_off(void **state)
{
    (void)state;
    begin_table("DMAR", 48);
    add_unit(1, 24, DEVICE + PAGE_BYTES); /* reserved memory: no unit */
    add_unit(0, 16, DEVICE);
    end_tables();
    device(0)[7] = device(1)[7] = 0xc2000000; /* DMA and interrupt remapping, root table set */
    interrupts_disable_iommus(facts);
    assert_int_equal(device(0)[6],
                     0x02000000); /* the last command; memory does not obey the first */
    assert_int_equal(device(1)[6], 0);
    device(0)[6] = 0;
    device(0)[7] = 0x40000000; /* off */
    interrupts_disable_iommus(facts);
    assert_int_equal(device(0)[6], 0);
}

static void turns_amd_off(void **state)
{
    (void)state;
    begin_table("IVRS", 48);
    add_unit(0x20, 32, DEVICE + PAGE_BYTES); /* memory */
    add_unit(0x11, 40, DEVICE);
    end_tables();
    device(0)[6] = device(1)[6] = 0x1d;
    interrupts_disable_iommus(facts);
    assert_int_equal(device(0)[6], 0x1c);
    assert_int_equal(device(1)[6], 0x1d);
}

static void survives_entries_without_length(void **state)
{
    (void)state;
    begin_table("DMAR", 48);
    add_unit(0, 16, DEVICE);
    store(table + 50, 0, 2);
    end_tables();
    interrupts_disable_iommus(facts);
    begin_table("APIC", ENTRIES);
    add(12)[1] = 1;
    end_tables();
    interrupts_mask_io_apics(facts, true);
    facts->rsdp = 0;
    interrupts_disable_iommus(facts);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, fake_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(masks_io_apics),
        TEST(keeps_off_io_apics_out_of_reach),
        TEST(settles_the_local_apic),
        TEST(touches_only_the_entries_that_there_are),
        TEST(turns_vtd_off),
        TEST(turns_amd_off),
        TEST(survives_entries_without_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
