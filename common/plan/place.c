/* Where in physical memory does each region go? */
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/plan/plan.h"

/* Where the loader's own lie: 32-bit code and early page tables reach it, and what other software
 * keeps below 1 MiB stays alone. */
static const struct region_window own_window = {.first = MIB, .end = 4 * GIB};
static const struct region_window low_window = {.first = PAGE_BYTES, .end = PLAN_LOW_END};
static const struct region_window anywhere = {.first = PAGE_BYTES};

static uint64_t end_of(const struct plan_request *request, const struct region_window *window)
{
    return window->end ? MIN(window->end, request->reachable_end) : request->reachable_end;
}

static enum err find(const struct plan_request *request, const struct memmap *free,
                     const struct region_window *window, uint64_t bytes, uint64_t *physical)
{
    uint64_t alignment = MAX(window->alignment, PAGE_BYTES), end = end_of(request, window);

    return (window->lowest ? memmap_find_lowest : memmap_find_highest)(
        free, align_up(bytes, PAGE_BYTES), alignment, window->first, end, physical);
}

static enum err refuse_size(const struct plan_request *request, const struct memmap *free,
                            const struct region_window *window, const struct placement *place)
{
    uint64_t end = end_of(request, window), largest = memmap_largest(free, window->first, end);
    char why[80] = "nothing there is free";

    if (largest >= align_up(place->bytes, PAGE_BYTES))
        fmt(why, sizeof why, "no free piece there holds it at a multiple of %lXh",
            window->alignment);
    else if (largest)
        fmt(why, sizeof why, "the largest free piece there has %lu KiB", largest / KIB);
    return fail(ERR_NO_MEMORY, "%s needs %lu KiB of memory in one piece from %lXh to %lXh, but %s",
                place->name, place->bytes / KIB + (place->bytes % KIB != 0), window->first, end,
                why);
}

/* Most places are found right below the one before, or right above. */
static void add_reservation(struct plan *plan, uint64_t physical, uint64_t bytes)
{
    uint64_t first = align_down(physical, PAGE_BYTES), end = align_up(physical + bytes, PAGE_BYTES);
    struct reservation *next = plan->reservations + plan->reservation_count, *last = next - 1;

    *next = (struct reservation){first, (end - first) / PAGE_BYTES};
    if (plan->reservation_count && end == last->physical) {
        last->physical = first;
        last->pages += next->pages;
    } else if (plan->reservation_count && last->physical + last->pages * PAGE_BYTES == first) {
        last->pages += next->pages;
    } else {
        plan->reservation_count++;
    }
}

/* Whole pages: so places that touch become one range, however many there are. */
static enum err occupy(struct memmap *free, uint64_t physical, const struct placement *place)
{
    uint64_t first = align_down(physical, PAGE_BYTES);

    return memmap_overlay(free, first, align_up(physical + place->bytes, PAGE_BYTES) - first,
                          place->type);
}

static enum err reserve(struct memmap *free, struct plan *plan, const struct placement *place)
{
    add_reservation(plan, place->physical, place->bytes);
    return occupy(free, place->physical, place);
}

static enum err place_in(const struct plan_request *request, struct memmap *free,
                         const struct region_window *windows, uint32_t count,
                         struct placement *place)
{
    enum err err = ERR_NO_MEMORY;

    for (uint32_t i = 0; i < count && err != OK; i++)
        err = find(request, free, &windows[i], place->bytes, &place->physical);
    place->target = place->physical;
    return err == ERR_NO_MEMORY ? refuse_size(request, free, &windows[count - 1], place) : err;
}

enum err plan_place_own(const struct plan_request *request, struct memmap *free, struct plan *plan,
                        enum place index)
{
    struct placement *place = &plan->places[index];
    const struct region_window *window = index == PLACE_TRAMPOLINE ? &low_window
                                         : index == PLACE_INFORMATION
                                             ? &request->wishes->information_window
                                             : &own_window;

    if (!place->bytes)
        return OK;
    TRY(place_in(request, free, window, 1, place));
    return reserve(free, plan, place);
}

/* ---- places that a kernel insists on --------------------------------------------------------- */

/* What is in the way, from where to where; NULL: nothing. */
struct obstacle {
    const char *what;
    uint64_t first, last;
};

static enum err refuse_target(const struct region *region, struct obstacle obstacle)
{
    uint64_t last = region->target + region->bytes - 1;

    return fail(
        ERR_NO_MEMORY, "%s must lie at %lXh to %lXh, but at %lXh there is %s, up to %lXh%s%s",
        region->name, region->target, last, MAX(obstacle.first, region->target), obstacle.what,
        MIN(obstacle.last, last), region->advice ? ": " : "", region->advice ? region->advice : "");
}

/* Regions before this one have their targets. */
static enum err check_others(const struct plan_request *request, const struct region *region)
{
    const struct region *other = request->wishes->regions;

    for (; other < region; other++)
        if (other->fixed && other->bytes &&
            plan_overlap(other->target, other->target + other->bytes, region->target,
                         region->target + region->bytes))
            return refuse_target(region, (struct obstacle){other->name, other->target,
                                                           other->target + other->bytes - 1});
    return OK;
}

/* What keeps a region from its target when the kernel begins. What lies there now, until the
 * firmware has left, only keeps one that does not move. All else that a firmware keeps is left
 * alone, ACPI NVS, too: it reads that when the machine wakes, and GRUB, which loads kernels over
 * it, only seems to get away with it. */
static struct obstacle find_obstacle(const struct memmap *map, const struct region *region)
{
    uint64_t at = region->target, last = region->target + region->bytes - 1;

