/* The colours of the windows, 0xRRGGBB: those of the console, and a few between. */
#pragma once

#define RGB_DESK   0x0b1118
#define RGB_PAPER  0x101820
#define RGB_PANEL  0x1b2631 /* title bars of windows behind, buttons */
#define RGB_RAISED 0x2a3a4a /* title bar of the window in front */
#define RGB_EDGE   0x3a4a5a
#define RGB_TEXT   0xd8dee9
#define RGB_QUIET  0x8593a8
#define RGB_TITLE  0xe8b45a
#define RGB_GOOD   0x86c06c
#define RGB_BAD    0xff5c57
#define RGB_COOL   0x5aa2c8
#define RGB_VIOLET 0xa588c8
