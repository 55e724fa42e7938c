/* The processor's state as Lintel handed it over, taken up again for a moment: what the claims are
 * about. */
#pragma once

#include <stdint.h>

/* What lay at physical 7C00h when the kernel was entered: on BIOS the sector that was loaded. To be
 * kept before usable memory is written to. */
#define SECTOR_AT    0x7c00
#define SECTOR_BYTES 512
extern uint8_t original_sector[SECTOR_BYTES];
void original_keep_sector(void);

void original_keep(void); /* before anything of it is changed */

/* What `look` sees is the state that was kept; interrupts are off meanwhile. */
void original_show(void (*look)(void));
