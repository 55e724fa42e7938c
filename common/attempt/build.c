/* What is a kernel told, and how large is that? */
#include "common/attempt/attempt.h"
#include "common/lib/mem.h"

/* All that the buffer holds, in the order in which it is counted and written. */
static enum err build_buffer(struct attempt *attempt, struct buffer *buffer)
{
    if (attempt->hooks->build)
        TRY(attempt->hooks->build(attempt, buffer));
    if (attempt->wishes.mode == ENTRY_KERNEL_TABLES)
        return attempt_build_machine(attempt, buffer);
    return OK;
}

/* ---- counting -------------------------------------------------------------------------------- */

static const struct vbe any_vbe; /* as large as every other */

/* As long as any list of the firmware's can become, and as long as a stage's name may be. */
static void stretch(struct attempt *attempt, struct timeline *timeline)
{
    attempt->map.count = attempt->map.capacity;
    attempt->raw.count = attempt->raw.capacity;
    attempt->raw.efi_bytes = attempt->raw.efi_capacity_bytes;
    attempt->has_video = attempt->wishes.screen.wanted;
    attempt->video.mode_count = VIDEO_MODES;
    attempt->video.vbe = &any_vbe;
    attempt->video.fb.edid_bytes = sizeof attempt->video.edid;
    timeline->count = TIMELINE_STAGES;
    for (uint32_t i = 0; i < TIMELINE_STAGES; i++)
        timeline->stages[i].name = "fifteen letters";
    attempt->timeline = timeline;
}

/* Every place is nowhere yet, and the longest map is not there to be read. */
static enum err count(struct attempt *attempt, uint64_t *bytes)
{
    struct arena *arena = &attempt->machine->arena;
    struct buffer buffer = buffer_counting(arena);

    attempt->plan = (struct plan){.cpu_count = MAX(attempt->wishes.cpu_count, 1)};
    TRY(ARENA_TAKE(arena, PLACE_KERNEL + attempt->wishes.region_count, &attempt->plan.places));
    TRY(ARENA_TAKE(arena, attempt->raw.capacity, &attempt->raw.ranges));
    TRY(build_buffer(attempt, &buffer));
    *bytes = buffer.next;
    return OK;
}

enum err attempt_count_buffer(struct attempt *attempt, uint64_t *bytes)
{
    struct arena_mark mark = arena_mark(&attempt->machine->arena);
    struct timeline longest = {0}, *timeline = attempt->timeline;
    uint64_t ranges = attempt->map.count;
    struct raw_map raw = attempt->raw;

    stretch(attempt, &longest);
    enum err err = count(attempt, bytes);
    attempt->timeline = timeline;
    attempt->map.count = ranges;
    attempt->raw = raw;
    attempt->has_video = false;
    attempt->video = (struct video){0};
    arena_reset(&attempt->machine->arena, mark);
    return err;
}

/* ---- building -------------------------------------------------------------------------------- */

enum err attempt_build(struct attempt *attempt)
{
    const struct placement *place = &attempt->plan.places[PLACE_INFORMATION];
    struct buffer buffer = buffer_at(place->physical, place->bytes, attempt->plan.direct_map);

    TRY(attempt_make_final_map(attempt));
    if (attempt->wishes.mode == ENTRY_KERNEL_TABLES)
        TRY(plan_map(&attempt->request, &attempt->map,
                     attempt->has_video ? &attempt->video.fb : NULL, &attempt->machine->arena,
                     &attempt->plan));
    TRY(build_buffer(attempt, &buffer));
    return attempt->wishes.mode == ENTRY_KERNEL_TABLES || entry_keeps_firmware(attempt->wishes.mode)
               ? OK
               : attempt_build_one_to_one(attempt);
}
