/* What has the 8042 received, the controller of PS/2 keyboard and mouse (Intel 8042; IBM PS/2
 * Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller")? */
#include "kernel/console/ports.h"
#include "kernel/machine/instructions.h"
#include "kernel/machine/interrupts.h"
#include <stddef.h>

#define PORT_DATA     0x60
#define PORT_STATUS   0x64 /* written: commands */
#define STATUS_FULL   0x01
#define STATUS_BUSY   0x02
#define STATUS_MOUSE  0x20
#define STATUS_ABSENT 0xff /* what a machine without a controller reads */
#define PATIENCE      100000

#define COMMAND_READ_MODE    0x20
#define COMMAND_WRITE_MODE   0x60
#define COMMAND_ENABLE_MOUSE 0xa8
#define COMMAND_ENABLE       0xae
#define COMMAND_TO_MOUSE     0xd4 /* the next byte is the mouse's */
#define MODE_INTERRUPT       0x01
#define MODE_MOUSE_INTERRUPT 0x02
#define MODE_DISABLED        0x10
#define MODE_MOUSE_DISABLED  0x20
#define MODE_TRANSLATE       0x40

#define DEVICE_SEND     0xf4 /* to either device: send what happens */
#define MOUSE_SILENCE   0xf5
#define MOUSE_DEFAULTS  0xf6
#define MOUSE_IDENTIFY  0xf2
#define MOUSE_RATE      0xf3 /* reports a second follow */
#define MOUSE_OBEYS     0xfa
#define MOUSE_HAS_WHEEL 3

static struct queue codes, moves;

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

/* A byte goes to whose it is, whichever interrupt has told of it. */
static bool receive(struct interrupt_frame *frame)
{
    (void)frame;
    uint8_t status = in8(PORT_STATUS);
    if (status & STATUS_FULL)
        queue_put(status & STATUS_MOUSE ? &moves : &codes, in8(PORT_DATA));
    return true;
}

static void drain(void)
{
    for (int tries = PATIENCE; tries > 0 && in8(PORT_STATUS) & STATUS_FULL; tries--)
        in8(PORT_DATA);
}

/* False: the controller does not answer. */
static bool change_mode(uint8_t clear, uint8_t set)
{
    send(PORT_STATUS, COMMAND_READ_MODE);
    if (!wait_status(STATUS_FULL, STATUS_FULL))
        return false;
    uint8_t mode = in8(PORT_DATA) & (uint8_t)~clear;
    send(PORT_STATUS, COMMAND_WRITE_MODE);
    send(PORT_DATA, mode | set);
    return true;
}

/* Firmware may have left the interrupt off, or the keyboard. */
void keyboard_open(void)
{
    if (in8(PORT_STATUS) == STATUS_ABSENT)
        return;
    drain();
    if (!change_mode(MODE_DISABLED, MODE_INTERRUPT | MODE_TRANSLATE))
        return;
    send(PORT_STATUS, COMMAND_ENABLE);
    send(PORT_DATA, DEVICE_SEND);
    if (wait_status(STATUS_FULL, STATUS_FULL))
        drain(); /* its acknowledgement */
    irq_handle(IRQ_KEYBOARD, receive);
}

int keyboard_code(void)
{
    return queue_get(&codes);
}

/* ---- the mouse ------------------------------------------------------------------------------- */

/* What the mouse says; keys that come meanwhile are kept. -1: nothing. */
static int answer(void)
{
    while (wait_status(STATUS_FULL, STATUS_FULL)) {
        bool is_mouse = in8(PORT_STATUS) & STATUS_MOUSE;
        uint8_t byte = in8(PORT_DATA);
        if (is_mouse)
            return byte;
        queue_put(&codes, byte);
    }
    return -1;
}

static bool command(uint8_t byte)
{
    send(PORT_STATUS, COMMAND_TO_MOUSE);
    send(PORT_DATA, byte);
    return answer() == MOUSE_OBEYS;
}

/* A mouse with a wheel calls itself one after these rates, and sends a fourth byte (Microsoft,
 * IntelliMouse). */
static bool ask_for_wheel(void)
{
    static const uint8_t rates[] = {200, 100, 80};
    for (size_t i = 0; i < sizeof rates; i++)
        command(MOUSE_RATE), command(rates[i]);
    return command(MOUSE_IDENTIFY) && answer() == MOUSE_HAS_WHEEL;
}

enum mouse mouse_open(void)
{
    enum mouse mouse = MOUSE_NONE;
    uint64_t flags = interrupts_off();
    if (in8(PORT_STATUS) != STATUS_ABSENT) {
        send(PORT_STATUS, COMMAND_ENABLE_MOUSE);
        if (change_mode(MODE_MOUSE_DISABLED, 0) && command(MOUSE_DEFAULTS)) {
            mouse = ask_for_wheel() ? MOUSE_WITH_WHEEL : MOUSE_PLAIN;
            command(DEVICE_SEND);
            change_mode(0, MODE_MOUSE_INTERRUPT);
            irq_handle(IRQ_MOUSE, receive);
        }
    }
    moves = (struct queue){0};
    interrupts_restore(flags);
    return mouse;
}

void mouse_close(void)
{
    uint64_t flags = interrupts_off();
    command(MOUSE_SILENCE);
    change_mode(MODE_MOUSE_INTERRUPT, MODE_MOUSE_DISABLED);
    interrupts_restore(flags);
}

int mouse_byte(void)
{
    return queue_get(&moves);
}
