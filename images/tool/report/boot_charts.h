/* A boot's log as drawings, each an <svg> element of a page. */
#pragma once

#include "images/tool/report/boot_log.h"
#include <stdio.h>

/* The style sheet that all of them take. */
extern const char chart_style[];

/* Stages side by side, on one scale of milliseconds: a row for each log. */
void chart_timeline(FILE *file, const struct boot_log *logs, size_t count);

/* Physical memory: what the firmware told on the left, what the kernel gets on the right. False:
 * the log has no map. */
bool chart_memory(FILE *file, const struct boot_log *log);

/* The virtual address space, coloured by permissions. False: the log does not tell of it. */
bool chart_mappings(FILE *file, const struct boot_log *log);
