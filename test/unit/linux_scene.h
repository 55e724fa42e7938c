/* A Linux kernel with two initrds on the fake machine, and its boot up to the leap. */
#ifndef TEST_LINUX_SCENE_H
#define TEST_LINUX_SCENE_H

#include "common/protocol/linux/linux_job.h"
#include "common/protocol/linux/linux_params.h"
#include "test/unit/bzimage.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define MEMORY  (16 * MIB)
#define BASE    FAKE_MEMORY_BASE
#define END     (BASE + MEMORY)
#define ADDRESS (BASE + 4 * MIB)

static struct facts *facts;
static struct firmware firmware;
static struct boot boot;
static struct linux_files files;
static struct source sources[3];
static const struct source *initrds[2] = {&sources[1], &sources[2]};

static inline int begin(void **state)
{
    (void)state;
    facts = fake_begin(MEMORY);
    facts->rsdp = 0xf59e0;
    firmware = fake_firmware;
    boot = (struct boot){.machine = {.facts = facts, .firmware = &firmware},
                         .volumes = {.machine = &boot.machine},
                         .interface = {.machine = &boot.machine}};
    arena_begin(&boot.machine.arena, firmware.allocate);
    bz_build(ADDRESS);
    sources[0] = source_from_memory("vmlinuz", bz, BZ_BYTES);
    sources[1] = source_from_memory("first.img", "seven b", 7);
    sources[2] = source_from_memory("second.img", "four", 4);
    files = (struct linux_files){
        .kernel = &sources[0], .initrds = initrds, .initrd_count = 2, .options = "one two"};
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    fake_end();
    return 0;
}

/* Boots, and returns the boot parameters that the kernel finds. */
static inline const uint8_t *leap(void)
{
    int way_out = setjmp(fake_way_out);
    if (!way_out)
        fail_msg("linux_boot(): %d, %s", linux_boot(&boot, &files), err_message());
    assert_int_equal(FAKE_LEAPT, way_out);
    assert_true(fake_left());
    return at_physical(fake_leap()->registers.rsi);
}

static inline void refuse(enum err err, const char *why)
{
    assert_int_equal(err, linux_boot(&boot, &files));
    if (!strstr(err_message(), why))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), why);
    assert_int_equal(0, fake_claimed_pages());
    assert_false(fake_left());
}

#endif
