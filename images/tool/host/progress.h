/* Says on standard error what takes longer than a second: on a terminal in one line that changes,
 * else in lines at growing intervals. */
#pragma once

#include <stdint.h>

/* Begins a step and ends the one before; NULL only ends. `bytes`: all its work; 0: not known. The
 * text must outlive the step. */
void step_begin(const char *step, uint64_t bytes);

/* Call it often: with the bytes done so far, or with STEP_SAME while waiting. */
#define STEP_SAME UINT64_MAX
void step_show(uint64_t done);
