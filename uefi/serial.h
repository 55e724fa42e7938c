/* A serial line besides firmware's console, where there is one. */
#pragma once

#include "common/firmware.h"

/* Finds it, also anew: a program that ran may have changed what there is. */
void serial_begin(void);

/* `graphics`: the screen shows them, so that firmware's console gets no text. */
void serial_put(char c, bool graphics);

/* KEY_NONE when nothing has arrived. */
enum key serial_key(void);
