/* The processor's state as Lintel handed it over, taken up again for a moment: what the claims are
 * about. */
#ifndef KERNEL_ORIGINAL_H
#define KERNEL_ORIGINAL_H

void original_keep(void); /* before anything of it is changed */

/* What `look` sees is the state that was kept; interrupts are off meanwhile. */
void original_show(void (*look)(void));

#endif
