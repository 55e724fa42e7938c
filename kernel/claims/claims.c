/* Do the claims hold? A line for each. */
#include "kernel/claims/claims.h"
#include "kernel/console/console.h"
#include "kernel/lib/text.h"

static const struct claim {
    uint32_t number;
    const char *title;
    bool (*holds)(void);
} claims[] = {
#define CLAIM(number, title, check) {number, title, check},
#include "kernel/claims/list.h"
};
#define CLAIM_COUNT (sizeof claims / sizeof *claims)

static char explanation[512]; /* of the claim under check; "" when there is nothing to say */

bool explain(bool holds, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    text_format(explanation, sizeof explanation, format, list);
    va_end(list);
    return holds;
}

bool all_equal(uint64_t cpu, const struct comparison *rows, size_t count)
{
    for (const struct comparison *row = rows; row < rows + count; row++) {
        if (row->found == row->wanted)
            continue;
        char whose[24] = "";
        if (cpu)
            text_print(whose, sizeof whose, "CPU %lu: ", cpu);
        return violated("%s%s is %#lx, wanted %#lx", whose, row->name, row->found, row->wanted);
    }
    return true;
}

bool claim_holds(uint32_t number)
{
    explanation[0] = 0;
    return claims[number - 1].holds();
}

const char *claim_explanation(void)
{
    return explanation;
}

static bool check_one(const struct claim *claim)
{
    bool holds = claim_holds(claim->number);
    print("C%-2u ", claim->number);
    if (holds)
        print_colour(COLOUR_GOOD, "ok   ");
    else
        print_colour(COLOUR_BAD, "FAILED  ");
    print("%s", claim->title);
    if (explanation[0])
        print_colour(holds ? COLOUR_QUIET : COLOUR_BAD, holds ? " (%s)" : ": %s", explanation);
    print("\n");
    return holds;
}

bool claims_check(void)
{
    uint32_t passed = 0;
    for (size_t i = 0; i < CLAIM_COUNT; i++)
        passed += check_one(&claims[i]);
    bool all = passed == CLAIM_COUNT;
    print_colour(all ? COLOUR_GOOD : COLOUR_BAD, "claims: %u of %u passed\n", passed,
                 (uint32_t)CLAIM_COUNT);
    return all;
}
