/* A program's file (ELF64, static; System V ABI, chapters 4 and 5), and its place in a space. */
#pragma once

#include "kernel/machine/symbols.h"
#include "kernel/vm/vm.h"

struct image {
    const uint8_t *file;
    uint64_t bytes;
    uint64_t entry, stack_top;          /* virtual, once loaded */
    const struct symbol_table *symbols; /* in the file; NULL: none */
};

/* Checks the headers. NULL: it is a program; else what is wrong. */
const char *image_check(struct image *image, const void *file, uint64_t bytes);

/* Fills an empty space. NULL, or what is wrong; the space then may be half filled. */
const char *image_load(struct image *image, struct vm *space);
