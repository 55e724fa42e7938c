/* Every promise of common/firmware.h, asked of a front end. */
#pragma once

#include "common/firmware.h"

/* What the checks need once leave() has ended the firmware's verbs. */
struct contract_after {
    void (*put)(char c);
    bool (*is_quiet)(void); /* no interrupt can arrive */
};

/* Prints `contract: NAME ok` or `contract: NAME FAILED: WHY` for each promise and last
 * `contract: N of N passed`: through firmware->put, and after leave() through after->put. True when
 * all of them hold. */
bool contract_check(const struct facts *facts, const struct firmware *firmware,
                    const struct contract_after *after);
