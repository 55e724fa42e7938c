/* Starting CPUs: the list of them, and a made-up machine whose APIC reaches CPUs that come, come
 * late, never come, or get lost. */
#include "common/handoff/mp.h"
#include "test/unit/acpi_tables.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define HZ                UINT64_C(20000000) /* so slow a clock would make time-outs short */
#define PAGE_VIRTUAL      UINT64_C(0xffffff0000042000)
#define MAILBOXES_VIRTUAL UINT64_C(0xffff800000000000) /* added to where a mailbox lies */

static struct facts *facts;
static struct arena arena;

/* ---- the machine behind the APIC ------------------------------------------------------------- */

enum habit { COMES, SILENT, SECOND_CALL, LOST };

static struct {
    enum habit habit[512];
    uint32_t resets[512], calls[512];
} cpus;

static struct mp mp;

static void park(uint32_t id)
{
    struct mp_page *page = mp.page;
    if (page->gate != id)
        return;
    page->gate = MP_NOBODY;
    if (cpus.habit[id] != LOST)
        ((struct mp_mailbox *)at_physical(page->mailbox - MAILBOXES_VIRTUAL))->parked = 1;
}

static void hear(uint32_t id, uint32_t command)
{
    if (command == APIC_INIT) {
        cpus.resets[id]++;
        return;
    }
    assert_int_equal(command, APIC_STARTUP | (uint32_t)((uintptr_t)mp.page / PAGE_BYTES));
    cpus.calls[id]++;
    if (cpus.habit[id] == COMES || cpus.habit[id] == LOST ||
        (cpus.habit[id] == SECOND_CALL && cpus.calls[id] == 2))
        park(id);
}

static enum err grow(uint64_t pages, uint64_t *physical)
{
    return fake_firmware.allocate(pages, physical);
}

static int begin(void **state)
{
    (void)state;
    memset(&cpus, 0, sizeof cpus);
    facts = fake_begin(0);
    fake_apic(false, hear);
    facts->rsdp = begin_acpi_tables().rsdp;
    facts->tsc_hz = HZ;
    facts->cpu.apic_id = 4;
    arena_begin(&arena, grow);
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_end();
    return munmap(tables, sizeof *tables);
}

/* ---- the list -------------------------------------------------------------------------------- */

static void the_booting_cpu_is_the_first(void **state)
{
    struct mp_list list;
    (void)state;
    add_local_apic(1, 2, 1);
    add_local_apic(2, 4, 1);
    add_x2apic(1, 2, 1); /* twice, as some firmwares list them */
    add_local_apic(3, 6, 0);
    add_x2apic(4, 300, 1);
    assert_int_equal(mp_list(facts, &arena, &list), OK);
    assert_int_equal(list.count, 3);
    const struct acpi_processor wanted[] = {{2, 4}, {1, 2}, {4, 300}};
    assert_memory_equal(list.cpus, wanted, sizeof wanted);
}

static void without_tables_there_is_one_cpu(void **state)
{
    struct mp_list list;
    (void)state;
    facts->rsdp = 0;
    assert_int_equal(mp_list(facts, &arena, &list), OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.cpus[0].apic_id, 4);
    assert_int_equal(list.cpus[0].uid, MP_UID_UNKNOWN);
}

static void a_madt_without_the_booting_cpu(void **state)
{
    struct mp_list list;
    (void)state;
    add_local_apic(1, 2, 1);
    assert_int_equal(mp_list(facts, &arena, &list), OK);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.cpus[0].uid, MP_UID_UNKNOWN);
    assert_int_equal(list.cpus[1].apic_id, 2);
}

/* ---- starting -------------------------------------------------------------------------------- */

static struct mp_list listed(uint32_t count)
{
    struct mp_list list;
    add_local_apic(0, 4, 1);
    for (uint8_t i = 1; i < count; i++)
        add_local_apic(i, 10 + i, 1);
    assert_int_equal(mp_list(facts, &arena, &list), OK);
    assert_int_equal(list.count, count);
    return list;
}

static struct mp_world make_world(void)
{
    struct mp_world world = {
        .page_virtual = PAGE_VIRTUAL, .root = 0x1000, .cr0 = 1, .cr4 = 2, .efer = 3, .pat = 4};
    assert_int_equal(fake_firmware.allocate(1, &world.page), OK);
    mp.page = at_physical(world.page);
    return world;
}

