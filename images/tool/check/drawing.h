/* A forecast as a drawing: the virtual address space beside physical memory, with a ribbon from
 * each mapping to what it shows. */
#pragma once

#include "images/tool/check/forecast.h"

/* Writes a self-contained SVG file. ERR_IO. */
enum err drawing_write(const struct forecast *forecast, const char *path);
