#include "keyboard.h"
#include "../machine/instructions.h"

#define PORT_DATA     0x60
#define PORT_STATUS   0x64
#define STATUS_FULL   0x01
#define STATUS_MOUSE  0x20
#define STATUS_ABSENT 0xff /* what a machine without a controller reads */

static const char key_of[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./"
                             "\0*\0 ";

char keyboard_key(void)
{
    uint8_t status = in8(PORT_STATUS);
    if (status == STATUS_ABSENT || !(status & STATUS_FULL))
        return 0;
    uint8_t code = in8(PORT_DATA);
    if (status & STATUS_MOUSE || code >= sizeof key_of)
        return 0;
    return key_of[code];
}