static void starts_all(void **state)
{
    struct mp_list list = listed(4);
    struct mp_world world = make_world();
    (void)state;
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_KEPT), OK);
    assert_memory_equal(&mp.page->world, &world, sizeof world);
    assert_memory_equal(mp.page->jump, mp_trampoline, sizeof mp.page->jump);
    assert_int_equal(mp.page->apic_base, APIC_BASE_ENABLED);
    assert_int_equal(mp.page->mtrr_count, 1);
    assert_int_equal(mp.page->mtrrs[0].number, 0x2ff);
    assert_int_equal(mp.page->gate, MP_NOBODY);
    assert_int_equal(cpus.resets[4], 0);
    for (uint32_t i = 1; i < 4; i++) {
        struct mp_mailbox mailbox = {.parked = 7};
        assert_int_equal(cpus.resets[10 + i], 1);
        assert_int_equal(
            mp_start(&mp, &list.cpus[i], &mailbox, MAILBOXES_VIRTUAL + (uintptr_t)&mailbox), OK);
        assert_int_equal(mailbox.parked, 1);
        assert_int_equal(cpus.calls[10 + i], 1);
    }
}

static enum err start_one(enum habit habit)
{
    struct mp_list list = listed(2);
    struct mp_world world = make_world();
    struct mp_mailbox mailbox;
    cpus.habit[11] = habit;
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_KEPT), OK);
    return mp_start(&mp, &list.cpus[1], &mailbox, MAILBOXES_VIRTUAL + (uintptr_t)&mailbox);
}

static void calls_twice(void **state)
{
    (void)state;
    assert_int_equal(start_one(SECOND_CALL), OK);
    assert_int_equal(cpus.calls[11], 2);
}

static void a_silent_cpu_is_given_up(void **state)
{
    (void)state;
    assert_int_equal(start_one(SILENT), ERR_NOT_FOUND);
    assert_non_null(strstr(err_message(), "APIC ID 11 does not answer"));
    assert_int_equal(mp.page->gate, MP_NOBODY); /* nor may it come in later */
    park(11);
    assert_int_equal(mp.page->gate, MP_NOBODY);
}

static void a_lost_cpu_is_told_from_a_silent_one(void **state)
{
    (void)state;
    assert_int_equal(start_one(LOST), ERR_IO);
    assert_non_null(strstr(err_message(), "lost"));
}

/* However many are silent, it costs ten seconds and not five for each. */
static void silence_has_a_limit(void **state)
{
    struct mp_list list = listed(200);
    struct mp_world world = make_world();
    struct mp_mailbox mailbox;
    (void)state;
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_KEPT), OK);
    for (uint32_t i = 1; i < list.count; i++) {
        cpus.habit[10 + i] = SILENT;
        assert_int_equal(mp_start(&mp, &list.cpus[i], &mailbox, 0), ERR_NOT_FOUND);
    }
    assert_int_equal(mp.patience, 0);
}

/* ---- x2APIC ---------------------------------------------------------------------------------- */

static void wide_ids_want_x2apic(void **state)
{
    struct mp_list list = listed(2);
    struct mp_world world = make_world();
    (void)state;
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_KEPT), OK);
    assert_false(fake_x2apic_wished());
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_X2APIC), OK);
    assert_true(fake_x2apic_wished());
    list.cpus[1].apic_id = 255;
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_KEPT), OK);
    assert_true(fake_x2apic_wished());
}

static void wide_ids_are_out_of_an_xapics_reach(void **state)
{
    struct mp_list list = listed(2);
    struct mp_world world = make_world();
    struct mp_mailbox mailbox;
    (void)state;
    list.cpus[1].apic_id = 300;
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_KEPT), OK);
    assert_int_equal(cpus.resets[300], 0);
    assert_int_equal(mp_start(&mp, &list.cpus[1], &mailbox, 0), ERR_NOT_FOUND);
    assert_non_null(strstr(err_message(), "reach"));
    fake_apic(true, hear);
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_KEPT), OK);
    assert_int_equal(mp.page->apic_base, APIC_BASE_ENABLED | APIC_BASE_X2APIC);
    assert_int_equal(
        mp_start(&mp, &list.cpus[1], &mailbox, MAILBOXES_VIRTUAL + (uintptr_t)&mailbox), OK);
}

