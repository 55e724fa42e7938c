/* How does a boot end that fails when the firmware has already left? */
#include "common/handoff/dead_end.h"
#include "common/lib/mem.h"
#include "common/resident/screen.h"

#define VGA_TEXT 0xb8000

void dead_end(enum lintel_firmware firmware, const struct video *video, const char *message)
{
    static struct resident_state state;
    if (video) {
        state.framebuffer = video->fb;
        state.framebuffer.pixels = at_physical(video->fb.base_physical);
    } else if (firmware == LINTEL_FIRMWARE_BIOS) {
        state.vga_text = VGA_TEXT;
    }
    screen_begin(&state);
    screen_line("Lintel cannot boot, and the firmware that could show a menu is gone:");
    screen_line(message);
    screen_line("The machine is stopped. Turn it off and on again.");
    for (;;)
        __asm__ volatile("cli; hlt");
}
