/* Is there memory at an address, and can it be reached without a fault? */
#include "common/hw/probe.h"
#include "common/hw/cpu.h"
#include "common/hw/registers.h"
#include "common/lib/mem.h"

/* Of an entry of a page table (Intel SDM 3A, 4.5). */
#define PRESENT UINT64_C(1)
#define WRITE   UINT64_C(2)
#define LARGE   UINT64_C(0x80)

#define INDEX_BITS 9

static uint64_t read_cr3(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static uint64_t read_cr4(void)
{
    uint64_t value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

/* Firmware maps memory one to one, but of the rest only what it knows of. `flags`: what each entry
 * must have. */
static bool is_mapped(uint64_t address, uint64_t flags)
{
    uint64_t address_mask = cpu_entry_address();
    uint32_t shift = read_cr4() & CR4_LA57 ? 48 : 39;
    uint64_t entry = read_cr3();

    if (address >> (shift + INDEX_BITS - 1)) /* the lower half has one bit less */
        return false;
    for (;; shift -= INDEX_BITS) {
        const uint64_t *table = at_physical(entry & address_mask);
        entry = table[address >> shift & ((1u << INDEX_BITS) - 1)];
        if ((entry & flags) != flags)
            return false;
        if (shift == 12 || (shift <= 30 && entry & LARGE))
            return true;
    }
}

uint64_t probe_room(uint64_t physical, uint64_t most)
{
    uint64_t room = 0;

    while (room < most && physical + room >= physical && is_mapped(physical + room, PRESENT))
        room += PAGE_BYTES - (physical + room) % PAGE_BYTES;
    return MIN(room, most);
}

/* Past the cache, which would keep it in any case. */
static void write_through(volatile uint8_t *at, uint8_t value)
{
    *at = value;
    __asm__ volatile("clflush %0" : "+m"(*at));
    __asm__ volatile("mfence" : : : "memory");
}

/* Both are written before either is read: a bus where nobody answers may give the last byte again,
 * and an address may be another name of the first. */
bool probe_keeps(uint64_t first, uint64_t last)
{
    volatile uint8_t *a = at_physical(first), *b = at_physical(last);

    if (!is_mapped(first, PRESENT | WRITE) || !is_mapped(last, PRESENT | WRITE))
        return false;
    uint8_t a_before = *a, b_before = *b;
    uint8_t a_new = (uint8_t)~a_before, b_new = (uint8_t)(b_before ^ 0x55);
    b_new = b_new == a_new ? (uint8_t)(b_before ^ 0xaa) : b_new;
    write_through(a, a_new);
    write_through(b, b_new);
    bool kept = *a == a_new && *b == b_new;
    write_through(b, b_before);
    write_through(a, a_before);
    return kept;
}
