/* The canary: a random word below the return address of each function that has a buffer on the
 * stack. A function that has written beyond its buffer doesn't return. The compiler puts it there
 * (-fstack-protector-strong) and reads __stack_chk_guard. */
#pragma once

/* The front ends' first call, from a function that never returns or has none itself
 * (CANARY_NONE). */
void canary_begin(void);

#define CANARY_NONE __attribute__((no_stack_protector))
