/* The framebuffer, by the Graphics Output Protocol. */
#pragma once

#include "common/firmware.h"

/* firmware.set_video */
enum err gop_set_video(uint32_t width, uint32_t height, struct video *video);

/* Sets the mode again in which firmware's own text console draws. */
void gop_restore(void);
