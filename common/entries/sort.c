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

/* Of two files of one entry that one which is the better candidate: it was not tried so often. */
static int compare_tries(const struct entry *a, const struct entry *b)
{
    if (!a->counted || !b->counted)
        return 0;
    if (a->tries_left != b->tries_left)
        return a->tries_left > b->tries_left ? -1 : 1;
    return (a->tries_done > b->tries_done) - (a->tries_done < b->tries_done);
}

static int compare_entries(const struct entry *a, const struct entry *b)
{
    int result = entry_is_exhausted(a) - entry_is_exhausted(b);

    if (!result)
        result = !*a->sort_key - !*b->sort_key;
    if (!result && *a->sort_key)
        result = compare_sort_keys(a, b);
    if (!result)
        result = version_compare(b->id, a->id);
    return result ? result : compare_tries(a, b);
}

/* Of equal ones the last comes first: a list has the newest first. */
static struct entry_item *merge(struct entry_item *a, struct entry_item *b)
{
    struct entry_item *merged, **end = &merged;

    while (a && b) {
        struct entry_item **from = compare_entries(&a->entry, &b->entry) < 0 ? &a : &b;
        *end = *from;
        end = &(*from)->next;
        *from = *end;
    }
    *end = a ? a : b;
    return merged;
}

struct entry_item *entries_sort(struct entry_item *list)
{
    struct entry_item *middle = list, *second;

    if (!list || !list->next)
        return list;
    for (second = list->next; second && second->next; second = second->next->next)
        middle = middle->next;
    second = middle->next;
    middle->next = NULL;
    return merge(entries_sort(list), entries_sort(second));
}
