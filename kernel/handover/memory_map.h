/* The memory map, asked about. */
#ifndef KERNEL_MEMORY_H
#define KERNEL_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* The type of a physical address (enum lintel_memory_type; 0: in no range). */
uint32_t memory_type_at(uint64_t physical);

/* The same, and where that ends: the range's end, or where the next one begins (2^64 - 1:
 * never). */
uint32_t memory_stretch_at(uint64_t physical, uint64_t *end);

const char *memory_type_name(uint32_t type); /* "nowhere" for 0 */

uint64_t memory_bytes(uint32_t type);

/* The first usable page that shares a byte with physical [base, base + bytes). */
bool memory_usable_in(uint64_t base, uint64_t bytes, uint64_t *page);

#define EFI_MEMORY_TYPES 16 /* EfiUnacceptedMemoryType is the last */

/* A descriptor of the EFI map (UEFI 2.10, 7.2); they are boot->efi_descriptor_bytes apart. */
struct efi_descriptor {
    uint32_t type;
    uint32_t padding;
    uint64_t physical;
    uint64_t virtual;
    uint64_t pages;
    uint64_t attribute;
};
const struct efi_descriptor *efi_descriptor(uint64_t index);

/* True once the kernel itself has taken usable memory: the claims then leave it alone. */
extern bool memory_is_in_use;

/* Looks, before anybody writes, whether usable memory is zero as LINTEL_BOOT_MEMORY_ZEROED says. */
void memory_look_for_zeroes(void);

#endif
