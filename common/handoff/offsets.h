/* For files that tell the assembly of C (offsets.c): each line becomes "name equ value". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define EQUATE(name, value)                                                                        \
    __asm__ volatile(".ascii \"" name " equ %0\"" : : "i"((uint64_t)(value)))

#define CONSTANT(name)      EQUATE(#name, name)
#define OFFSET(type, field) EQUATE(#type "." #field, offsetof(struct type, field))
#define BYTES(type)         EQUATE(#type "_bytes", sizeof(struct type))
