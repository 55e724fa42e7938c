/* What lies in the region that the last program runs from? */
#include "common/handoff/handoff.h"
#include "common/hw/registers.h"
#include "common/lib/mem.h"

extern const uint8_t handoff_program[], handoff_program_end[];

static uint64_t program_bytes(void)
{
    return align_up((uint64_t)(handoff_program_end - handoff_program), PAGE_BYTES);
}

uint64_t handoff_bytes(uint64_t move_count)
{
    return PAGE_BYTES + program_bytes() +
           align_up(move_count * sizeof(struct handoff_move), PAGE_BYTES);
}

struct handoff_state *handoff_install(uint64_t physical, const struct handoff_move *moves,
                                      uint64_t count)
{
    uint64_t list = physical + PAGE_BYTES + program_bytes();
    struct handoff_state *state = memset(at_physical(physical), 0, PAGE_BYTES);

    memcpy(at_physical(physical + PAGE_BYTES), handoff_program,
           (size_t)(handoff_program_end - handoff_program));
    if (count)
        memcpy(at_physical(list), moves, count * sizeof *moves);
    state->moves = list;
    state->move_count = count;
    state->code = HANDOFF_CODE;
    state->data = HANDOFF_DATA;
    state->cr0 = CR0_PG | CR0_ET | CR0_PE;
    state->cr4 = CR4_PAE;
    state->efer = EFER_LME;
    return state;
}
