/* How does a boot get its memory? Plans, and takes the places from the firmware. */
#include "common/attempt/attempt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

#define TRIES      4
#define ROOM_BYTES (256 * KIB) /* that most plans take */

/* ---- the maps that a plan needs -------------------------------------------------------------- */

static enum err take_map(struct attempt *attempt, uint64_t ranges, struct memmap *map)
{
    uint64_t capacity = 2 * MEMMAP_CAPACITY(attempt->raw.capacity + ranges) + 1;

    if (map->capacity >= capacity)
        return OK;
    map->capacity = capacity;
    return ARENA_TAKE(&attempt->machine->arena, capacity, &map->ranges);
}

/* Room for any later map of this firmware, with the plan's places and the screen in it. */
static enum err take_maps(struct attempt *attempt, uint64_t busy)
{
    uint64_t amended = attempt->hooks->amended_ranges;
    uint64_t placed = PLACE_KERNEL + attempt->wishes.region_count + 1;

    TRY(take_map(attempt, placed + amended, &attempt->map));
    return take_map(attempt, busy + amended, &attempt->free);
}

/* The firmware's map, with what the protocol knows better. */
static enum err insert_firmwares(struct attempt *attempt)
{
    const struct lintel_cpu *cpu = &attempt_facts(attempt)->cpu;
    struct memmap *map = &attempt->map;

    map->count = 0;
    TRY(memmap_insert_raw(map, &attempt->raw, cpu->physical_bits));
    if (attempt->hooks->amend_map)
        TRY(attempt->hooks->amend_map(attempt, map));
    memmap_cut(map, plan_last_address(&attempt->wishes, cpu));
    return OK;
}

/* The normalised map without what is busy. */
static enum err find_free(struct attempt *attempt, const struct raw_map *busy)
{
    struct memmap *free = &attempt->free;

    memmap_copy(free, &attempt->map);
    for (uint64_t i = 0; i < busy->count; i++)
        TRY(memmap_overlay(free, busy->ranges[i].base, busy->ranges[i].bytes,
                           LINTEL_MEMORY_RESERVED));
    return memmap_normalise(free);
}

/* Kernels of other protocols find out by what they are told where their files lie. */
enum err attempt_make_final_map(struct attempt *attempt)
{
    const struct plan *plan = &attempt->plan;
    struct memmap *map = &attempt->map;

    TRY(insert_firmwares(attempt));
    for (uint64_t i = 0; i < plan->place_count && attempt->wishes.mode == ENTRY_KERNEL_TABLES; i++)
        if (plan->places[i].bytes)
            TRY(memmap_overlay(map, plan->places[i].target, plan->places[i].bytes,
                               plan->places[i].type));
    if (attempt->has_video && attempt->wishes.mode == ENTRY_KERNEL_TABLES)
        TRY(memmap_overlay(map, attempt->video.fb.base_physical, attempt->video.fb.bytes,
                           LINTEL_MEMORY_FRAMEBUFFER));
    return memmap_normalise(map);
}

/* ---- the plan -------------------------------------------------------------------------------- */

enum err attempt_plan(struct attempt *attempt, const struct raw_map *raw,
                      const struct raw_map *busy)
{
    const struct facts *facts = attempt_facts(attempt);

    attempt->raw = *raw;
    TRY(take_maps(attempt, busy->count));
    TRY(insert_firmwares(attempt));
    TRY(memmap_normalise(&attempt->map));
    TRY(find_free(attempt, busy));
    TRY(attempt_count_buffer(attempt, &attempt->wishes.information_bytes));
    attempt->request = (struct plan_request){
        .wishes = &attempt->wishes,
        .cpu = &facts->cpu,
        .map = &attempt->map,
        .free = &attempt->free,
        .reachable_end = facts->reachable_end,
        .resident = &attempt->resident,
        .random = load64(attempt->entropy),
        .loader_levels = attempt->loader_levels,
        .loader_code = attempt->loader_code,
    };
    return plan_build(&attempt->request, &attempt->machine->arena, &attempt->plan);
}

static uint64_t sum(const struct raw_map *busy)
{
    uint64_t bytes = 0;

    for (uint64_t i = 0; i < busy->count; i++)
        bytes += busy->ranges[i].bytes;
    return bytes;
}

static enum err plan_once(struct attempt *attempt)
{
    struct raw_map raw, busy;

    TRY(attempt->machine->firmware->memory_map(&raw, &busy));
    TRY(attempt_plan(attempt, &raw, &busy));
    note("loader memory: %lu KiB\n", sum(&busy) / KIB);
    return OK;
}

enum err attempt_make_room(struct attempt *attempt)
{
    struct arena *arena = &attempt->machine->arena;
    struct arena_mark mark = arena_mark(arena);
    void *room;

    TRY(arena_take(arena, ROOM_BYTES, &room));
    arena_reset(arena, mark);
    return OK;
}

static void forget_plan(struct attempt *attempt, struct arena_mark mark)
{
    attempt->map = attempt->free = (struct memmap){0};
    arena_reset(&attempt->machine->arena, mark);
}

/* What the arena takes from the firmware for a plan is missing from the map that the plan is made
 * with, and OVMF clears memory that is given back. So the room is there before; where it was too
 * small, what was taken is there when the plan is made again. */
static enum err plan(struct attempt *attempt)
{
    struct arena *arena = &attempt->machine->arena;
    uint64_t chunks = arena->chunk_count - 1;

    TRY(attempt_make_room(attempt));
    struct arena_mark mark = arena_mark(arena);
    for (int i = 0; i < TRIES && arena->chunk_count != chunks; i++) {
        forget_plan(attempt, mark);
        chunks = arena->chunk_count;
        TRY(plan_once(attempt));
    }
    return OK;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void release(const struct attempt *attempt, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        attempt->machine->firmware->release(attempt->plan.reservations[i].physical,
                                            attempt->plan.reservations[i].pages);
}

static enum err take(const struct attempt *attempt)
{
    for (uint64_t i = 0; i < attempt->plan.reservation_count; i++) {
        const struct reservation *reservation = &attempt->plan.reservations[i];
        enum err err =
            attempt->machine->firmware->reserve(reservation->physical, reservation->pages);
        if (err != OK) {
            release(attempt, i);
            return err;
        }
    }
    return OK;
}

/* A UEFI driver may take memory between the look at the map and the reservation: then the plan is
 * made again. */
enum err attempt_reserve(struct attempt *attempt)
{
    struct arena_mark mark = arena_mark(&attempt->machine->arena);
    enum err err = ERR_CHANGED;

    timeline_mark(attempt->timeline, "plan");
    for (int i = 0; i < TRIES && err == ERR_CHANGED; i++) {
        forget_plan(attempt, mark);
        TRY(plan(attempt));
        err = take(attempt);
    }
    return err;
}

void attempt_release(struct attempt *attempt)
{
    release(attempt, attempt->plan.reservation_count);
}
