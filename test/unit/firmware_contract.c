/* The contract of common/firmware.h asked of the fake: so the contract's checks are known to run,
 * and the fake to be a firmware that other tests may stand on. */
#define boot_main contract_main /* the core has its own */
#include "test/firmware_contract.c"
#include "test/firmware_contract_memory.c"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char late[4096];
static size_t late_bytes;

static void put_late(char c)
{
    if (late_bytes < sizeof late - 1)
        late[late_bytes++] = c;
    late[late_bytes] = 0;
}

static bool is_quiet(void)
{
    return true;
}

static bool is_not_quiet(void)
{
    return false;
}

static uint8_t image[2 * MIB];
static struct firmware whole; /* with all verbs that the fake has */

static struct facts *begin(void)
{
    struct facts *facts = fake_begin(32 * MIB);

    for (size_t i = 0; i < sizeof image; i++)
        image[i] = (uint8_t)(i * 31 >> 3);
    fake_disk_in_memory(image, sizeof image, 512);
    facts->origin.has_area = true;
    facts->origin.area_lba = 3000;
    late_bytes = 0;
    return facts;
}

static void assert_said(const char *text)
{
    if (!strstr(fake_output(), text) && !strstr(late, text))
        fail_msg("no '%s' in:\n%s%s", text, fake_output(), late);
}

static void assert_kept(const struct facts *facts, const char *said)
{
    if (!contract_check(facts, &whole, &(struct contract_after){put_late, is_quiet}))
        fail_msg("%s%s", fake_output(), late);
    assert_said(said);
}

static void test_fake_keeps_the_contract(void **state)
{
    (void)state;
    assert_kept(begin(), "contract: 21 of 21 passed\n");
    assert_true(fake_left());
    fake_end();
}

/* Runs the contract against a firmware that breaks a promise, which must be named. */
static void assert_broken(struct facts *facts, const struct firmware *firmware, bool (*quiet)(void),
                          const char *named)
{
    assert_false(contract_check(facts, firmware, &(struct contract_after){put_late, quiet}));
    assert_said(named);
    fake_end();
}

static enum err read_too_far(const struct disk *disk, uint64_t lba, uint64_t sectors, void *to)
{
    if (sectors > 127) /* as a loader that cuts a long request short */
        sectors = 127;
    return fake_firmware.read(disk, lba, sectors, to);
}

static const char served[] = "timeout 0\n";

static struct facts *begin_with_server(void)
{
    struct facts *facts = begin();

    fake_serve(SERVED, served, sizeof served);
    return facts;
}

static void test_server_keeps_the_contract(void **state)
{
    (void)state;
    assert_kept(begin_with_server(), "contract: 23 of 23 passed\n");
    fake_end();
}

static enum err fetch_a_part(const char *path, uint64_t bytes, void *to)
{
    (void)path;
    memcpy(to, served, bytes / 2);
    return OK;
}

static enum err find_everything(const char *path, uint64_t *bytes)
{
    (void)path;
    *bytes = sizeof served;
    return OK;
}

static enum err allocate_twice(uint64_t pages, uint64_t *physical)
{
    enum err err = fake_firmware.allocate(pages, physical);
    *physical = align_down(*physical, 2 * PAGE_BYTES);
    return err;
}

static enum err reserve_anything(uint64_t physical, uint64_t pages)
{
    (void)physical, (void)pages;
    return OK;
}

static void release_nothing(uint64_t physical, uint64_t pages)
{
    (void)physical, (void)pages;
}

static enum key press_always(bool marked)
{
    (void)marked;
    return KEY_ENTER;
}

static enum err set_no_video(uint32_t width, uint32_t height, struct video *video)
{
    (void)width, (void)height, (void)video;
    return OK;
}

static enum err hide_busy(struct raw_map *map, struct raw_map *busy)
{
    TRY(fake_firmware.memory_map(map, busy));
    busy->count = 0;
    return OK;
}

static enum err write_nothing(const struct disk *disk, uint64_t lba, const void *before,
                              const void *after)
{
    (void)after;
    return fake_write_sector(disk, lba, before, before);
}

static enum err write_anyway(const struct disk *disk, uint64_t lba, const void *before,
                             const void *after)
{
    (void)before;
    if (lba >= disk->sectors)
        return ERR_IO;
    memcpy(image + lba * disk->sector_bytes, after, disk->sector_bytes);
    return OK;
}

static void test_broken_promises_are_named(void **state)
{
    struct firmware firmware = whole;

    (void)state;
    firmware.read = read_too_far;
    assert_broken(begin(), &firmware, is_quiet, "contract: read FAILED");
    firmware = whole;
    firmware.write_sector = write_nothing;
    assert_broken(begin(), &firmware, is_quiet,
                  "contract: write_sector FAILED: nothing was written");
    firmware.write_sector = write_anyway;
    assert_broken(begin(), &firmware, is_quiet, "contract: write_sector FAILED: what stood there");
    firmware = whole;
    firmware.allocate = allocate_twice;
    assert_broken(begin(), &firmware, is_quiet, "contract: allocate FAILED");
    firmware = whole;
    firmware.fetch = fetch_a_part;
    assert_broken(begin_with_server(), &firmware, is_quiet, "contract: fetch FAILED");
    firmware = whole;
    firmware.fetch_size = find_everything;
    assert_broken(begin_with_server(), &firmware, is_quiet,
                  "contract: fetch what is not so FAILED");
    firmware = whole;
    firmware.reserve = reserve_anything;
    firmware.release = release_nothing;
    assert_broken(begin(), &firmware, is_quiet, "contract: reserve and release FAILED");
    firmware = whole;
    firmware.key = press_always;
    assert_broken(begin(), &firmware, is_quiet, "contract: key when idle FAILED");
    firmware = whole;
    firmware.set_video = set_no_video;
    assert_broken(begin(), &firmware, is_quiet, "contract: set_video FAILED");
    firmware = whole;
    firmware.memory_map = hide_busy;
    assert_broken(begin(), &firmware, is_quiet, "contract: memory_map FAILED");
    assert_broken(begin(), &whole, is_not_quiet, "contract: leave FAILED");
}

static void test_broken_disk_is_named(void **state)
{
    struct facts *facts = begin();

    (void)state;
    fake_break_sectors(0, 299, 1);
    assert_broken(facts, &whole, is_quiet, "broken on purpose");
}

static void test_refused_leave_is_named(void **state)
{
    struct facts *facts = begin();

    (void)state;
    fake_fail_leave(1);
    assert_broken(facts, &whole, is_quiet, "leave() fails on purpose");
}

static void test_bad_facts_are_named(void **state)
{
    struct facts *facts = begin();

    (void)state;
    facts->cpu.physical_bits = 20;
    facts->disks[0].name[0] = 0;
    assert_broken(facts, &whole, is_quiet, "facts about the machine FAILED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fake_keeps_the_contract),
        cmocka_unit_test(test_server_keeps_the_contract),
        cmocka_unit_test(test_broken_promises_are_named),
        cmocka_unit_test(test_broken_disk_is_named),
        cmocka_unit_test(test_refused_leave_is_named),
        cmocka_unit_test(test_bad_facts_are_named),
    };

    whole = fake_firmware;
    whole.write_sector = fake_write_sector;
    whole.get_variable = fake_get_variable;
    whole.set_variable = fake_set_variable;
    whole.restart = fake_restart;
    whole.power_off = fake_power_off;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
