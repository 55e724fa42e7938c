/* I/O ports, for the few devices that the front end drives itself. */
#pragma once

#include <stdint.h>

static inline uint8_t port_read(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void port_write(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* About a microsecond: a write to the diagnostics port, which nothing listens to. */
static inline void port_pause(void)
{
    port_write(0x80, 0);
}
