/* Recorded and hand-made memory maps of whole machines (test/maps/README). */
#include "common/lib/mem.h"
#include "common/memory/memmap.h"
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define MAPS "test/maps"

struct machine_map {
    struct raw_range *ranges;
    uint64_t count;
    uint32_t physical_bits;
    uint64_t usable; /* bytes that the normalised map must have */
};

/* The format is told in test/maps/README. */
static void read_line(struct machine_map *map, const char *line)
{
    struct raw_range range;
    uint64_t type, attributes = 1;

    if (sscanf(line, "bits %" SCNu32, &map->physical_bits) == 1 ||
        sscanf(line, "usable %" SCNx64, &map->usable) == 1 || line[0] == '#' || line[0] == '\n')
        return;
    map->ranges = realloc(map->ranges, (map->count + 1) * sizeof range);
    if (sscanf(line, "%" SCNx64 " %" SCNx64 " efi:%" SCNu64 ":%" SCNx64, &range.base, &range.bytes,
               &type, &attributes) == 4) {
        range.type = memmap_type_of_efi((uint32_t)type, attributes);
    } else {
        assert_true(sscanf(line, "%" SCNx64 " %" SCNx64 " e820:%" SCNu64 ":%" SCNx64, &range.base,
                           &range.bytes, &type, &attributes) >= 3);
        if (!memmap_type_of_e820((uint32_t)type, (uint32_t)attributes, &range.type))
            return;
    }
    map->ranges[map->count++] = range;
}

static struct machine_map read_map(const char *name)
{
    struct machine_map map = {.physical_bits = 40, .usable = UINT64_MAX};
    char path[512], line[256];
    FILE *file;

    snprintf(path, sizeof path, MAPS "/%s", name);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        read_line(&map, line);
    fclose(file);
    return map;
}

/* True when a raw range that is not usable has one of the bytes first to last. */
static bool is_claimed(const struct raw_range *raw, uint64_t first, uint64_t last)
{
    uint64_t raw_last = raw->base + (raw->bytes - 1);

    if (!raw->bytes || raw->type == LINTEL_MEMORY_USABLE)
        return false;
    if (raw_last < raw->base)
        raw_last = UINT64_MAX;
    return raw->base <= last && first <= raw_last;
}

/* Ordered, disjoint, merged, whole pages, and no usable page that anything else claims. */
static void assert_honest(const struct machine_map *raw, const struct memmap *map)
{
    for (uint64_t i = 0; i < map->count; i++) {
        const struct memmap_range *range = &map->ranges[i];
        assert_int_equal(0, range->first % PAGE_BYTES);
        assert_int_equal(PAGE_BYTES - 1, range->last % PAGE_BYTES);
        assert_true(range->first < range->last);
        if (i > 0)
            assert_true(range[-1].last + 1 < range->first ||
                        (range[-1].last + 1 == range->first && range[-1].type != range->type));
        if (range->type != LINTEL_MEMORY_USABLE)
            continue;
        assert_true(range->first >= PAGE_BYTES);
        for (uint64_t k = 0; k < raw->count; k++)
            assert_false(is_claimed(&raw->ranges[k], range->first, range->last));
    }
}

static void check_map(const char *name)
{
    struct machine_map raw = read_map(name);
    struct raw_map in = {.ranges = raw.ranges, .count = raw.count};
    struct memmap map = {malloc(2 * MEMMAP_CAPACITY(raw.count + 1) * sizeof(struct memmap_range)),
                         0, 2 * MEMMAP_CAPACITY(raw.count + 1)};

    assert_int_equal(OK, memmap_insert_raw(&map, &in, raw.physical_bits));
    assert_int_equal(OK, memmap_normalise(&map));
    assert_honest(&raw, &map);
    if (memmap_bytes(&map, LINTEL_MEMORY_USABLE) != raw.usable)
        fail_msg("%s: usable %" PRIx64 ", not %" PRIx64, name,
                 memmap_bytes(&map, LINTEL_MEMORY_USABLE), raw.usable);
    free(map.ranges);
    free(raw.ranges);
}

static void test_machines(void **state)
{
    DIR *directory = opendir(MAPS);
    struct dirent *entry;
    uint32_t maps = 0;

    (void)state;
    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        size_t length = strlen(entry->d_name);
        if (length < 4 || strcmp(entry->d_name + length - 4, ".map") != 0)
            continue;
        check_map(entry->d_name);
        maps++;
    }
    closedir(directory);
    assert_true(maps >= 27);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_machines)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
