/* Claim C16: the kernel's own image, page by page. */
#include "kernel/claims/claims.h"

#define PATTERN_QUADS 2048
#define PATTERN_STEP  UINT64_C(0x9e3779b97f4a7c15)

extern const uint64_t pattern_read_only[PATTERN_QUADS]; /* entry.asm */
extern uint64_t pattern_writable[PATTERN_QUADS];

/* Volatile, or the compiler would not read it back. */
static const char *const volatile relocated = kernel_start;

static bool check_place(void)
{
    uint64_t start = address_of(kernel_start);
    const struct comparison rows[] = {
        {"kernel_virtual", boot->kernel_virtual, start},
        {"kernel_slide", boot->kernel_slide, start - kernel_link_address},
        {"kernel_bytes", boot->kernel_bytes, address_of(kernel_end) - start}};
    return all_equal(0, rows, sizeof rows / sizeof *rows);
}

/* Every page of [start, end) must be in its place with exactly these rights. */
static bool check_rights(const char *name, const char *start, const char *end, uint8_t wanted)
{
    const uint8_t compared = RIGHT_WRITE | (cpu_has(LINTEL_CPU_NX) ? RIGHT_EXECUTE : 0);
    for (const char *at = start; at < end; at += PAGE_BYTES) {
        const struct mapped_range *range = mapped_at(address_of(at));
        if (!range)
            return violated("%s page %#lx is not mapped", name, address_of(at));
        if ((range->rights & compared) != (wanted & compared))
            return violated("%s page %#lx is %swritable and %sexecutable", name, address_of(at),
                            range->rights & RIGHT_WRITE ? "" : "not ",
                            range->rights & RIGHT_EXECUTE ? "" : "not ");
        if (range->physical - range->virtual != boot->kernel_physical - boot->kernel_virtual)
            return violated("%s page %#lx is not where kernel_physical says", name, address_of(at));
    }
    return true;
}

static bool check_pattern(const char *name, const volatile uint64_t *pattern)
{
    for (uint64_t i = 0; i < PATTERN_QUADS; i++)
        if (pattern[i] != (i + 1) * PATTERN_STEP)
            return violated("%s at %#lx holds %#lx, the file has %#lx", name,
                            address_of(&pattern[i]), pattern[i], (i + 1) * PATTERN_STEP);
    return true;
}

/* The file's bytes end before the page does. */
static bool check_tail(const char *name, const char *end)
{
    for (; address_of(end) % PAGE_BYTES; end++)
        if (*end)
            return violated("%s: %#lx holds %#x, wanted 0 behind the file's bytes", name,
                            address_of(end), (uint8_t)*end);
    return true;
}

bool kernel_image_is_in_place(void)
{
    return must(!initial_state.bss_dirty, ".bss was not 0 at %#lx", initial_state.bss_dirty) &&
           must(relocated == kernel_start, "a relocated pointer is %#lx, wanted %#lx",
                address_of(relocated), address_of(kernel_start)) &&
           check_place() && check_rights("text", text_start, text_end, RIGHT_EXECUTE) &&
           check_rights("rodata", rodata_start, rodata_end, 0) &&
           check_rights("data", data_start, kernel_end, RIGHT_WRITE) &&
           check_pattern("rodata", pattern_read_only) && check_pattern("data", pattern_writable) &&
           check_tail("text", text_end) && check_tail("rodata", rodata_end);
}
