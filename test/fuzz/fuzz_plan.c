/* Any bytes as a machine and as wishes, of every kind: the plan keeps its promises, or a refusal
 * says which wish it is about. The input is the numbers that a random scene is made of. */
#include "test/unit/plan_checks.h"
#include "test/unit/plan_random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *next, *end;

/* As few bytes as the limit needs; 0 behind the last one. */
static uint64_t below(uint64_t limit)
{
    uint64_t value = 0;

    for (uint64_t most = limit - 1; most && next < end; most >>= 8)
        value = value << 8 | *next++;
    return value % limit;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct scene scene;

    if (!scene.machine.arena.grow)
        arena_begin(&scene.machine.arena, grow);
    struct arena_mark mark = arena_mark(&scene.machine.arena);
    next = data;
    end = data + size;
    random_scene(&scene);
    enum err err = scene_plan(&scene);
    if (err == OK) {
        check_plan(&scene);
        check_tables(&scene);
    } else {
        check_refusal(&scene, err);
    }
    arena_reset(&scene.machine.arena, mark);
    return 0;
}
