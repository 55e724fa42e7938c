/* Invariants of plan_build() on random machines and random wishes, of all protocols: whatever comes
 * in, either every promise holds or an error with a message comes out. */
#include "test/unit/plan_checks.h"
#include "test/unit/plan_random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define ROUNDS 120000

static uint64_t seed = 1;

static uint64_t below(uint64_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * UINT64_C(0x2545f4914f6cdd1d) % limit;
}

/* What the rounds have seen: so that no kind of wish is missing. */
static struct {
    uint64_t planned[ENTRY_PROGRAM + 1], refused, moved, several_moves, trials;
} seen;

static void count(const struct scene *scene)
{
    const struct wishes *wishes = &scene->attempt.wishes;

    seen.planned[wishes->mode]++;
    seen.moved += scene->plan.move_count > 0;
    seen.several_moves += scene->plan.move_count > 1;
    for (uint64_t i = 0; i < wishes->region_count; i++)
        seen.trials += wishes->regions[i].is_trial && wishes->regions[i].bytes;
}

static void plan_one(struct scene *scene, bool tables)
{
    (fail)(OK, "nothing"); /* cmocka has a macro of that name */
    enum err err = scene_plan(scene);

    if (err != OK) {
        check_refusal(scene, err);
        seen.refused++;
        return;
    }
    count(scene);
    check_plan(scene);
    if (tables)
        check_tables(scene);
}

static void random_machines(void **state)
{
    static struct scene scene;

    (void)state;
    arena_begin(&scene.machine.arena, grow);
    struct arena_mark mark = arena_mark(&scene.machine.arena);
    for (int round = 0; round < ROUNDS; round++) {
        arena_reset(&scene.machine.arena, mark);
        random_scene(&scene);
        plan_one(&scene, round % 8 == 0);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(seen.planned); i++)
        assert_true(seen.planned[i] > ROUNDS / 50);
    assert_true(seen.planned[ENTRY_KERNEL_TABLES] > ROUNDS / 8);
    assert_true(seen.refused > ROUNDS / 20);
    assert_true(seen.moved > ROUNDS / 60 && seen.several_moves > ROUNDS / 600);
    assert_true(seen.trials > ROUNDS / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(random_machines, free_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
