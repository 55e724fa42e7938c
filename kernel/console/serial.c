/* How does the first serial port send and receive? */
#include "kernel/console/ports.h"
#include "kernel/machine/instructions.h"
#include "kernel/machine/interrupts.h"

/* Registers of a 16550 UART at its usual place. */
enum {
    DATA = 0x3f8,
    INTERRUPT_ENABLE,
    FIFO_CONTROL,
    LINE_CONTROL,
    MODEM_CONTROL,
    LINE_STATUS,
    SCRATCH = 0x3ff,
};

#define LINE_8N1         0x03
#define LINE_DIVISOR     0x80 /* DATA and INTERRUPT_ENABLE hold the divisor */
#define STATUS_RECEIVED  0x01
#define STATUS_SENT      0x20
#define MODEM_INTERRUPTS 0x0b /* DTR, RTS, and OUT2, which lets interrupts through */
#define ENABLE_RECEIVED  0x01
#define RECEIVE_MOST     1024 /* bytes in one interrupt: a port that went away reads FFh for ever */
#define PATIENCE         1000000 /* port reads: about a second on real hardware */

static bool has_port;
static struct queue received;

void serial_open(void)
{
    out8(SCRATCH, 0x5a);
    has_port = in8(SCRATCH) == 0x5a;
    if (!has_port)
        return;
    out8(INTERRUPT_ENABLE, 0);
    out8(LINE_CONTROL, LINE_DIVISOR | LINE_8N1);
    out8(DATA, 1); /* 115,200 / 1 */
    out8(INTERRUPT_ENABLE, 0);
    out8(LINE_CONTROL, LINE_8N1);
    out8(FIFO_CONTROL, 0x07); /* on, both emptied */
    out8(MODEM_CONTROL, 0x03);
}

static void put_byte(char c)
{
    /* A port that never drains (flow control, a dead chip) must not stop the kernel. */
    for (int tries = PATIENCE; !(in8(LINE_STATUS) & STATUS_SENT); tries--) {
        if (tries == 0) {
            has_port = false;
            return;
        }
    }
    out8(DATA, (uint8_t)c);
}

void serial_put(char c)
{
    if (has_port && c == '\n')
        put_byte('\r');
    if (has_port)
        put_byte(c);
}

static bool receive(struct interrupt_frame *frame)
{
    (void)frame;
    for (int left = RECEIVE_MOST; left > 0 && in8(LINE_STATUS) & STATUS_RECEIVED; left--)
        queue_put(&received, in8(DATA));
    return true;
}

void serial_listen(void)
{
    if (!has_port)
        return;
    irq_handle(IRQ_COM1, receive);
    out8(MODEM_CONTROL, MODEM_INTERRUPTS);
    out8(INTERRUPT_ENABLE, ENABLE_RECEIVED);
}

int serial_byte(void)
{
    return queue_get(&received);
}
