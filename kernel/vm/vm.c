/* Who holds which addresses, and what may be done with their pages? */
#include "kernel/vm/vm.h"

#define PAGE FRAME_BYTES

const char *vm_status_name(enum vm_status status)
{
    static const char *const names[] = {
        [VM_OK] = "OK",
        [VM_BAD_SIZE] = "BAD_SIZE",
        [VM_BAD_ADDRESS] = "BAD_ADDRESS",
        [VM_BAD_PROTECTION] = "BAD_PROTECTION",
        [VM_ADDRESS_TAKEN] = "ADDRESS_TAKEN",
        [VM_NO_ADDRESS] = "NO_ADDRESS",
        [VM_NOT_RESERVED] = "NOT_RESERVED",
        [VM_NOT_COMMITTED] = "NOT_COMMITTED",
        [VM_NOT_A_REGION] = "NOT_A_REGION",
        [VM_SHARED] = "SHARED",
        [VM_NO_MEMORY] = "NO_MEMORY",
    };
    return names[status];
}

/* ---- ranges ---------------------------------------------------------------------------------- */

struct range {
    uint64_t first, end;
};

static enum vm_status make_range(const struct vm *vm, uint64_t address, uint64_t bytes,
                                 struct range *range)
{
    uint64_t end;
    if (bytes == 0 || __builtin_add_overflow(address, bytes, &end))
        return VM_BAD_SIZE;
    if (address < vm->first || end > vm->end)
        return VM_BAD_ADDRESS;
    *range = (struct range){address & ~(PAGE - 1), (end + PAGE - 1) & ~(PAGE - 1)};
    return VM_OK;
}

static bool is_protection(uint32_t protection)
{
    switch (protection & ~VM_GUARD) {
    case VM_NO_ACCESS:
        return !(protection & VM_GUARD);
    case VM_READ:
    case VM_READ | VM_WRITE:
    case VM_READ | VM_EXECUTE:
        return true;
    default:
        return false;
    }
}

/* Whether a range lies wholly in one region, all of it committed where it must be. */
static enum vm_status check_region(const struct vm *vm, const struct range *range,
                                   bool must_be_committed)
{
    const struct span *spans = vm->spans.array;
    uint64_t first = spans_find(&vm->spans, range->first), reached = range->first;
    enum vm_status status = VM_OK;
    for (uint64_t i = first; reached < range->end; reached = spans[i++].end) {
        if (i == vm->spans.count || spans[i].first > reached ||
            spans[i].region != spans[first].region)
            return VM_NOT_RESERVED;
        if (must_be_committed && !spans[i].committed)
            status = VM_NOT_COMMITTED;
    }
    return status;
}

/* Page tables follow the spans: an entry that has a frame gets the flags that its page has now, or
 * loses the frame with the page. */
static void settle_pages(struct vm *vm, const struct range *range)
{
    uint64_t *entry, at = range->first;
    for (; (at = tables_next_backed(&vm->tables, at, range->end, &entry)) < range->end;
         at += PAGE) {
        const struct span *span = spans_at(&vm->spans, at);
        uint64_t frame = *entry & ENTRY_ADDRESS;
        bool stays = span && span->committed, owned = *entry & ENTRY_OWNED;
        tables_set(&vm->tables, at, entry, stays ? frame | vm_entry_flags(vm, span, owned) : 0);
        if (owned && !stays) {
            tables_give_frame(&vm->tables, frame);
            vm->frames_held--;
        }
    }
}

static enum vm_status set_range(struct vm *vm, const struct range *range, bool committed,
                                uint32_t protection)
{
    struct spans *spans = &vm->spans;
    if (!spans_make_room(spans, 2))
        return VM_NO_MEMORY;
    spans_cut(spans, range->first);
    spans_cut(spans, range->end);
    uint64_t first = spans_find(spans, range->first), end = spans_find(spans, range->end);
    for (uint64_t i = first; i < end; i++) {
        spans->array[i].committed = committed;
        spans->array[i].protection = protection;
    }
    spans_join(spans, first, end);
    settle_pages(vm, range);
    return VM_OK;
}

/* ---- the calls ------------------------------------------------------------------------------- */

static enum vm_status find_gap(const struct vm *vm, uint64_t bytes, struct range *range)
{
    const struct spans *spans = &vm->spans;
    uint64_t at = vm->first;
    if (bytes == 0 || bytes > vm->end - vm->first)
        return bytes ? VM_NO_ADDRESS : VM_BAD_SIZE;
    bytes = (bytes + PAGE - 1) & ~(PAGE - 1);
    for (uint64_t i = 0; i < spans->count && spans->array[i].first - at < bytes; i++)
        at = spans->array[i].end;
    *range = (struct range){at, at + bytes};
    return bytes <= vm->end - at ? VM_OK : VM_NO_ADDRESS;
}

static enum vm_status find_place(const struct vm *vm, uint64_t address, uint64_t bytes,
                                 struct range *range)
{
    if (address == 0)
        return find_gap(vm, bytes, range);
    enum vm_status status = make_range(vm, address, bytes, range);
    if (status != VM_OK)
        return status;
    uint64_t i = spans_find(&vm->spans, range->first);
    bool taken = i < vm->spans.count && vm->spans.array[i].first < range->end;
    return taken ? VM_ADDRESS_TAKEN : VM_OK;
}

static enum vm_status add_region(struct vm *vm, uint64_t address, uint64_t bytes, struct span like,
                                 uint64_t *base)
{
    struct range range;
    enum vm_status status = find_place(vm, address, bytes, &range);
    if (status != VM_OK)
        return status;
    if (!spans_make_room(&vm->spans, 1))
        return VM_NO_MEMORY;
    like.first = like.region = *base = range.first;
    like.end = range.end;
    spans_insert(&vm->spans, &like);
    return VM_OK;
}

