/* A Multiboot2 kernel that checks all it was handed from inside, and prints it for the test. */
#include "test/kernels/common/arrival.h"
#include "test/kernels/multiboot2/information.h"

#define MAGIC 0x36d76289u

static uint32_t seen; /* a bit for each type */

static bool has(enum type type)
{
    return seen >> type & 1;
}

/* Tags that may come only once, and those that exclude each other. */
static void check_together(void)
{
    bool services = has(EFI_SERVICES);
    check(has(COMMAND_LINE) && has(LOADER_NAME), "command line and loader's name are there");
    check(has(MEMORY_MAP) != services && has(BASIC_MEMORY) != services,
          "the memory map is there, unless boot services are alive");
    check(has(EFI64_SYSTEM_TABLE) == has(EFI64_IMAGE), "EFI system table and image come together");
    check(!has(EFI32_SYSTEM_TABLE) && !has(EFI32_IMAGE), "nothing of 32-bit EFI");
    check(arrival.long_mode == services, "64-bit entry only with boot services");
}

/* Whatever lies in available memory must not be what the kernel itself occupies. */
static void check_place(const struct tag *information, uint32_t bytes)
{
    uint64_t start = (uintptr_t)information, end = start + bytes;
    check(start % 8 == 0, "the information is 8-aligned");
    check(end <= (uintptr_t)image_start || start >= (uintptr_t)image_end,
          "the information lies outside of the kernel");
}

static void take(const struct tag *tag)
{
    if (tag->type <= LOAD_BASE) {
        if (has(tag->type) && tag->type != MODULE && tag->type != SMBIOS)
            check(false, "a tag comes once");
        seen |= 1u << tag->type;
    }
    take_tag(tag);
}

static void take_all(void)
{
    const uint32_t *fixed = at(arrival.information);
    uint32_t bytes = fixed[0];
    const uint8_t *next = at((uint64_t)arrival.information + 8);
    const uint8_t *end = at((uint64_t)arrival.information + bytes);

    check(fixed[1] == 0, "the reserved field is 0");
    check_place(at(arrival.information), bytes);
    while (next + sizeof(struct tag) <= end && ((const struct tag *)next)->type != 0) {
        const struct tag *tag = (const struct tag *)next;
        take(tag);
        next += (tag->size + 7) & ~7u;
    }
    check(next + 8 == end && ((const struct tag *)next)->size == 8, "the end tag ends it");
}

int main(void)
{
    print("\n");
    check_arrival();
    check(arrival.magic == MAGIC, "EAX is 36D76289h");
    if (arrival.magic == MAGIC) {
        take_all();
        check_together();
    }
    print("tags:");
    for (uint32_t type = 1; type <= LOAD_BASE; type++)
        if (seen >> type & 1)
            print(" %u", type);
    print("\n");
    if (has(EFI_SERVICES))
        leave_services();
    if (stays())
        print("multiboot2: waits\n");
    while (stays())
        __asm__ volatile("");
    finish("multiboot2");
}
