#include "vm_pages.h"

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
    if (bytes == 0 || __builtin_add_overflow(address, bytes, &end) || end > UINT64_MAX - PAGE)
        return VM_BAD_SIZE;
    *range = (struct range){address & ~(PAGE - 1), (end + PAGE - 1) & ~(PAGE - 1)};
    return range->first < vm->first || range->end > vm->end ? VM_BAD_ADDRESS : VM_OK;
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

/* The first span of a range that lies wholly in one region. */
static struct span *find_in_region(const struct vm *vm, const struct range *range)
{
    struct span *first = spans_find(&vm->spans, range->first);
    if (!first || first->first > range->first)
        return NULL;
    uint64_t reached = first->end;
    while (reached < range->end) {
        struct span *next = spans_find(&vm->spans, reached);
        if (!next || next->first != reached || next->region != first->region)
            return NULL;
        reached = next->end;
    }
    return first;
}

static bool all_committed(const struct vm *vm, const struct range *range)
{
    for (struct span *span = spans_find(&vm->spans, range->first); span && span->first < range->end;
         span = spans_find(&vm->spans, span->end))
        if (!span->committed)
            return false;
    return true;
}

/* ---- changing spans -------------------------------------------------------------------------- */

/* Makes `address` a border between spans with the help of a spare node. */
static void cut_at(struct vm *vm, uint64_t address, struct span **spare)
{
    struct span *span = spans_find(&vm->spans, address);
    if (!span || span->first >= address)
        return;
    struct span *tail = *spare;
    *spare = NULL;
    *tail = *span;
    tail->first = address;
    span->end = address;
    spans_insert(&vm->spans, tail);
}

static bool alike(const struct span *a, const struct span *b)
{
    return a->end == b->first && a->region == b->region && a->committed == b->committed &&
           a->protection == b->protection;
}

static void merge(struct vm *vm, const struct range *range)
{
    struct span *span = spans_before(&vm->spans, range->first);
    if (!span)
        span = spans_find(&vm->spans, range->first);
    while (span && span->first < range->end) {
        struct span *next = spans_find(&vm->spans, span->end);
        if (next && alike(span, next)) {
            uint64_t end = next->end;
            spans_remove(&vm->spans, next);
            span->end = end;
        } else {
            span = next;
        }
    }
}

static enum vm_status set_span(struct vm *vm, const struct range *range, bool committed,
                               uint32_t protection)
{
    struct heap *heap = vm->spans.heap;
    struct span *spare[2] = {heap_take(heap, sizeof **spare), heap_take(heap, sizeof **spare)};
    bool enough = spare[0] && spare[1];
    if (enough) {
        cut_at(vm, range->first, &spare[0]);
        cut_at(vm, range->end, &spare[1]);
        for (struct span *span = spans_find(&vm->spans, range->first);
             span && span->first < range->end; span = spans_find(&vm->spans, span->end)) {
            span->committed = committed;
            span->protection = protection;
        }
        merge(vm, range);
    }
    heap_give(heap, spare[0]);
    heap_give(heap, spare[1]);
    return enough ? VM_OK : VM_NO_MEMORY;
}

/* ---- pages ----------------------------------------------------------------------------------- */

/* Entries that hold a frame take up the protection of their span. */
static void refresh_pages(struct vm *vm, const struct range *range)
{
    uint64_t *entry, at = range->first;
    while ((at = tables_next_backed(&vm->tables, at, range->end, &entry)) < range->end) {
        const struct span *span = spans_find(&vm->spans, at);
        uint64_t flags = vm_entry_flags(vm, span, *entry & ENTRY_OWNED);
        tables_set(&vm->tables, at, entry, (*entry & ENTRY_ADDRESS) | flags);
        at += PAGE;
    }
}

static void drop_pages(struct vm *vm, const struct range *range)
{
    uint64_t *entry, at = range->first;
    while ((at = tables_next_backed(&vm->tables, at, range->end, &entry)) < range->end) {
        uint64_t old = *entry;
        tables_set(&vm->tables, at, entry, 0);
        if (old & ENTRY_OWNED) {
            tables_give_frame(&vm->tables, old & ENTRY_ADDRESS);
            vm->frames_held--;
        }
        at += PAGE;
    }
}

/* ---- the calls ------------------------------------------------------------------------------- */