enum vm_status vm_reserve(struct vm *vm, uint64_t address, uint64_t bytes, uint32_t protection,
                          uint64_t *base)
{
    if (!is_protection(protection))
        return VM_BAD_PROTECTION;
    return add_region(vm, address, bytes, (struct span){.reserved_with = protection}, base);
}

enum vm_status vm_show(struct vm *vm, struct section *section, bool copies, uint64_t address,
                       uint32_t protection, uint64_t *base)
{
    if (!is_protection(protection))
        return VM_BAD_PROTECTION;
    if (address % PAGE) /* the view would be a page longer than the section */
        return VM_BAD_ADDRESS;
    const struct span like = {.section = section,
                              .protection = protection,
                              .reserved_with = protection,
                              .committed = true,
                              .copies = copies};
    enum vm_status status = add_region(vm, address, section->pages * PAGE, like, base);
    if (status == VM_OK)
        section->views++;
    return status;
}

/* All pages of the range become committed with this protection; or they must be so already. */
static enum vm_status set_protection(struct vm *vm, uint64_t address, uint64_t bytes,
                                     uint32_t protection, bool already)
{
    struct range range;
    enum vm_status status = make_range(vm, address, bytes, &range);
    if (status == VM_OK && !is_protection(protection))
        status = VM_BAD_PROTECTION;
    if (status == VM_OK)
        status = check_region(vm, &range, already);
    if (status == VM_OK)
        status = set_range(vm, &range, true, protection);
    return status;
}

enum vm_status vm_commit(struct vm *vm, uint64_t address, uint64_t bytes, uint32_t protection)
{
    return set_protection(vm, address, bytes, protection, false);
}

enum vm_status vm_protect(struct vm *vm, uint64_t address, uint64_t bytes, uint32_t protection)
{
    return set_protection(vm, address, bytes, protection, true);
}

enum vm_status vm_decommit(struct vm *vm, uint64_t address, uint64_t bytes)
{
    struct range range;
    enum vm_status status = make_range(vm, address, bytes, &range);
    if (status == VM_OK)
        status = check_region(vm, &range, false);
    if (status == VM_OK && spans_at(&vm->spans, range.first)->section)
        status = VM_SHARED;
    if (status == VM_OK)
        status = set_range(vm, &range, false, VM_NO_ACCESS);
    return status;
}

static void end_view(struct vm *vm, struct section *section)
{
    if (!section || --section->views)
        return;
    for (uint64_t i = 0; i < section->pages; i++)
        if (section->frames[i])
            tables_give_frame(&vm->tables, section->frames[i]);
    heap_give(vm->spans.heap, section);
}

enum vm_status vm_release(struct vm *vm, uint64_t region)
{
    struct spans *spans = &vm->spans;
    const struct span *span = spans_at(spans, region);
    if (!span || span->region != region)
        return VM_NOT_A_REGION;
    struct section *section = span->section;
    uint64_t first = spans_find(spans, region), end = first;
    while (end < spans->count && spans->array[end].region == region)
        end++;
    struct range range = {region, spans->array[end - 1].end};
    spans_remove(spans, first, end);
    settle_pages(vm, &range);
    end_view(vm, section);
    return VM_OK;
}

static struct vm_info between(uint64_t first, uint64_t end, enum vm_type type)
{
    return (struct vm_info){.base = first, .bytes = end - first, .type = type};
}

void vm_query(const struct vm *vm, uint64_t address, struct vm_info *info)
{
    const struct span *span = spans_at(&vm->spans, address), *all = vm->spans.array;
    uint64_t above = spans_find(&vm->spans, address);
    if (address < vm->first)
        *info = between(0, vm->first, VM_SYSTEM);
    else if (address >= vm->end)
        *info = between(vm->end, 0, VM_SYSTEM); /* up to 2^64 */
    else if (!span)
        *info = between(above ? all[above - 1].end : vm->first,
                        above < vm->spans.count ? all[above].first : vm->end, VM_NONE);
    else
        *info = (struct vm_info){
            .base = span->first,
            .bytes = span->end - span->first,
            .region = span->region,
            .type = !span->section ? VM_PRIVATE
                    : span->copies ? VM_SECTION_COPIED
                                   : VM_SECTION,
            .committed = span->committed,
            .protection = span->protection,
            .reserved_with = span->reserved_with,
        };
}

struct vm_sums vm_sums(const struct vm *vm)
{
    struct vm_sums sums = {0};
    for (uint64_t i = 0; i < vm->spans.count; i++) {
        const struct span *span = &vm->spans.array[i];
        uint64_t *entry, at = span->first;
        sums.reserved += span->end - span->first;
        sums.committed += span->committed ? span->end - span->first : 0;
        for (; (at = tables_next_backed(&vm->tables, at, span->end, &entry)) < span->end;
             at += PAGE)
            sums.working_set += PAGE;
    }
    return sums;
}

struct section *section_create(struct heap *heap, uint64_t pages)
{
    if (pages == 0 || pages > UINT32_MAX)
        return NULL;
    struct section *section = heap_take(heap, sizeof *section + pages * sizeof *section->frames);
    if (section)
        section->pages = pages;
    return section;
}

void vm_end(struct vm *vm)
{
    while (vm->spans.count)
        vm_release(vm, vm->spans.array[0].region);
    heap_give(vm->spans.heap, vm->spans.array);
    tables_end(&vm->tables);
}
