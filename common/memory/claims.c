#include "common/memory/claims.h"
#include "common/lib/mem.h"

#define TRIES      4
#define SPARE_MAPS 16 /* ranges that the map may grow by between two looks at it */

/* ---- what is free ---------------------------------------------------------------------------- */

static uint64_t end_of(uint64_t base, uint64_t bytes)
{
    uint64_t end;
    return add_wraps(base, bytes, &end) ? UINT64_MAX : end;
}

/* Reserved ranges and device registers can lie far above the last memory (AMD: FD_0000_0000h). */
static bool is_memory(enum lintel_memory_type type)
{
    return type != LINTEL_MEMORY_RESERVED && type != LINTEL_MEMORY_MMIO &&
           type != LINTEL_MEMORY_FRAMEBUFFER && type != LINTEL_MEMORY_BAD;
}

static uint64_t find_memory_end(const struct raw_map *map, uint32_t physical_bits)
{
    uint64_t end = 4 * GIB, limit = UINT64_C(1) << MIN(physical_bits, 47u);

    for (uint64_t i = 0; i < map->count; i++)
        if (is_memory(map->ranges[i].type) && map->ranges[i].base < limit)
            end = MAX(end, MIN(end_of(map->ranges[i].base, map->ranges[i].bytes), limit));
    return end;
}

void claims_begin(struct claims *claims, const struct facts *facts, const struct firmware *firmware,
                  struct arena *arena)
{
    *claims = (struct claims){
        .firmware = firmware,
        .arena = arena,
        .reachable_end = facts->reachable_end,
        .memory_end = find_memory_end(&facts->map, facts->cpu.physical_bits),
        .physical_bits = facts->cpu.physical_bits,
        .has_1gib_pages = facts->cpu.features & LINTEL_CPU_1GIB,
    };
}

static uint64_t count_claims(const struct claims *claims)
{
    uint64_t count = 0;
    for (const struct claim *claim = claims->list; claim; claim = claim->next)
        count++;
    return count;
}

/* The firmware's map as it will be once the firmware has left, and what is free in it now. */
struct view {
    struct memmap all, free;
};

/* What has been claimed, and where it shall go. */
static enum err take_claims_out(const struct claims *claims, struct memmap *map)
{
    for (const struct claim *claim = claims->list; claim; claim = claim->next) {
        TRY(memmap_overlay(map, claim->physical, claim->bytes, LINTEL_MEMORY_RESERVED));
        TRY(memmap_overlay(map, claim->target, claim->used, LINTEL_MEMORY_RESERVED));
    }
    return OK;
}

static enum err fill_view(const struct claims *claims, const struct raw_map *raw,
                          const struct raw_map *busy, struct view *view)
{
    struct memmap *free = &view->free;

    TRY(memmap_insert_raw(&view->all, raw, claims->physical_bits));
    TRY(memmap_normalise(&view->all));
    memmap_copy(free, &view->all);
    for (uint64_t i = 0; i < busy->count; i++)
        TRY(memmap_overlay(free, busy->ranges[i].base, busy->ranges[i].bytes,
                           LINTEL_MEMORY_RESERVED));
    TRY(take_claims_out(claims, free));
    return memmap_normalise(free);
}

/* The arena may take memory from the firmware, and so it comes before the look that counts. */
static enum err look(const struct claims *claims, struct view *view)
{
    struct raw_map raw, busy;

    TRY(claims->firmware->memory_map(&raw, &busy));
    uint64_t ranges = raw.capacity + busy.count + 2 * count_claims(claims) + SPARE_MAPS;
    uint64_t capacity = 2 * MEMMAP_CAPACITY(ranges) + 1;
    *view = (struct view){.all.capacity = capacity, .free.capacity = capacity};
    TRY(ARENA_TAKE(claims->arena, capacity, &view->all.ranges));
    TRY(ARENA_TAKE(claims->arena, capacity, &view->free.ranges));
    TRY(claims->firmware->memory_map(&raw, &busy));
    return fill_view(claims, &raw, &busy, view);
}

/* ---- any place ------------------------------------------------------------------------------- */

static uint64_t largest_free(const struct memmap *map, uint64_t first, uint64_t end)
{
    uint64_t largest = 0;

    for (uint64_t i = 0; i < map->count; i++) {
        uint64_t low = MAX(map->ranges[i].first, first);
        uint64_t high = MIN(map->ranges[i].last, end - 1);
        if (map->ranges[i].type == LINTEL_MEMORY_USABLE && low < high)
            largest = MAX(largest, high - low + 1);
    }
    return largest;
}

static enum err refuse_wish(const struct claim_wish *wish, const struct memmap *free, uint64_t end)
{
    return fail(ERR_NO_MEMORY,
                "the %s (%lu KiB) does not fit into memory from %lXh to %lXh: the largest free "
                "place there has %lu KiB",
                wish->name, wish->bytes / KIB + (wish->bytes % KIB != 0), wish->first, end - 1,
                largest_free(free, wish->first, end) / KIB);
}

static enum err find_place(const struct claims *claims, const struct claim_wish *wish,
                           uint64_t *physical)
{
    uint64_t end = wish->end ? MIN(wish->end, claims->reachable_end) : claims->reachable_end;
    uint64_t alignment = MAX(wish->alignment, PAGE_BYTES);
    uint64_t bytes = align_up(wish->bytes, PAGE_BYTES);
    struct view view;

    TRY(look(claims, &view));
    enum err err =
        wish->lowest
            ? memmap_find_lowest(&view.free, bytes, alignment, wish->first, end, physical)
            : memmap_find_highest(&view.free, bytes, alignment, wish->first, end, physical);
    return err == ERR_NO_MEMORY ? refuse_wish(wish, &view.free, end) : err;
}

