/* Whether there is a COM1, and what goes through it, without interrupts. */
#include "legacy/serial.h"
#include "legacy/ports.h"

#define COM1         0x3f8
#define DATA         (COM1 + 0)
#define DIVISOR_LOW  (COM1 + 0)
#define DIVISOR_HIGH (COM1 + 1)
#define INTERRUPTS   (COM1 + 1)
#define FIFO         (COM1 + 2)
#define LINE         (COM1 + 3)
#define MODEM        (COM1 + 4)
#define STATUS       (COM1 + 5)

#define LINE_8N1     0x03
#define LINE_DIVISOR 0x80
#define FIFO_ON      0x07 /* and both emptied */
#define MODEM_READY  0x03 /* DTR, RTS */

#define STATUS_RECEIVED 0x01
#define STATUS_EMPTY    0x20

#define SEND_POLLS 100000 /* a byte takes 87 us, a poll about 1 us */

static bool present;

void serial_begin(void)
{
    port_write(LINE, LINE_DIVISOR | LINE_8N1);
    port_write(DIVISOR_LOW, 1);
    port_write(DIVISOR_HIGH, 0);
    port_write(LINE, LINE_8N1);
    port_write(INTERRUPTS, 0);
    port_write(FIFO, FIFO_ON);
    port_write(MODEM, MODEM_READY);
    present = port_read(LINE) == LINE_8N1 && port_read(STATUS) != 0xff;
}

/* A UART that stays busy is given up, so that a broken one costs one delay and not one a byte. */
void serial_put(char c)
{
    if (!present)
        return;
    for (uint32_t polls = SEND_POLLS; !(port_read(STATUS) & STATUS_EMPTY); polls--)
        if (!polls) {
            present = false;
            return;
        }
    port_write(DATA, (uint8_t)c);
}

bool serial_get(char *c)
{
    if (!present || !(port_read(STATUS) & STATUS_RECEIVED))
        return false;
    *c = (char)port_read(DATA);
    return true;
}
