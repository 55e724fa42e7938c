/* Whether the plan holds, by which a kernel or a program is entered (fuzz_boot.c). */
#pragma once

#include "common/attempt/attempt.h"
#include "common/lib/mem.h"
#include "test/unit/fake_machine.h"

static struct attempt *current; /* NULL: none */
static bool was_entered;        /* a kernel, or a program */

/* ---- places ---------------------------------------------------------------------------------- */

static bool is_reserved(uint64_t physical, uint64_t bytes)
{
    for (uint64_t i = 0; i < machine.owned_count; i++) {
        const struct owned *owned = &machine.owned[i];
        uint64_t offset = physical - owned->physical, most = owned->pages * PAGE_BYTES;
        if (owned->reserved && offset < most && bytes <= most - offset)
            return true;
    }
    return false;
}

static bool is_trial(const struct plan *plan, uint64_t place)
{
    const struct wishes *wishes = &current->wishes;

    must(plan->place_count == PLACE_KERNEL + wishes->region_count, "a place for each region");
    return place >= PLACE_KERNEL && wishes->regions[place - PLACE_KERNEL].is_trial;
}

/* Nothing lies on anything else, as it is loaded or when the kernel begins. */
static void check_pair(const struct placement *a, const struct placement *b)
{
    must(!overlap(a->physical, a->bytes, b->physical, b->bytes), "places overlap");
    must(!overlap(a->target, a->bytes, b->target, b->bytes), "targets overlap");
    must(!overlap(a->target, a->bytes, b->physical, b->bytes) &&
             !overlap(a->physical, a->bytes, b->target, b->bytes),
         "a move disturbs another place");
}

static void check_region(const struct region *region, const struct placement *place)
{
    bool is_inside = region->fixed;

    must(place->bytes == region->bytes, "a region's size");
    must(!region->fixed || place->target == region->target, "a region that must lie elsewhere");
    must(place->target == place->physical || (region->fixed && region->moves), "a wrong move");
    for (uint32_t i = 0; i < region->window_count; i++) {
        const struct region_window *window = &region->windows[i];
        is_inside |= place->physical >= window->first &&
                     (!window->end || place->physical + place->bytes <= window->end) &&
                     !(place->physical % MAX(window->alignment, PAGE_BYTES));
    }
    must(is_inside, "a region outside of its windows");
}

static void check_places(const struct plan *plan)
{
    for (uint64_t i = 0; i < plan->place_count; i++) {
        const struct placement *place = &plan->places[i];
        if (!place->bytes || is_trial(plan, i))
            continue;
        must(is_reserved(place->physical, place->bytes), "a place that was not taken");
        for (uint64_t k = 0; k < i; k++)
            if (plan->places[k].bytes)
                check_pair(place, &plan->places[k]);
        if (i >= PLACE_KERNEL)
            check_region(&current->wishes.regions[i - PLACE_KERNEL], place);
    }
}

static void check_moves(const struct plan *plan, const struct handoff_state *state)
{
    const struct handoff_move *moves = at_physical(state->moves);
    uint64_t count = 0;

    for (uint64_t i = 0; i < plan->place_count; i++)
        count += plan->places[i].bytes && plan->places[i].target != plan->places[i].physical;
    must(count == state->move_count, "a move that is forgotten");
    for (uint64_t i = 0; i < count; i++)
        must(is_reserved(moves[i].from, moves[i].bytes), "a move of what was not taken");
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* What is listed as free is free, and the direct map shows it. */
static void check_free_memory(const struct paging *tables)
{
    const struct memmap *map = &current->map;
    const struct plan *plan = &current->plan;

    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        if (range->type != LINTEL_MEMORY_USABLE)
            continue;
        for (uint64_t k = 0; k < plan->place_count; k++)
            must(!overlap(range->first, range->last - range->first + 1, plan->places[k].target,
                          plan->places[k].bytes),
                 "a place in free memory");
        must(paging_translate(tables, plan->direct_map + range->first).physical == range->first &&
                 paging_translate(tables, plan->direct_map + range->last).physical == range->last,
             "free memory that the direct map does not show");
    }
}

static void check_kernel_tables(const struct handoff_state *state)
{
    const struct plan *plan = &current->plan;
    struct paging tables = plan->paging;

    tables.root = state->root;
    for (uint64_t i = 0; i < plan->mapping_count; i++) {
        const struct mapping *mapping = &plan->mappings[i];
        struct translation to = paging_translate(&tables, mapping->virtual);
        must(to.physical == mapping->physical, "a mapping that is not in the tables");
        must(tables.mixed || !(to.flags & MAP_WRITE) || !(to.flags & MAP_EXECUTE) || !tables.has_nx,
             "writable and executable");
    }
    must(paging_translate(&tables, state->registers.rsp - 8).flags & MAP_WRITE, "no stack");
    must(paging_translate(&tables, state->entry).flags & MAP_EXECUTE, "no code at the entry");
    check_free_memory(&tables);
}

static void check_one_to_one(const struct handoff_state *state)
{
    const struct plan *plan = &current->plan;
    const struct paging tables = {.levels = 4, .root = state->root};

    for (uint64_t i = 0; i < plan->place_count; i++) {
        const struct placement *place = &plan->places[i];
        uint64_t last = place->target + place->bytes - 1;
        must(!place->bytes || (paging_translate(&tables, place->target).physical == place->target &&
                               paging_translate(&tables, last).physical == last),
             "a place that is not mapped");
    }
    must(current->wishes.mode == ENTRY_LONG || state->entry <= UINT32_MAX, "an entry out of reach");
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void check_handoff(void)
{
    const struct plan *plan = &current->plan;
    const struct handoff_state *state = fake_handoff();

    was_entered = true;
    check_places(plan);
    if (entry_keeps_firmware(current->wishes.mode))
        return;
    must((uintptr_t)state == plan->places[PLACE_HANDOFF].physical, "another handoff");
    must(overlap(fake_handoff_root(), PAGE_BYTES, plan->places[PLACE_TABLES].physical,
                 plan->places[PLACE_TABLES].bytes),
         "tables that are not the plan's");
    check_moves(plan, state);
    if (current->wishes.mode == ENTRY_KERNEL_TABLES)
        check_kernel_tables(state);
    else
        check_one_to_one(state);
}
