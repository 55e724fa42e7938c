/* Claim C17: the direct map holds what the memory map calls for, and nothing else. */
#include "kernel/claims/claims.h"

#define DIRECT_MAP_4 UINT64_C(0xffff800000000000)
#define DIRECT_MAP_5 UINT64_C(0xff00000000000000)

/* Every physical address below is mapped unless it is bad memory. */
#define DEVICES_END (4 * GIB)

uint64_t direct_map_end(void)
{
    uint64_t end = DEVICES_END;
    for (uint64_t i = 0; i < boot->memory_map_count; i++) {
        uint64_t range_end = boot->memory_map[i].base_physical + boot->memory_map[i].bytes;
        end = range_end > end ? range_end : end;
    }
    return boot->direct_map + end;
}

/* What one stretch of physical memory should be mapped as. */
struct expected {
    uint64_t end; /* physical, exclusive */
    bool present;
    uint8_t cache; /* PAT_... */
};

static struct expected expect_type(uint32_t type, bool device_space)
{
    switch (type) {
    case LINTEL_MEMORY_USABLE:
    case LINTEL_MEMORY_RECLAIMABLE:
    case LINTEL_MEMORY_KERNEL:
    case LINTEL_MEMORY_ACPI_RECLAIMABLE:
    case LINTEL_MEMORY_ACPI_NVS:
    case LINTEL_MEMORY_EFI_RUNTIME_CODE:
    case LINTEL_MEMORY_EFI_RUNTIME_DATA:
    case LINTEL_MEMORY_PERSISTENT:
        return (struct expected){.present = true, .cache = PAT_WB};
    case LINTEL_MEMORY_FRAMEBUFFER:
        return (struct expected){.present = true,
                                 .cache = cpu_has(LINTEL_CPU_PAT) ? PAT_WC : PAT_UC};
    case LINTEL_MEMORY_BAD:
        return (struct expected){.present = false};
    default:
        return (struct expected){.present = device_space, .cache = PAT_UC};
    }
}

static struct expected expect_at(uint64_t physical)
{
    uint64_t end;
    uint32_t type = memory_stretch_at(physical, &end);
    bool device_space = physical < DEVICES_END;
    struct expected expected = expect_type(type, device_space);
    expected.end = device_space && end > DEVICES_END ? DEVICES_END : end;
    return expected;
}

static bool is_direct(const struct mapped_range *range)
{
    return range->virtual >= boot->direct_map && range->virtual < direct_map_end();
}

/* The next place at or above `physical` where it changes whether the kernel or Lintel's window maps
 * the page read-only (what is executable is read-only, too): *locked says which it is here. */
static uint64_t alias_at(uint64_t physical, bool *locked)
{
    uint64_t end = UINT64_MAX;
    *locked = false;
    for (uint32_t i = 0; i < mapped_count; i++) {
        const struct mapped_range *range = &mapped[i];
        if (is_direct(range) || range->rights & RIGHT_WRITE)
            continue;
        bool inside = physical - range->physical < range->bytes;
        uint64_t edge = inside ? range->physical + range->bytes : range->physical;
        *locked = *locked || inside;
        if (edge > physical && edge < end)
            end = edge;
    }
    return end;
}

static bool check_absent(uint64_t physical, uint64_t *end)
{
    uint64_t next = mapped_after(boot->direct_map + physical);
    return must(!mapped_at(boot->direct_map + physical) && next - boot->direct_map >= *end,
                "physical %#lx to %#lx (%s) should be absent and is not", physical, *end,
                memory_type_name(memory_type_at(physical)));
}

static bool check_present(uint64_t physical, const struct expected *expected, uint64_t *end)
{
    const char *type = memory_type_name(memory_type_at(physical));
    uint64_t virtual = boot->direct_map + physical;
    const struct mapped_range *range = mapped_at(virtual);
    if (!range)
        return violated("physical %#lx (%s) is not mapped", physical, type);
    if (range->physical + (virtual - range->virtual) != physical)
        return violated("physical %#lx (%s): %#lx is there", physical, type,
                        range->physical + (virtual - range->virtual));
    if (range->cache != expected->cache)
        return violated("physical %#lx (%s) is %s, wanted %s", physical, type,
                        cache_name(range->cache), cache_name(expected->cache));
    if (cpu_has(LINTEL_CPU_NX) && range->rights & RIGHT_EXECUTE)
        return violated("physical %#lx (%s) is executable", physical, type);

    bool locked, writable = range->rights & RIGHT_WRITE;
    uint64_t alias_end = alias_at(physical, &locked);
    if (writable == locked)
        return violated("physical %#lx (%s) is %s, wanted %s", physical, type,
                        writable ? "writable" : "read-only", locked ? "read-only" : "writable");
    uint64_t range_end = range->virtual + range->bytes - boot->direct_map;
    *end = range_end < *end ? range_end : *end;
    *end = alias_end < *end ? alias_end : *end;
    return true;
}

bool direct_map_is_exact(void)
{
    uint64_t base = boot->paging_levels == 5 ? DIRECT_MAP_5 : DIRECT_MAP_4;
    if (boot->direct_map != base)
        return violated("the direct map is at %#lx, wanted %#lx", boot->direct_map, base);
    uint64_t physical_end = direct_map_end() - boot->direct_map;
    for (uint64_t physical = 0, end; physical < physical_end; physical = end) {
        struct expected expected = expect_at(physical);
        end = expected.end < physical_end ? expected.end : physical_end;
        if (expected.present ? !check_present(physical, &expected, &end)
                             : !check_absent(physical, &end))
            return false;
    }
    return true;
}
