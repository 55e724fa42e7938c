/* The order of the menu (UAPI.1, "Sorting"). */
#include "common/entries/entry.h"
#include "common/lib/mem.h"

static int compare_sort_keys(const struct entry *a, const struct entry *b)
{
    int result = strcmp(a->sort_key, b->sort_key);

    if (!result)
        result = strcmp(a->machine_id, b->machine_id);
    return result ? result : version_compare(b->version, a->version);
}

static int compare_entries(const struct entry *a, const struct entry *b)
{
    int result = a->exhausted - b->exhausted;

    if (!result)
        result = !*a->sort_key - !*b->sort_key;
    if (!result && *a->sort_key)
        result = compare_sort_keys(a, b);
    return result ? result : version_compare(b->id, a->id);
}

void entries_sort(struct entry *entries, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        struct entry moved = entries[i];
        uint32_t to = i;

        for (; to > 0 && compare_entries(&entries[to - 1], &moved) > 0; to--)
            entries[to] = entries[to - 1];
        entries[to] = moved;
    }
}
