/* Which scan codes has the PS/2 keyboard sent? */
#include "kernel/console/ports.h"
#include "kernel/machine/instructions.h"
#include "kernel/machine/interrupts.h"

#define PORT_DATA     0x60
#define PORT_STATUS   0x64 /* written: commands */
#define STATUS_FULL   0x01
#define STATUS_BUSY   0x02
#define STATUS_MOUSE  0x20
#define STATUS_ABSENT 0xff /* what a machine without a controller reads */
#define PATIENCE      100000

#define COMMAND_READ_MODE  0x20
#define COMMAND_WRITE_MODE 0x60
#define COMMAND_ENABLE     0xae
#define MODE_INTERRUPT     0x01
#define MODE_DISABLED      0x10
#define MODE_TRANSLATE     0x40
#define KEYBOARD_SCAN      0xf4 /* to the keyboard itself: send what is pressed */

static struct queue codes;

static bool wait_status(uint8_t mask, uint8_t wanted)
{
    for (int tries = PATIENCE; tries > 0; tries--)
        if ((in8(PORT_STATUS) & mask) == wanted)
            return true;
    return false;
}

static void send(uint16_t port, uint8_t byte)
{
    if (wait_status(STATUS_BUSY, 0))
        out8(port, byte);
}

static bool receive(struct interrupt_frame *frame)
{
    (void)frame;
    uint8_t status = in8(PORT_STATUS);
    if (!(status & STATUS_FULL))
        return true;
    uint8_t code = in8(PORT_DATA);
    if (!(status & STATUS_MOUSE))
        queue_put(&codes, code);
    return true;
}

static void drain(void)
{
    for (int tries = PATIENCE; tries > 0 && in8(PORT_STATUS) & STATUS_FULL; tries--)
        in8(PORT_DATA);
}

/* Firmware may have left the interrupt off, or the keyboard. */
void keyboard_open(void)
{
    if (in8(PORT_STATUS) == STATUS_ABSENT)
        return;
    drain();
    send(PORT_STATUS, COMMAND_READ_MODE);
    if (!wait_status(STATUS_FULL, STATUS_FULL))
        return;
    uint8_t mode = in8(PORT_DATA) & (uint8_t)~MODE_DISABLED;
    send(PORT_STATUS, COMMAND_WRITE_MODE);
    send(PORT_DATA, mode | MODE_INTERRUPT | MODE_TRANSLATE);
    send(PORT_STATUS, COMMAND_ENABLE);
    send(PORT_DATA, KEYBOARD_SCAN);
    if (wait_status(STATUS_FULL, STATUS_FULL))
        drain(); /* its acknowledgement */
    irq_handle(IRQ_KEYBOARD, receive);
}

int keyboard_code(void)
{
    return queue_get(&codes);
}