enum err claims_try(const struct claims *claims, const struct claim_wish *wish)
{
    struct arena_mark mark = arena_mark(claims->arena);
    uint64_t physical;
    enum err err = find_place(claims, wish, &physical);

    arena_reset(claims->arena, mark);
    return err;
}

/* ERR_CHANGED: the firmware took the place meanwhile. */
static enum err take_once(struct claims *claims, const struct claim_wish *wish, uint64_t *physical)
{
    TRY(find_place(claims, wish, physical));
    return claims->firmware->claim(*physical, align_up(wish->bytes, PAGE_BYTES) / PAGE_BYTES);
}

static enum err take(struct claims *claims, const struct claim_wish *wish, uint64_t *physical)
{
    enum err err = ERR_CHANGED;

    for (int i = 0; i < TRIES && err == ERR_CHANGED; i++) {
        struct arena_mark mark = arena_mark(claims->arena);
        err = take_once(claims, wish, physical);
        arena_reset(claims->arena, mark);
    }
    return err;
}

static void add(struct claims *claims, struct claim *claim)
{
    claim->next = claims->list;
    claims->list = claim;
}

enum err claims_take(struct claims *claims, const struct claim_wish *wish, struct claim **out)
{
    struct claim *claim;

    TRY(ARENA_TAKE(claims->arena, 1, &claim));
    claim->name = wish->name;
    claim->used = wish->bytes;
    claim->bytes = align_up(wish->bytes, PAGE_BYTES);
    TRY(take(claims, wish, &claim->physical));
    claim->target = claim->physical;
    add(claims, claim);
    *out = claim;
    return OK;
}

/* ---- a place that the kernel insists on ------------------------------------------------------ */

static bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < end_of(b, b_bytes) && b < end_of(a, a_bytes);
}

static enum err refuse_target(const struct claim *claim, const char *what, uint64_t at)
{
    return fail(ERR_NO_MEMORY, "the %s must lie at %lXh to %lXh, but at %lXh there is %s",
                claim->name, claim->target, claim->target + claim->used - 1, at, what);
}

/* Memory that is the kernel's once the firmware has left, and no other target. */
static enum err check_target(const struct claims *claims, const struct memmap *all,
                             const struct claim *claim)
{
    uint64_t next = claim->target, last = claim->target + claim->used - 1;

    for (const struct claim *other = claims->list; other; other = other->next)
        if (overlap(other->target, other->used, claim->target, claim->used))
            return refuse_target(claim, other->name, MAX(other->target, claim->target));
    for (uint64_t i = 0; i < all->count && next <= last; i++) {
        const struct memmap_range *range = &all->ranges[i];
        if (range->last < next)
            continue;
        if (range->first > next)
            break;
        if (range->type != LINTEL_MEMORY_USABLE && range->type != LINTEL_MEMORY_RECLAIMABLE)
            return refuse_target(claim, memmap_type_name(range->type), next);
        next = range->last + 1;
    }
    return next > last ? OK : refuse_target(claim, "no memory", next);
}

static bool is_free(const struct memmap *free, uint64_t first, uint64_t last)
{
    for (uint64_t i = 0; i < free->count; i++)
        if (free->ranges[i].first <= first && last <= free->ranges[i].last)
            return free->ranges[i].type == LINTEL_MEMORY_USABLE;
    return false;
}

/* ERR_CHANGED: not free, or no longer. */
static enum err take_in_place(struct claims *claims, struct claim *claim)
{
    uint64_t first = align_down(claim->target, PAGE_BYTES);
    uint64_t end = align_up(claim->target + claim->used, PAGE_BYTES);
    struct view view;

    TRY(look(claims, &view));
    TRY(check_target(claims, &view.all, claim));
    if (end > claims->reachable_end || !is_free(&view.free, first, end - 1))
        return ERR_CHANGED;
    TRY(claims->firmware->claim(first, (end - first) / PAGE_BYTES));
    claim->physical = claim->target;
    claim->bytes = end - first;
    add(claims, claim);
    return OK;
}

/* It joins the list first, so that the place keeps clear of its own target too. */
static enum err take_elsewhere(struct claims *claims, struct claim *claim)
{
    const struct claim_wish wish = {.name = claim->name, .bytes = claim->used};

    add(claims, claim);
    enum err err = take(claims, &wish, &claim->physical);
    claim->bytes = align_up(claim->used, PAGE_BYTES);
    if (err != OK)
        claims->list = claim->next;
    return err;
}

enum err claims_take_at(struct claims *claims, const char *name, uint64_t target, uint64_t bytes,
                        struct claim **out)
{
    struct claim *claim;
    uint64_t end;

    if (!bytes || add_wraps(target, bytes, &end) || end > UINT64_C(1) << 47)
        return fail(ERR_NO_MEMORY, "the %s must lie at %lXh, and %lu bytes don't fit there", name,
                    target, bytes);
    TRY(ARENA_TAKE(claims->arena, 1, &claim));
    *claim = (struct claim){.name = name, .target = target, .used = bytes};
    struct arena_mark mark = arena_mark(claims->arena);
    enum err err = take_in_place(claims, claim);
    arena_reset(claims->arena, mark);
    if (err == ERR_CHANGED)
        err = take_elsewhere(claims, claim);
    TRY(err);
    *out = claim;
    return OK;
}

void claims_release(struct claims *claims)
{
    for (const struct claim *claim = claims->list; claim; claim = claim->next)
        claims->firmware->release(align_down(claim->physical, PAGE_BYTES),
                                  claim->bytes / PAGE_BYTES);
    claims->list = NULL;
}