static enum vm_status find_gap(const struct vm *vm, uint64_t bytes, struct range *range)
{
    uint64_t at = vm->first;
    if (bytes == 0 || bytes > vm->end - vm->first)
        return bytes ? VM_NO_ADDRESS : VM_BAD_SIZE;
    bytes = (bytes + PAGE - 1) & ~(PAGE - 1);
    for (const struct span *span = spans_find(&vm->spans, at); span && span->first - at < bytes;
         span = spans_find(&vm->spans, at))
        at = span->end;
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
    const struct span *span = spans_find(&vm->spans, range->first);
    return span && span->first < range->end ? VM_ADDRESS_TAKEN : VM_OK;
}

static enum vm_status add_region(struct vm *vm, uint64_t address, uint64_t bytes,
                                 const struct span *like, uint64_t *base)
{
    struct range range;
    enum vm_status status = find_place(vm, address, bytes, &range);
    if (status != VM_OK)
        return status;
    struct span *span = heap_take(vm->spans.heap, sizeof *span);
    if (!span)
        return VM_NO_MEMORY;
    *span = *like;
    span->first = span->region = *base = range.first;
    span->end = range.end;
    spans_insert(&vm->spans, span);
    return VM_OK;
}

enum vm_status vm_reserve(struct vm *vm, uint64_t address, uint64_t bytes, uint64_t *base)
{
    return add_region(vm, address, bytes, &(struct span){0}, base);
}

enum vm_status vm_show(struct vm *vm, struct section *section, bool copies, uint64_t address,
                       uint32_t protection, uint64_t *base)
{
    if (!is_protection(protection))
        return VM_BAD_PROTECTION;
    if (address % PAGE) /* the view would be a page longer than the section */
        return VM_BAD_ADDRESS;
    const struct span like = {
        .section = section, .protection = protection, .committed = true, .copies = copies};
    enum vm_status status = add_region(vm, address, section->pages * PAGE, &like, base);
    if (status == VM_OK)
        section->views++;
    return status;
}

/* All pages of the range become committed with this protection; or they must be committed already.
 */
static enum vm_status set_protection(struct vm *vm, uint64_t address, uint64_t bytes,
                                     uint32_t protection, bool already)
{
    struct range range;
    enum vm_status status = make_range(vm, address, bytes, &range);
    if (status == VM_OK && !is_protection(protection))
        status = VM_BAD_PROTECTION;
    if (status == VM_OK && !find_in_region(vm, &range))
        status = VM_NOT_RESERVED;
    if (status == VM_OK && already && !all_committed(vm, &range))
        status = VM_NOT_COMMITTED;
    if (status == VM_OK)
        status = set_span(vm, &range, true, protection);
    if (status == VM_OK)
        refresh_pages(vm, &range);
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
    if (status != VM_OK)
        return status;
    const struct span *span = find_in_region(vm, &range);
    if (!span)
        return VM_NOT_RESERVED;
    if (span->section)
        return VM_SHARED;
    status = set_span(vm, &range, false, VM_NO_ACCESS);
    if (status == VM_OK)
        drop_pages(vm, &range);
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
    struct span *span = spans_find(&vm->spans, region);
    if (!span || span->first != region || span->region != region)
        return VM_NOT_A_REGION;
    struct section *section = span->section;
    while (span && span->region == region) {
        struct range range = {span->first, span->end};
        if (span->committed)
            drop_pages(vm, &range);
        spans_remove(&vm->spans, span);
        span = spans_find(&vm->spans, range.end);
    }
    end_view(vm, section);
    return VM_OK;
}

enum vm_status vm_query(const struct vm *vm, uint64_t address, struct vm_info *info)
{
    if (address < vm->first || address >= vm->end)
        return VM_BAD_ADDRESS;
    const struct span *span = spans_find(&vm->spans, address);
    if (!span || span->first > address) {
        const struct span *before = spans_before(&vm->spans, address);
        uint64_t base = before ? before->end : vm->first;
        *info = (struct vm_info){.base = base, .bytes = (span ? span->first : vm->end) - base};
        return VM_OK;
    }
    *info = (struct vm_info){
        .base = span->first,
        .bytes = span->end - span->first,
        .region = span->region,
        .type = !span->section ? VM_PRIVATE
                : span->copies ? VM_SECTION_COPIED
                               : VM_SECTION,
        .committed = span->committed,
        .protection = span->protection,
    };
    return VM_OK;
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
    for (struct span *span; (span = spans_find(&vm->spans, 0));)
        vm_release(vm, span->region);
    tables_end(&vm->tables);
}
