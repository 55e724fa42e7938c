/* Faults on purpose. */
#pragma once

#include <stdbool.h>

/* `kind` ends at a space or 0. False: there is no such kind, or it went by without an exception. */
bool make_fault(const char *kind);
