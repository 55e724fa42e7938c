/* What stands between the core and a firmware's console. A serial line may send back what it is
 * sent (a modem, a terminal server, a shell at its other end): that is no key. */
#ifndef LINTEL_LIB_ECHO_H
#define LINTEL_LIB_ECHO_H

#include "common/lib/key.h"
#include <stdbool.h>
#include <stdint.h>

/* The firmware's verbs of these names. */
void echo_attach(void (*put)(char c), enum key (*key)(void), void (*wait)(uint32_t milliseconds));

/* In their places: what is sent is remembered, and what comes back is KEY_NONE. */
void echo_put(char c);
enum key echo_key(void);

/* True once something has come back. */
bool echo_heard(void);

#endif
