/* A Linux kernel with two initrds on the fake machine, and its boot up to the handoff. */
#pragma once

#include "common/protocol/linux/linux.h"
#include "test/unit/attempt_scene.h"
#include "test/unit/bzimage.h"

#define MEMORY  (16 * MIB)
#define BASE    FAKE_MEMORY_BASE
#define END     (BASE + MEMORY)
#define ADDRESS (BASE + 4 * MIB)

static struct facts *facts;
static struct entry_file initrds[2];

enum linux_file { VMLINUZ, FIRST_INITRD, SECOND_INITRD };

static inline int begin(void **state)
{
    (void)state;
    facts = scene_begin(MEMORY, "vmlinuz");
    facts->rsdp = 0xf59e0;
    bz_build(ADDRESS);
    scene_add("vmlinuz", bz, BZ_BYTES);
    scene_add("first.img", "seven b", 7);
    scene_add("second.img", "four", 4);
    initrds[0] = (struct entry_file){.path = "first.img", .argument = "", .next = &initrds[1]};
    initrds[1] = (struct entry_file){.path = "second.img", .argument = ""};
    scene.entry.initrds = initrds;
    scene.entry.options = "one two";
    return 0;
}

/* Boots, and returns the boot parameters that the kernel finds. */
static inline const uint8_t *boot(void)
{
    return at_physical(scene_boot()->registers.rsi);
}
