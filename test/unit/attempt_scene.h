/* One attempt to boot files in memory on the fake machine: what a protocol wishes, where it ends,
 * and what a refusal leaves behind. */
#pragma once

#include "common/lib/mem.h"
#include "common/protocol/protocol.h"
#include "test/unit/fake_firmware.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define SCENE_FILES 16

static struct {
    struct firmware firmware;
    struct machine machine;
    struct timeline timeline;
    struct disk disk;
    struct volume volume;
    struct fs fs;
    struct reader files[SCENE_FILES]; /* by name; the entry names them */
    uint32_t file_count;
    struct entry entry;
    const struct hooks *hooks; /* of a test's own, in place of a protocol's */
    struct attempt attempt;
} scene;

static inline struct reader *scene_add(const char *name, const void *bytes, uint64_t size)
{
    scene.files[scene.file_count] = reader_from_memory(name, bytes, size);
    return &scene.files[scene.file_count++];
}

static inline enum err scene_open_file(struct attempt *attempt, const char *reference,
                                       struct file *file)
{
    (void)attempt;
    for (uint32_t i = 0; i < scene.file_count; i++)
        if (strcmp(scene.files[i].name, reference) == 0) {
            *file = (struct file){.reader = scene.files[i], .fs = &scene.fs};
            return OK;
        }
    return (fail)(ERR_NOT_FOUND, "%s is not there", reference);
}

/* A BIOS machine with that much memory, and an entry that names `kernel`. */
static inline struct facts *scene_begin(uint64_t memory_bytes, const char *kernel)
{
    struct facts *facts = fake_begin(memory_bytes);

    memset(&scene, 0, sizeof scene);
    scene.firmware = fake_firmware;
    scene.machine = (struct machine){.facts = facts, .firmware = &scene.firmware};
    arena_begin(&scene.machine.arena, scene.firmware.allocate);
    scene.disk = (struct disk){.name = "disk", .handle = 0x81, .sector_bytes = 512};
    scene.volume = (struct volume){.firmware = &scene.firmware, .disk = &scene.disk};
    scene.fs = (struct fs){.volume = &scene.volume};
    scene.entry = (struct entry){.id = "entry", .kernel = (char *)(uintptr_t)kernel, .options = ""};
    return facts;
}

static inline enum err scene_open(void)
{
    scene.attempt = (struct attempt){
        .machine = &scene.machine,
        .timeline = &scene.timeline,
        .entry = &scene.entry,
        .hooks = scene.hooks,
        .loader_levels = handoff_levels(),
        .loader_code = 0x8000,
        .open_file = scene_open_file,
    };
    return scene_open_file(&scene.attempt, scene.entry.kernel, &scene.attempt.kernel);
}

static inline enum err scene_find(const struct protocol **protocol)
{
    enum err err = scene_open();

    if (err == OK)
        err = protocol_find(&scene.attempt, protocol);
    return err == OK ? protocol_check(&scene.attempt, *protocol) : err;
}

static inline enum err scene_carry_out(void)
{
    const struct protocol *protocol;
    enum err err = scene.hooks ? scene_open() : scene_find(&protocol);
    return err == OK ? attempt_carry_out(&scene.attempt) : err;
}

/* Boots, and returns the state that the handoff finds. */
static inline const struct handoff_state *scene_boot(void)
{
    int way_out = setjmp(fake_way_out);
    if (!way_out)
        fail_msg("attempt_carry_out(): %d, %s", scene_carry_out(), err_message());
    assert_int_equal(FAKE_HANDED_OFF, way_out);
    assert_true(fake_left());
    return fake_handoff();
}

/* Nothing is left behind. */
static inline void scene_refuse(enum err err, const char *why)
{
    if (setjmp(fake_way_out))
        fail_msg("it boots");
    assert_int_equal(err, scene_carry_out());
    if (!strstr(err_message(), why))
        fail_msg("\"%s\" does not say \"%s\"", err_message(), why);
    assert_int_equal(0, fake_reserved_pages());
    assert_false(fake_left());
}
