/* Kernels that are ELF images in the upper half, on page tables of their own: what Lintel's
 * protocol and Limine's have in common. */
#pragma once

#include "common/attempt/attempt.h"

/* Begins the wishes with the image, at any physical place; `modules` more regions may follow.
 * ERR_NO_MEMORY. */
enum err upper_half_begin(struct attempt *attempt, const struct elf *image, uint64_t modules);

/* Adds a file that the kernel is given whole, with zeros up to the end of its last page. An empty
 * one has no place. ERR_NO_MEMORY. */
enum err upper_half_add_module(struct attempt *attempt, const char *name,
                               const struct reader *reader);

/* Lists the CPUs, for them to be started on stacks of this size (whole pages). ERR_NO_MEMORY. */
enum err upper_half_list_cpus(struct attempt *attempt, uint64_t stack_bytes);

/* Relocates the loaded image, and sets its entry. ERR_FORMAT, ERR_UNSUPPORTED as elf_relocate(). */
enum err upper_half_finish(struct attempt *attempt, uint64_t entry);
