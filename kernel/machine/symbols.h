/* Which function and source line an address of the kernel's text belongs to. */
#ifndef KERNEL_SYMBOLS_H
#define KERNEL_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As kernel/symbols.py makes it; all places are offsets from the table's own start. */
struct symbol_table {
    uint64_t text, text_bytes; /* where the text is linked; a kernel may have been moved */
    uint32_t count;
    uint32_t symbols; /* {offset from text_start, offset of the name from `names`} */
    uint32_t files;   /* offsets of their names from `names` */
    uint32_t lines, lines_bytes;
    uint32_t names;
};

/* "function+0x12 (file.c:34)" for an address in the text, "" for any other. */
void symbols_describe(uint64_t address, char *text, size_t bytes);

/* Of the program that runs in user mode, from its file, which is believed; NULL: none. */
void symbols_of_program(const struct symbol_table *table);

/* False: no function of the kernel has that name. */
bool symbols_find(const char *name, uint64_t *address);

#endif
