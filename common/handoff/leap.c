#include "common/handoff/leap.h"
#include "common/lib/mem.h"
#include "common/memory/paging.h"

/* ---- moves ----------------------------------------------------------------------------------- */

static bool overwrites(const struct handoff_move *a, const struct handoff_move *b)
{
    return a->to < b->from + b->bytes && b->from < a->to + a->bytes;
}

/* The first of the moves that overwrites no source of the others; count when there is none. */
static uint64_t find_harmless(const struct handoff_move *moves, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t other = 0;
        while (other < count && (other == i || !overwrites(&moves[i], &moves[other])))
            other++;
        if (other == count)
            return i;
    }
    return count;
}

enum err leap_order(struct handoff_move *moves, uint64_t count)
{
    for (; count > 1; moves++, count--) {
        uint64_t next = find_harmless(moves, count);
        if (next == count)
            return fail(ERR_UNSUPPORTED,
                        "%lu pieces of the kernel lie in each other's way, from %lXh on", count,
                        moves->from);
        struct handoff_move move = moves[next];
        memmove(moves + 1, moves, next * sizeof *moves);
        moves[0] = move;
    }
    return OK;
}

static bool moves_away(const struct claim *claim)
{
    return claim->physical != claim->target && claim->used;
}

static uint64_t count_moves(const struct claims *claims)
{
    uint64_t count = 0;
    for (const struct claim *claim = claims->list; claim; claim = claim->next)
        count += moves_away(claim);
    return count;
}

static void list_moves(const struct claims *claims, struct handoff_move *moves)
{
    for (const struct claim *claim = claims->list; claim; claim = claim->next)
        if (moves_away(claim))
            *moves++ = (struct handoff_move){claim->physical, claim->target, claim->used};
}

/* ---- tables ---------------------------------------------------------------------------------- */

#define LOWER_HALF_END (UINT64_C(1) << 47) /* with 4 levels */

/* All memory, one to one, writable and executable: foreign kernels run on these tables as on none.
 */
static struct mapping map_all(const struct claims *claims)
{
    uint64_t bytes = MIN(align_up(claims->memory_end, GIB), LOWER_HALF_END);
    return (struct mapping){.bytes = bytes, .flags = MAP_WRITE | MAP_EXECUTE};
}

static struct paging four_levels(const struct claims *claims)
{
    return (struct paging){.levels = 4, .has_1gib_pages = claims->has_1gib_pages, .mixed = true};
}

/* `root`: of the tables for the kernel, of 4 levels; leap->root: of as many as the loader's. */
static enum err build_tables(const struct claims *claims, uint64_t at, struct leap *leap,
                             uint64_t *root)
{
    struct mapping all = map_all(claims);
    struct paging paging = four_levels(claims);
    paging.next = at;
    paging.end = leap->memory->physical + leap->memory->bytes;
    memset(at_physical(at), 0, paging.end - at);
    TRY(paging_map(&paging, &all));
    *root = paging.root;
    if (handoff_levels() == 5)
        TRY(paging_raise(&paging));
    leap->root = paging.root;
    return OK;
}

static enum err count_bytes(const struct claims *claims, uint64_t moves, uint64_t *bytes)
{
    struct mapping all = map_all(claims);
    struct paging paging = four_levels(claims);
    uint64_t tables;
    TRY(paging_count(&paging, &all, 1, &tables));
    *bytes = handoff_bytes(moves) + (tables + 1) * PAGE_BYTES;
    return OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static enum err fill_memory(struct leap *leap, const struct claims *claims,
                            struct handoff_move *moves, uint64_t count)
{
    uint64_t at = leap->memory->physical;
    list_moves(claims, moves);
    TRY(leap_order(moves, count));
    struct handoff_state *state = handoff_install(at, moves, count);
    return build_tables(claims, at + handoff_bytes(count), leap, &state->root);
}

enum err leap_prepare(struct leap *leap, struct claims *claims)
{
    uint64_t count = count_moves(claims);
    struct claim_wish wish = {.name = "way into the kernel", .first = MIB, .end = 4 * GIB};
    struct handoff_move *moves;

    TRY(ARENA_TAKE(claims->arena, count, &moves));
    TRY(count_bytes(claims, count, &wish.bytes));
    TRY(claims_take(claims, &wish, &leap->memory));
    return fill_memory(leap, claims, moves, count);
}

void leap_enter(const struct leap *leap)
{
    struct handoff_state *state = at_physical(leap->memory->physical);

    state->mode = leap->mode;
    state->entry = leap->entry;
    state->interrupts = leap->interrupts;
    state->registers = leap->registers;
    handoff_enter(leap->root, leap->memory->physical);
}
