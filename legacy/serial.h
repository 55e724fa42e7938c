/* COM1, 115200 8N1, polled (National Semiconductor PC16550D). */
#pragma once

#include <stdbool.h>

/* Finds out whether a UART answers; without one the others do nothing. */
void serial_begin(void);

void serial_put(char c);

/* False when nothing has arrived. */
bool serial_get(char *c);
