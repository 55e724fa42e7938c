#include "common/handoff/leap.h"
#include "common/handoff/leap_state.h"
#include "common/lib/mem.h"
#include "common/resident/resident.h"

extern const uint8_t leap_program[], leap_program_end[];
void leap_jump(uint64_t root, uint64_t program, uint64_t state) __attribute__((noreturn));

/* The leap's memory: its state, with its stack above it, the program, the moves, the tables. */
#define STATE_BYTES   PAGE_BYTES
#define PROGRAM_BYTES PAGE_BYTES

#define PAGE_PRESENT_WRITE 0x3u
#define PAGE_LARGE         0x80u
#define ENTRIES            512
#define SMALL_BYTES        (2 * MIB)

/* ---- moves ----------------------------------------------------------------------------------- */

static bool overwrites(const struct leap_move *a, const struct leap_move *b)
{
    return a->to < b->from + b->bytes && b->from < a->to + a->bytes;
}

/* The first of the moves that overwrites no source of the others; count when there is none. */
static uint64_t find_harmless(const struct leap_move *moves, uint64_t count)
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

enum err leap_order(struct leap_move *moves, uint64_t count)
{
    for (; count > 1; moves++, count--) {
        uint64_t next = find_harmless(moves, count);
        if (next == count)
            return fail(ERR_UNSUPPORTED,
                        "%lu pieces of the kernel lie in each other's way, from %lXh on", count,
                        moves->from);
        struct leap_move move = moves[next];
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

static void list_moves(const struct claims *claims, struct leap_move *moves)
{
    for (const struct claim *claim = claims->list; claim; claim = claim->next)
        if (moves_away(claim))
            *moves++ = (struct leap_move){claim->physical, claim->target, claim->used};
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Everything is writable and executable: foreign kernels run on these tables as on none. */
struct tables {
    uint64_t gibs; /* to map */
    bool large;    /* in pages of 1 GiB, else of 2 MiB */
    uint64_t next; /* physical: the next free table */
};

static uint64_t count_tables(const struct tables *tables)
{
    uint64_t third = (tables->gibs + ENTRIES - 1) / ENTRIES;
    return 2 + third + (tables->large ? 0 : tables->gibs); /* two tops: for 4 and 5 levels */
}

static uint64_t *take_table(struct tables *tables)
{
    uint64_t *table = at_physical(tables->next);
    tables->next += PAGE_BYTES;
    memset(table, 0, PAGE_BYTES);
    return table;
}

static uint64_t entry_to(const uint64_t *table)
{
    return (uintptr_t)table | PAGE_PRESENT_WRITE;
}

static uint64_t gib_entry(struct tables *tables, uint64_t gib)
{
    if (tables->large)
        return gib * GIB | PAGE_PRESENT_WRITE | PAGE_LARGE;
    uint64_t *table = take_table(tables);
    for (uint64_t i = 0; i < ENTRIES; i++)
        table[i] = (gib * GIB + i * SMALL_BYTES) | PAGE_PRESENT_WRITE | PAGE_LARGE;
    return entry_to(table);
}

/* The 4-level top table; the 5-level one lies behind it. */
static uint64_t *build_tables(struct tables *tables)
{
    uint64_t *top = take_table(tables), *top5 = take_table(tables), *third = NULL;

    top5[0] = entry_to(top);
    for (uint64_t gib = 0; gib < tables->gibs; gib++) {
        if (gib % ENTRIES == 0) {
            third = take_table(tables);
            top[gib / ENTRIES] = entry_to(third);
        }
        third[gib % ENTRIES] = gib_entry(tables, gib);
    }
    return top;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Flat segments (Intel SDM 3A, 3.4.5). */
#define CODE_64 UINT64_C(0x00af9b000000ffff)
#define CODE_32 UINT64_C(0x00cf9b000000ffff)
#define DATA_32 UINT64_C(0x00cf93000000ffff)
#define CODE_16 UINT64_C(0x00009b000000ffff)
#define DATA_16 UINT64_C(0x000093000000ffff)

#define FIRST_OWN_SELECTOR 0x20 /* leap_program.asm has them */

static void fill_gdt(struct leap_state *state)
{
    const uint64_t own[] = {CODE_32, CODE_16, DATA_16, DATA_32};

    memcpy(&state->gdt[FIRST_OWN_SELECTOR / 8], own, sizeof own);
    state->gdt[state->code / 8] = state->mode == LEAP_LONG ? CODE_64 : CODE_32;
    state->gdt[state->data / 8] = DATA_32;
    state->gdtr.limit = sizeof state->gdt - 1;
    state->gdtr.base = (uintptr_t)state->gdt;
}

static void fill_state(const struct leap *leap, struct leap_state *state)
{
    const struct leap_registers *from = &leap->registers;

    state->mode = leap->mode;
    state->entry = leap->entry;
    state->interrupts = leap->interrupts;
    state->code = leap->code ? leap->code : 0x08;
    state->data = leap->data ? leap->data : 0x10;
    state->rax = from->rax;
    state->rbx = from->rbx;
    state->rcx = from->rcx;
    state->rdx = from->rdx;
    state->rsi = from->rsi;
    state->rdi = from->rdi;
    state->rbp = from->rbp;
    state->rsp = from->rsp;
    state->ds = from->ds;
    state->es = from->es;
    state->fs = from->fs;
    state->gs = from->gs;
    state->ss = from->ss;
    fill_gdt(state);
}

static enum err check(const struct leap *leap)
{
    if (leap->code >= FIRST_OWN_SELECTOR || leap->data >= FIRST_OWN_SELECTOR ||
        (leap->code | leap->data) & 7 || (leap->code && leap->code == leap->data))
        return bug("a leap with the selectors %Xh and %Xh", leap->code, leap->data);
    return OK;
}

enum err leap_prepare(struct leap *leap, struct claims *claims)
{
    uint64_t moves = count_moves(claims);
    uint64_t move_bytes = align_up(moves * sizeof(struct leap_move), PAGE_BYTES);
    uint64_t gibs = claims->memory_end / GIB + (claims->memory_end % GIB != 0);
    struct tables tables = {.gibs = gibs, .large = claims->has_1gib_pages};
    const struct claim_wish wish = {
        .name = "way into the kernel",
        .bytes = STATE_BYTES + PROGRAM_BYTES + move_bytes + count_tables(&tables) * PAGE_BYTES,
        .first = MIB,
        .end = 4 * GIB,
    };

    TRY(check(leap));
    TRY(claims_take(claims, &wish, &leap->memory));
    struct leap_state *state = at_physical(leap->memory->physical);
    struct leap_move *list = at_physical(leap->memory->physical + STATE_BYTES + PROGRAM_BYTES);
    memset(state, 0, STATE_BYTES);
    list_moves(claims, list);
    TRY(leap_order(list, moves));
    state->moves = (uintptr_t)list;
    state->move_count = moves;
    leap->program = leap->memory->physical + STATE_BYTES;
    memcpy(at_physical(leap->program), leap_program, (size_t)(leap_program_end - leap_program));
    tables.next = (uintptr_t)list + move_bytes;
    state->tables = (uintptr_t)build_tables(&tables);
    leap->root = state->tables + (handoff_levels() == 5 ? PAGE_BYTES : 0);
    return OK;
}

void leap_enter(const struct leap *leap)
{
    struct leap_state *state = at_physical(leap->memory->physical);

    fill_state(leap, state);
    leap_jump(leap->root, leap->program, (uintptr_t)state);
}
