/* The screen's pixels, where the firmware's word on them holds. */
#pragma once

#include "common/firmware.h"

/* firmware.set_video(), and a look at what it gives: the pixels end at `last` or below, lie in no
 * memory of the map, and are there. ERR_UNSUPPORTED, with what is wrong: the text screen is back.
 */
enum err framebuffer_set(const struct firmware *firmware, uint32_t width, uint32_t height,
                         uint64_t last, struct video *video);
