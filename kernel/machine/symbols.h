/* Which function and source line an address of the kernel's text belongs to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As config/symbols.py makes it. */
struct symbol_table {
    uint64_t text, text_bytes; /* where the text is linked; a kernel may have been moved */
    uint32_t functions, lines; /* how many of each; the names lie behind them */
    struct place {             /* each reaches to the next one */
        uint32_t offset;       /* from the start of the text */
        uint16_t name, line;   /* offset from the first name, of a function (line 0) or a file */
    } places[];
};

/* Whether a table of so many bytes lies: counts, names, and where the text ends. */
bool symbols_lie(const struct symbol_table *table, uint64_t bytes);

/* "function+0x12 (file.c:34)" for an address in the text, "" for any other. */
void symbols_describe(uint64_t address, char *text, size_t bytes);

/* Of the program that runs in user mode, which is sound; NULL: none. */
void symbols_of_program(const struct symbol_table *table);

/* False: no function of the kernel has that name. */
bool symbols_find(const char *name, uint64_t *address);