/* The firmware has x2APIC on, and it is used to reach the others, which leave it. */
static void an_xapic_is_asked_for(void **state)
{
    struct mp_list list = listed(3);
    struct mp_world world = make_world();
    struct mp_mailbox mailbox;
    (void)state;
    list.cpus[2].apic_id = 255;
    fake_apic(true, hear);
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_XAPIC), OK);
    assert_false(fake_x2apic_wished());
    assert_false(mp.x2apic);
    assert_int_equal(mp.page->apic_base, APIC_BASE_ENABLED);
    assert_int_equal(
        mp_start(&mp, &list.cpus[1], &mailbox, MAILBOXES_VIRTUAL + (uintptr_t)&mailbox), OK);
    assert_int_equal(
        mp_start(&mp, &list.cpus[2], &mailbox, MAILBOXES_VIRTUAL + (uintptr_t)&mailbox),
        ERR_NOT_FOUND);
    assert_int_equal(cpus.calls[255], 0);
}

/* ---- local interrupts ------------------------------------------------------------------------ */

static void each_cpu_has_its_own_lines(void **state)
{
    static const uint8_t nmi_of_2[] = {4, 6, 2, 0, 0, 1}, nmi_of_1[] = {4, 6, 1, 0, 0, 0};
    struct mp_list list = listed(3);
    struct mp_world world = make_world();
    struct mp_mailbox mailbox;
    const uint64_t *lint;
    (void)state;
    add_entry(nmi_of_2, sizeof nmi_of_2);
    add_entry(nmi_of_1, sizeof nmi_of_1);
    world.local.spurious = 0x1ff;
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_KEPT), OK);
    lint = mp.page->world.local.lint;
    assert_int_equal(
        mp_start(&mp, &list.cpus[1], &mailbox, MAILBOXES_VIRTUAL + (uintptr_t)&mailbox), OK);
    assert_int_equal(lint[0], 0x10400);
    assert_int_equal(lint[1], 0x10000);
    assert_int_equal(
        mp_start(&mp, &list.cpus[2], &mailbox, MAILBOXES_VIRTUAL + (uintptr_t)&mailbox), OK);
    assert_int_equal(lint[0], 0x10000);
    assert_int_equal(lint[1], 0x10400);
}

static void an_apic_at_another_place_is_left_alone(void **state)
{
    struct mp_list list = listed(2);
    struct mp_world world = make_world();
    (void)state;
    world.local.spurious = 0x1ff;
    world.local.registers = 0xfee00000; /* the fake one's are at 0 */
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_KEPT), OK);
    assert_int_equal(mp.page->world.local.spurious, 0);
}

/* INIT would be the end of this boot. */
static void the_booting_cpu_is_never_reset(void **state)
{
    struct mp_list list = listed(2);
    struct mp_world world = make_world();
    struct mp_mailbox mailbox;
    (void)state;
    list.cpus[1].apic_id = 4; /* by a name that CPUID does not give it */
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_KEPT), OK);
    assert_int_equal(mp_start(&mp, &list.cpus[1], &mailbox, 0), ERR_NOT_FOUND);
    assert_int_equal(cpus.resets[4] + cpus.calls[4], 0);
}

static void without_an_apic_nothing_is_sent(void **state)
{
    struct mp_list list = listed(2);
    struct mp_world world = make_world();
    (void)state;
    fake_apic(false, NULL);
    assert_int_equal(mp_begin(&mp, &world, &list, facts, MP_MODE_KEPT), ERR_UNSUPPORTED);
    assert_int_equal(cpus.resets[11], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_booting_cpu_is_the_first),
        TEST(without_tables_there_is_one_cpu),
        TEST(a_madt_without_the_booting_cpu),
        TEST(starts_all),
        TEST(calls_twice),
        TEST(a_silent_cpu_is_given_up),
        TEST(a_lost_cpu_is_told_from_a_silent_one),
        TEST(silence_has_a_limit),
        TEST(wide_ids_want_x2apic),
        TEST(wide_ids_are_out_of_an_xapics_reach),
        TEST(an_xapic_is_asked_for),
        TEST(each_cpu_has_its_own_lines),
        TEST(an_apic_at_another_place_is_left_alone),
        TEST(the_booting_cpu_is_never_reset),
        TEST(without_an_apic_nothing_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
