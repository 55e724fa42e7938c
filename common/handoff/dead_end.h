/* The end of a boot that fails when the firmware has already left. */
#pragma once

#include "common/firmware.h"

/* Says why on COM1 and on the screen, and stops. Runs on the loader's own tables. `video`: what
 * set_video() gave; NULL: on BIOS the screen is in text mode. */
void dead_end(enum lintel_firmware firmware, const struct video *video, const char *message)
    __attribute__((noreturn));