    for (uint64_t i = 0; i < map->count && at <= last; i++) {
        const struct memmap_range *range = &map->ranges[i];
        if (range->last < at)
            continue;
        if (range->first > at)
            return (struct obstacle){"no memory", at, range->first - 1};
        if (range->type != LINTEL_MEMORY_USABLE &&
            !(region->moves && range->type == LINTEL_MEMORY_RECLAIMABLE))
            return (struct obstacle){memmap_type_name(range->type), range->first, range->last};
        at = range->last + 1;
    }
    return (struct obstacle){at <= last ? "no memory" : NULL, at, last};
}

static enum err check_target(const struct plan_request *request, const struct region *region)
{
    uint64_t end;

    if (add_wraps(region->target, region->bytes, &end) || end > UINT64_C(1) << 47)
        return fail(ERR_NO_MEMORY, "%s must lie at %lXh, and %lu bytes don't fit there",
                    region->name, region->target, region->bytes);
    TRY(check_others(request, region));
    struct obstacle obstacle = find_obstacle(request->map, region);
    return obstacle.what ? refuse_target(region, obstacle) : OK;
}

/* Whole pages, for that is what a reservation takes. */
static bool is_free(const struct memmap *free, const struct region *region,
                    struct obstacle *obstacle)
{
    uint64_t first = align_down(region->target, PAGE_BYTES);
    uint64_t last = align_up(region->target + region->bytes, PAGE_BYTES) - 1;

    for (uint64_t i = 0; i < free->count; i++) {
        const struct memmap_range *range = &free->ranges[i];
        *obstacle =
            (struct obstacle){"the loader's own until the kernel runs", range->first, range->last};
        if (range->last >= first && range->first <= last && range->type != LINTEL_MEMORY_USABLE)
            return false;
    }
    return true;
}

/* The place itself where that is free, which is reserved; else it stays clear of everything that
 * is loaded. */
static enum err try_target(const struct plan_request *request, struct memmap *free,
                           struct plan *plan, uint64_t index)
{
    const struct region *region = &request->wishes->regions[index];
    struct placement *place = &plan->places[PLACE_KERNEL + index];
    bool reachable = region->target + region->bytes <= request->reachable_end;
    struct obstacle obstacle = {"memory out of the loader's reach", request->reachable_end,
                                UINT64_MAX};

    if (region->moves && !entry_moves(request->wishes->mode))
        return bug("%s: nothing is moved on the way into such a kernel", region->name);
    TRY(check_target(request, region));
    place->target = region->target;
    if (reachable && is_free(free, region, &obstacle)) {
        place->physical = region->target;
        return reserve(free, plan, place);
    }
    if (!region->moves)
        return refuse_target(region, obstacle);
    plan->move_count++;
    return occupy(free, place->target, place);
}

static enum err place_elsewhere(const struct plan_request *request, struct memmap *free,
                                struct plan *plan, struct placement *place)
{
    uint64_t target = place->target;

    TRY(place_in(request, free, &anywhere, 1, place));
    place->target = target;
    plan->moves[plan->move_count++] =
        (struct handoff_move){place->physical, place->target, place->bytes};
    return reserve(free, plan, place);
}

/* All targets are known before anything is put elsewhere: so no move disturbs another. */
static enum err place_fixed(const struct plan_request *request, struct memmap *free,
                            struct plan *plan)
{
    const struct wishes *wishes = request->wishes;

    plan->move_count = 0;
    for (uint64_t i = 0; i < wishes->region_count; i++)
        if (wishes->regions[i].fixed && wishes->regions[i].bytes)
            TRY(try_target(request, free, plan, i));
    uint64_t moves = plan->move_count;
    plan->move_count = 0;
    for (uint64_t i = 0; i < wishes->region_count && plan->move_count < moves; i++) {
        struct placement *place = &plan->places[PLACE_KERNEL + i];
        if (wishes->regions[i].fixed && !place->physical && place->bytes)
            TRY(place_elsewhere(request, free, plan, place));
    }
    return OK;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static enum err place_region(const struct plan_request *request, struct memmap *free,
                             struct plan *plan, uint64_t index)
{
    const struct region *region = &request->wishes->regions[index];
    struct placement *place = &plan->places[PLACE_KERNEL + index];

    if (region->fixed || !region->bytes)
        return OK;
    enum err err = place_in(request, free, region->windows, region->window_count, place);
    if (err == ERR_NO_MEMORY && region->advice)
        return fail(err, "%s: %s", err_message(), region->advice);
    TRY(err);
    return region->is_trial ? occupy(free, place->physical, place) : reserve(free, plan, place);
}

static bool goes_upwards(const struct region *region)
{
    return !region->fixed && region->bytes && region->windows[0].lowest;
}

/* How many there are up to the last that wants the lowest place. */
static uint64_t count_upwards(const struct wishes *wishes)
{
    uint64_t count = wishes->region_count;

    while (count && !goes_upwards(&wishes->regions[count - 1]))
        count--;
    return count;
}

/* In order, up to the last that wants the lowest place: the first gets the lowest. The others go
 * downwards from the last. */
enum err plan_place(const struct plan_request *request, struct memmap *free, struct plan *plan)
{
    uint64_t count = request->wishes->region_count, upwards = count_upwards(request->wishes);
    enum entry_mode mode = request->wishes->mode;

    TRY(place_fixed(request, free, plan));
    if (!entry_keeps_firmware(mode))
        plan->places[PLACE_HANDOFF].bytes = handoff_bytes(plan->move_count);
    for (uint64_t i = 0; i < upwards; i++)
        TRY(place_region(request, free, plan, i));
    for (uint64_t i = count; i-- > upwards;)
        TRY(place_region(request, free, plan, i));
    for (uint32_t i = PLACE_TABLES; i-- > 0;)
        TRY(plan_place_own(request, free, plan, i));
    return OK;
}
