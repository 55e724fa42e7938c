/* The parts that all drawings are made of. Coordinates are pixels, downwards. */
#pragma once

#include "images/tool/host/text.h"
#include <stdio.h>

#define SVG_TEXT_DROP 4.5 /* from the middle of a line to its base line */

/* Text as content of an element of SVG or HTML. */
void svg_escaped(FILE *file, const char *text);

/* A drawing inside a page; "</svg>" ends it. */
void svg_begin(FILE *file, double width, double height);

void svg_rectangle(FILE *file, double x, double y, double width, double height, const char *class);

/* `anchor`: "start", "middle" or "end". */
void svg_text(FILE *file, double x, double y, const char *class, const char *anchor,
              const char *text);

/* Three or four digits, which are enough for a drawing. */
struct size_text svg_size(uint64_t bytes);
