/* When did each stage of this boot begin? */
#include "common/hw/timeline.h"
#include "common/hw/cpu.h"

void timeline_mark(struct timeline *timeline, const char *stage)
{
    if (timeline->count < TIMELINE_STAGES)
        timeline->stages[timeline->count++] = (struct lintel_stage){stage, cpu_tsc()};
}
