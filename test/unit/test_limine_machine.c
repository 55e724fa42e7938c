/* Interrupt controllers and local APICs as a Limine kernel is to find them, and the mode that it
 * asks for. */
#include "common/protocol/limine/limine.h"
#include "test/unit/acpi_tables.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define IO_APIC  FAKE_MEMORY_BASE /* its window is version, count 1, and entry at once */
#define REMAPPER (FAKE_MEMORY_BASE + PAGE_BYTES)
#define STATUS   (0x1c / 4)
#define MASKED   0x10000u
#define FIXED    0x20u
#define NMI      0x420u

static struct facts *facts;
static struct machine machine;
static struct attempt attempt;
static struct limine limine;
static uint64_t words[8]; /* the image: a request for CPUs */

static void hear(uint32_t id, uint32_t command)
{
    (void)id, (void)command;
}

/* A machine with one I/O APIC, and VT-d's DMA remapping on. */
static int begin(void **state)
{
    static const uint8_t io_apic[12] = {1, 12, 0, 0, 0, 0, 0, IO_APIC >> 24};
    volatile uint32_t *remapper = at_physical(REMAPPER);
    (void)state;
    facts = fake_begin(16 * MIB);
    facts->rsdp = begin_acpi_tables().rsdp;
    add_entry(io_apic, sizeof io_apic);
    begin_table(tables->other, "DMAR", sizeof tables->other);
    put(tables->other + 50, 16, 2);
    put(tables->other + 56, REMAPPER, 8);
    seal_table(tables->other);
    remapper[STATUS] = 1u << 31;

    machine = (struct machine){.facts = facts, .firmware = &fake_firmware};
    arena_begin(&machine.arena, fake_firmware.allocate);
    attempt = (struct attempt){.machine = &machine, .protocol = &limine};
    limine = (struct limine){.attempt = &attempt, .memory.name = "kernel.elf"};
    limine.image.bytes = (const uint8_t *)words;
    for (size_t i = 0; i < LIMINE_FEATURES; i++)
        limine.image.requests[i] = LIMINE_NONE;
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_end();
    return munmap(tables, sizeof *tables);
}

/* Writes the last word of a request as the feature's own member. */
static void ask(enum limine_feature feature, uint64_t member)
{
    limine.image.requests[feature] = 0;
    words[6] = member;
}

static uint32_t io_entry_after(uint64_t revision, uint32_t entry)
{
    volatile uint32_t *window = at_physical(IO_APIC + 16);
    limine.image.base_revision = revision;
    *window = entry;
    limine_settle(&attempt);
    return *window;
}

static void masks_io_apics(void **state)
{
    (void)state;
    assert_int_equal(io_entry_after(0, FIXED), FIXED | MASKED);
    assert_int_equal(io_entry_after(4, FIXED), FIXED | MASKED);
    assert_int_equal(io_entry_after(4, NMI), NMI);
    assert_int_equal(io_entry_after(5, NMI), NMI | MASKED);
}

static bool turns_remapping_off(uint64_t revision)
{
    volatile uint32_t *command = at_physical(REMAPPER + 0x18);
    *command = 0x55;
    io_entry_after(revision, 0);
    return *command == 0;
}

static void turns_iommus_off(void **state)
{
    (void)state;
    assert_false(turns_remapping_off(4));
    assert_true(turns_remapping_off(5));
    ask(LIMINE_KEEP_IOMMU, 0);
    assert_false(turns_remapping_off(6));
}

/* ---- the mode of local APICs ----------------------------------------------------------------- */

static bool keeps_x2apic(enum mp_mode mode)
{
    fake_apic(true, hear);
    attempt.apic_mode = mode;
    io_entry_after(4, 0);
    return fake_x2apic();
}

static void leaves_the_mode_that_nobody_asked_for(void **state)
{
    struct raw_map map;
    (void)state;
    assert_int_equal(fake_firmware.leave(&map), OK);
    assert_true(keeps_x2apic(MP_MODE_X2APIC));
    assert_false(keeps_x2apic(MP_MODE_XAPIC));
    assert_false(keeps_x2apic(MP_MODE_KEPT)); /* no request for CPUs */
    fake_lock_x2apic();
    assert_true(keeps_x2apic(MP_MODE_KEPT));
}

static void refuses_a_mode_that_cannot_be_left(void **state)
{
    (void)state;
    fake_apic(true, hear);
    fake_lock_x2apic();
    assert_int_equal(limine_list_cpus(&limine), OK); /* no request */
    ask(LIMINE_MP, 1);
    assert_int_equal(limine_list_cpus(&limine), OK);
    assert_int_equal(attempt.apic_mode, MP_MODE_X2APIC);
    ask(LIMINE_MP, 0);
    assert_int_equal(limine_list_cpus(&limine), ERR_UNSUPPORTED);
    assert_non_null(strstr(err_message(), "has not the flag for x2APIC"));
    fake_apic(false, hear);
    assert_int_equal(limine_list_cpus(&limine), OK);
    assert_int_equal(attempt.apic_mode, MP_MODE_XAPIC);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(masks_io_apics),
        TEST(turns_iommus_off),
        TEST(leaves_the_mode_that_nobody_asked_for),
        TEST(refuses_a_mode_that_cannot_be_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
