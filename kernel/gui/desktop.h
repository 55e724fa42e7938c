/* Windows on the framebuffer, by keyboard and mouse, in a thread of their own; the shell goes on in
 * one of them. Only the shell's thread calls these. */
#pragma once

#include <stdbool.h>

/* Says why where it can't. When Esc has ended it, all is as it was; `on_end` is called then, in an
 * instant in which the shell's thread sleeps. */
void desktop_start(void (*on_end)(void));
bool desktop_runs(void);

/* Prints how long it takes to draw everything anew, and to move the window in front. */
void desktop_time(void);
