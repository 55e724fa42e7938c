/* The memory map: what firmware says in, a map that a kernel can use out. */
#pragma once

#include "common/firmware.h"

/* One range of a map under construction: half-open, in bytes, end as an inclusive last byte so that
 * a range may reach 2^64 - 1. */
struct memmap_range {
    uint64_t first, last; /* physical bytes, last inclusive */
    enum lintel_memory_type type;
};

/* Ordered by `first`, disjoint. The storage belongs to the caller. */
struct memmap {
    struct memmap_range *ranges;
    uint64_t count, capacity;
};

/* Ranges that suffice for `inserts` calls of memmap_insert(): each adds at most two. */
#define MEMMAP_CAPACITY(inserts) (2 * (inserts) + 1)

/* ACPI 6.5, table 15.2 (address range types) and 15.4 (extended attributes: bit 0 clear means
 * ignore; 20-byte entries have none: pass 1). False: drop the entry. Unknown types are reserved. */
bool memmap_type_of_e820(uint32_t type, uint32_t extended, enum lintel_memory_type *out);

/* UEFI 2.10, 7.2 (EFI_MEMORY_TYPE), and the attribute bit for specific-purpose memory. Loader code
 * and data are usable, boot-services memory is loader-reclaimable (BGRT and ESRT may lie in it). */
enum lintel_memory_type memmap_type_of_efi(uint32_t type, uint64_t attribute);

/* Adds a range; where it overlaps others the stricter type wins (order in memmap.c). A range whose
 * end would pass 2^64 is cut there; an empty one changes nothing. ERR_NO_MEMORY when capacity is
 * short. */
enum err memmap_insert(struct memmap *map, uint64_t base, uint64_t bytes,
                       enum lintel_memory_type type);

/* Adds a range that overrides whatever it overlaps: for our own placements in usable memory. */
enum err memmap_overlay(struct memmap *map, uint64_t base, uint64_t bytes,
                        enum lintel_memory_type type);

/* Inserts all of a firmware's ranges, dropping (and noting in the log) those above
 * `physical_bits`. */
enum err memmap_insert_raw(struct memmap *map, const struct raw_map *raw, uint32_t physical_bits);

/* Drops what lies above this address. */
void memmap_cut(struct memmap *map, uint64_t last);

/* Once, at the end: usable ranges shrink to whole pages, all others grow to them (stricter wins the
 * page), page 0 becomes reserved, adjacent equal types are merged. `capacity` of at least 2 * count
 * + 1 suffices. */
enum err memmap_normalise(struct memmap *map);

/* Makes `to` say the same; its capacity must do. */
void memmap_copy(struct memmap *to, const struct memmap *from);

/* Highest place for `bytes` (> 0) aligned to `alignment` in usable ranges, wholly inside [low,
 * high) ; takes nothing. ERR_NO_MEMORY. `high` 0 means 2^64. */
enum err memmap_find_highest(const struct memmap *map, uint64_t bytes, uint64_t alignment,
                             uint64_t low, uint64_t high, uint64_t *physical);

/* The same for the lowest place. */
enum err memmap_find_lowest(const struct memmap *map, uint64_t bytes, uint64_t alignment,
                            uint64_t low, uint64_t high, uint64_t *physical);

/* Bytes of the largest piece of a usable range inside [low, high). */
uint64_t memmap_largest(const struct memmap *map, uint64_t low, uint64_t high);

/* Sum of the bytes of one type. */
uint64_t memmap_bytes(const struct memmap *map, enum lintel_memory_type type);

const char *memmap_type_name(enum lintel_memory_type type);
