/* When each stage of a boot began. */
#pragma once

#include "common/lintel.h"

#define TIMELINE_STAGES 16

struct timeline {
    struct lintel_stage stages[TIMELINE_STAGES];
    uint32_t count;
};

/* A stage begins now; what finds no room is left out. */
void timeline_mark(struct timeline *timeline, const char *stage);
