/* Linear framebuffers by the video BIOS (VESA BIOS Extension 3.0). */
#pragma once

#include "common/firmware.h"

/* firmware.set_video: the largest mode that fits width x height, with 32 bits a pixel where it
 * comes so; the smallest of all when none fits; for 0 x 0 what the monitor prefers (EDID), else
 * 1024 x 768. */
enum err vbe_set_video(uint32_t width, uint32_t height, struct video *video);
