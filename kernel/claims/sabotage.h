#ifndef KERNEL_SABOTAGE_H
#define KERNEL_SABOTAGE_H

#include <stdbool.h>

/* Breaks each claim on purpose, sees that its check notices, and repairs the damage: a check that
 * cannot fail proves nothing. Prints a line for each; returns whether all were noticed. */
bool sabotage_all(void);

#endif
