/* Memory for what a foreign boot protocol loads, in places that the protocol chooses. (Lintel's own
 * protocol plans everything first: plan.h.) What one try to boot took is given back all at once. */
#ifndef LINTEL_MEMORY_CLAIMS_H
#define LINTEL_MEMORY_CLAIMS_H

#include "common/firmware.h"
#include "common/lib/arena.h"
#include "common/memory/memmap.h"

struct claim {
    const char *name;   /* for messages: "kernel", "initrd" */
    uint64_t physical;  /* where its first byte lies now */
    uint64_t bytes;     /* claimed: whole pages, from the one that holds `physical` on */
    uint64_t target;    /* where a leap (handoff/leap.h) moves it; == physical: it stays */
    uint64_t used;      /* bytes that the protocol asked for, and that a leap moves */
    struct claim *next; /* the newest first */
};

struct claims {
    const struct firmware *firmware;
    struct arena *arena;
    uint64_t reachable_end; /* physical */
    uint64_t memory_end;    /* physical: where all memory ends, at least 4 GiB */
    uint32_t physical_bits;
    bool has_1gib_pages;
    struct claim *list;
};

struct claim_wish {
    const char *name;
    uint64_t bytes;      /* > 0 */
    uint64_t alignment;  /* power of two; 0: a page */
    uint64_t first, end; /* physical, [first, end); an end of 0: as high as the loader reaches */
    bool lowest;         /* the lowest place that fits; else the highest */
};

void claims_begin(struct claims *claims, const struct facts *facts, const struct firmware *firmware,
                  struct arena *arena);

/* Takes a free place. A UEFI driver that takes memory meanwhile only costs another try.
 * ERR_NO_MEMORY names what does not fit where, and the largest place that is free there. */
enum err claims_take(struct claims *claims, const struct claim_wish *wish, struct claim **claim);

/* Whether there is such a place now. Takes nothing: where firmware clears what it gets back, as EDK2
 * does, trying would cost a second for 64 MiB. Errors as claims_take(). */
enum err claims_try(const struct claims *claims, const struct claim_wish *wish);

/* For a place, of any alignment, that the kernel insists on. Where it is free now, claim->physical
 * == target. Where the loader or the firmware sit on it until they leave, memory elsewhere is
 * taken, and a leap moves it: the protocol loads to claim->physical and goes on by leap_enter().
 * ERR_NO_MEMORY: the place is not memory that a kernel may have (names the range and its type), or
 * overlaps another target. Take these first: what claims_take() takes keeps clear of them. */
enum err claims_take_at(struct claims *claims, const char *name, uint64_t target, uint64_t bytes,
                        struct claim **claim);

/* Gives everything back. */
void claims_release(struct claims *claims);

#endif
