/* How is a kernel entered that has no page tables of the loader's making? */
#include "common/attempt/attempt.h"
#include "common/lib/mem.h"

/* All memory, one to one; it does not depend on the last map, and is built once. Such kernels know
 * tables of 4 levels only, and the loader may have 5. */
static enum err build_tables(struct attempt *attempt)
{
    const struct plan *plan = &attempt->plan;
    const struct placement *place = &plan->places[PLACE_TABLES];
    struct paging tables = plan->paging;

    memset(at_physical(place->physical), 0, place->bytes);
    tables.next = place->physical;
    tables.end = place->physical + place->bytes;
    for (uint64_t i = 0; i < plan->mapping_count; i++)
        TRY(paging_map(&tables, &plan->mappings[i]));
    attempt->one_to_one_root = tables.root;
    if (attempt->loader_levels == 5)
        TRY(paging_raise(&tables));
    attempt->root = tables.root;
    return OK;
}

static enum handoff_mode mode_of(enum entry_mode mode)
{
    return mode == ENTRY_LONG        ? HANDOFF_LONG
           : mode == ENTRY_PROTECTED ? HANDOFF_PROTECTED
                                     : HANDOFF_REAL;
}

enum err attempt_build_one_to_one(struct attempt *attempt)
{
    const struct plan *plan = &attempt->plan;
    struct handoff_state *state =
        handoff_install(plan->places[PLACE_HANDOFF].physical, plan->moves, plan->move_count);

    if (!attempt->root)
        TRY(build_tables(attempt));
    state->mode = mode_of(attempt->wishes.mode);
    state->root = attempt->one_to_one_root;
    state->entry = attempt->entry_point;
    state->registers = attempt->registers;
    state->interrupts = attempt->interrupts;
    state->low = attempt->low;
    return OK;
}
