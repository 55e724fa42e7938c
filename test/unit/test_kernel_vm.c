/* The kernel's virtual memory against a model that knows single pages only: a million random calls,
 * good and bad, must not tell the two apart. */
#include "test/unit/vm_model.h"

#define CALLS 1000000

static uint64_t tlb[PAGES]; /* entries as a CPU may have kept them; 0: it has not */

static void invalidate(uint64_t address)
{
    assert_in_range(address, vm.first, vm.end - 1);
    if (address - FIRST < END - FIRST)
        tlb[(address - FIRST) / FRAME_BYTES] = 0;
}

static int begin(void **state)
{
    (void)state;
    begin_space(FIRST, END, invalidate);
    return 0;
}

static int end(void **state)
{
    (void)state;
    end_space();
    return 0;
}

static uint8_t *contents_of(uint64_t page)
{
    uint64_t *entry = tables_entry(&vm.tables, page, false);
    assert_non_null(entry);
    assert_true(*entry & ENTRY_BACKED);
    return memory + (*entry & ENTRY_ADDRESS);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static bool same_run(const struct page *a, const struct page *b)
{
    return a->region == b->region && a->committed == b->committed && a->protection == b->protection;
}

static void compare_query(uint64_t address)
{
    struct vm_info info;
    vm_query(&vm, address, &info);
    if (address < FIRST || address >= END) {
        assert_int_equal(info.type, VM_SYSTEM);
        assert_int_equal(info.base, address < FIRST ? 0 : END);
        assert_int_equal(info.base + info.bytes, address < FIRST ? FIRST : 0);
        return;
    }
    struct page *p = page_at(address), *first = p, *end = p + 1;
    while (first > pages && same_run(first - 1, p))
        first--;
    while (end < pages + PAGES && same_run(end, p))
        end++;
    assert_int_equal(info.base, address_of(first));
    assert_int_equal(info.bytes, (uint64_t)(end - first) * FRAME_BYTES);
    assert_int_equal(info.region, p->region);
    assert_int_equal(info.committed, p->committed);
    assert_int_equal(info.protection, p->protection);
    if (info.type == VM_PRIVATE)
        assert_int_equal(info.reserved_with, VM_READ);
    assert_int_equal(info.type, !p->region  ? VM_NONE
                                : !p->shown ? VM_PRIVATE
                                : p->copies ? VM_SECTION_COPIED
                                            : VM_SECTION);
}

static void compare_sums(void)
{
    struct vm_sums sums = vm_sums(&vm), expected = {0};
    for (struct page *p = pages; p < pages + PAGES; p++) {
        uint64_t *entry = tables_entry(&vm.tables, address_of(p), false);
        expected.reserved += p->region ? FRAME_BYTES : 0;
        expected.committed += p->committed ? FRAME_BYTES : 0;
        expected.working_set += entry && *entry & ENTRY_BACKED ? FRAME_BYTES : 0;
    }
    assert_memory_equal(&sums, &expected, sizeof sums);
}

static void compare_page(struct page *p)
{
    uint64_t *entry = tables_entry(&vm.tables, address_of(p), false);
    uint64_t value = entry ? *entry : 0;
    assert_true(tlb[p - pages] == 0 || tlb[p - pages] == value);
    assert_int_equal(!!(value & ENTRY_BACKED), p->backed);
    if (!p->backed) {
        assert_int_equal(value, 0);
        return;
    }
    bool writable = p->protection & VM_WRITE && (p->owned || !p->copies);
    assert_int_equal(!!(value & ENTRY_OWNED), p->owned);
    assert_int_equal(!!(value & ENTRY_PRESENT),
                     p->protection != VM_NO_ACCESS && !(p->protection & VM_GUARD));
    assert_int_equal(!!(value & ENTRY_WRITE), writable);
    assert_int_equal(!(value & ENTRY_NX), !!(p->protection & VM_EXECUTE));
    assert_int_equal(memory[value & ENTRY_ADDRESS], *model_content(p));
    assert_int_equal(memory[(value & ENTRY_ADDRESS) + FRAME_BYTES - 1], 0);
}

static bool spans_are_in_order(void)
{
    for (uint64_t i = 0; i < vm.spans.count; i++) {
        const struct span *span = &vm.spans.array[i];
        if (span->first >= span->end || (i > 0 && span[-1].end > span->first))
            return false;
    }
    return vm.spans.count <= vm.spans.room;
}

static void compare_all(void)
{
    uint64_t held = 0;
    for (struct page *p = pages; p < pages + PAGES; p++) {
        compare_page(p);
        held += p->owned;
    }
    assert_int_equal(vm.frames_held, held);
    compare_sums();
    assert_true(spans_are_in_order());
    assert_true(heap_is_sound(&heap));
    assert_memory_equal(vm.faults, expected_faults, sizeof expected_faults);
}

/* ---- random calls ---------------------------------------------------------------------------- */

static uint64_t pick(uint64_t below)
{
    return (uint64_t)rand() % below;
}

static uint64_t any_address(void)
{
    uint64_t page = FIRST + pick(PAGES) * FRAME_BYTES;
    switch (pick(16)) {
    case 0:
        return page + pick(FRAME_BYTES);
    case 1:
        return FIRST - pick(3) * FRAME_BYTES;
    case 2:
        return END + pick(3) * FRAME_BYTES;
    case 3:
        return UINT64_MAX - pick(2 * FRAME_BYTES);
    default:
        return page;
    }
}

static uint64_t any_size(void)
{
    switch (pick(16)) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX - pick(2 * FRAME_BYTES);
    case 2:
        return pick(4 * FRAME_BYTES);
    default:
        return (1 + pick(8)) * FRAME_BYTES;
    }
}

static uint32_t any_protection(void)
{
    static const uint32_t good[] = {VM_READ | VM_WRITE, VM_READ, VM_READ | VM_EXECUTE, VM_NO_ACCESS,
                                    VM_READ | VM_WRITE | VM_GUARD};
    return pick(10) ? good[pick(5)] : (uint32_t)pick(16);
}

static void try_reserve(void)
{
    uint64_t address = pick(3) ? any_address() : 0, bytes = any_size(), base = 1, expected = 1;
    enum vm_status status = vm_reserve(&vm, address, bytes, VM_READ, &base);
    assert_int_equal(status, model_add(address, bytes, (struct page){0}, &expected));
    assert_int_equal(base, expected);
}

static void try_show(void)
{
    struct shown *s = &shown[pick(SECTIONS)];
    if (!s->section) {
        s->pages = 1 + pick(VIEW);
        s->section = section_create(&heap, s->pages);
    }
    uint64_t address = pick(3) ? any_address() : 0, base = 1, expected = 1;
    uint32_t protection = any_protection();
    bool copies = pick(2);
    enum vm_status status = vm_show(&vm, s->section, copies, address, protection, &base);
    const struct page like = {
        .committed = true, .protection = protection, .shown = s, .copies = copies};
    enum vm_status wanted = VM_BAD_PROTECTION;
    if (known_protection(protection) && address % FRAME_BYTES)
        wanted = VM_BAD_ADDRESS;
    else if (known_protection(protection))
        wanted = model_add(address, s->pages * FRAME_BYTES, like, &expected);
    assert_int_equal(status, wanted);
    assert_int_equal(base, expected);
    if (status == VM_OK) {
        s->views++;
    } else if (!s->views) {
        heap_give(&heap, s->section);
        *s = (struct shown){0};
    }
}

static void try_touch(void)
{
    uint64_t address = FIRST + pick(PAGES) * FRAME_BYTES;
    enum vm_access access = (enum vm_access)pick(3);
    struct page *p = page_at(address);
    enum vm_fault fault = vm_fault(&vm, address + pick(FRAME_BYTES), access);
    assert_int_equal(fault, model_touch(p, access));
    expected_faults[fault]++;
    if (fault <= VM_FAULT_COPY)
        tlb[p - pages] = *tables_entry(&vm.tables, address, false);
    if (fault <= VM_FAULT_COPY && access == VM_FOR_WRITE)
        *contents_of(address) = *model_content(p) = (uint8_t)rand();
    compare_page(p);
}

static void try_commit(void)
{
    uint64_t address = any_address(), bytes = any_size();
    uint32_t protection = any_protection();
    assert_int_equal(vm_commit(&vm, address, bytes, protection),
                     model_commit(address, bytes, protection, false));
}

static void try_protect(void)
{
    uint64_t address = any_address(), bytes = any_size();
    uint32_t protection = any_protection();
    assert_int_equal(vm_protect(&vm, address, bytes, protection),
                     model_commit(address, bytes, protection, true));
}

static void try_decommit(void)
{
    uint64_t address = any_address(), bytes = any_size();
    assert_int_equal(vm_decommit(&vm, address, bytes), model_decommit(address, bytes));
}

static void try_release(void)
{
    uint64_t address = any_address();
    assert_int_equal(vm_release(&vm, address), model_release(address));
}

static void test_random_calls(void **state)
{
    static void (*const calls[])(void) = {try_reserve,  try_commit, try_commit,  try_touch,
                                          try_touch,    try_touch,  try_protect, try_protect,
                                          try_decommit, try_show,   try_release};
    (void)state;
    srand(1);
    for (uint64_t i = 0; i < CALLS; i++) {
        calls[pick(sizeof calls / sizeof *calls)]();
        if (i % 4 == 0)
            compare_query(any_address());
        if (i % 64 == 0)
            compare_all();
    }
    for (unsigned fault = VM_FAULT_NONE; fault < VM_FAULT_NO_MEMORY; fault++)
        assert_true(vm.faults[fault] > CALLS / 1000);
}

/* ---- single things --------------------------------------------------------------------------- */

/* A huge region costs addresses only, every call on it is quick, and its pages are found wherever.
 */
static void test_huge_region(void **state)
{
    uint64_t base;
    (void)state;
    vm.first = UINT64_C(0x10000);
    vm.end = UINT64_C(0x7ffffffff000);
    uint64_t bytes = UINT64_C(64) << 40, free = frames.free;
    assert_int_equal(vm_reserve(&vm, 0, bytes, VM_READ, &base), VM_OK);
    assert_int_equal(vm_commit(&vm, base, bytes, VM_READ), VM_OK);
    assert_int_equal(vm_protect(&vm, base, bytes, VM_READ | VM_WRITE), VM_OK);
    assert_int_equal(frames.free, free);
    for (uint64_t far = FRAME_BYTES; far < bytes; far *= 4)
        assert_int_equal(vm_fault(&vm, base + far, VM_FOR_WRITE), VM_FAULT_DEMAND_ZERO);
    assert_int_equal(vm_protect(&vm, base, bytes, VM_READ), VM_OK);
    for (uint64_t far = FRAME_BYTES; far < bytes; far *= 4)
        assert_false(*tables_entry(&vm.tables, base + far, false) & ENTRY_WRITE);
    assert_int_equal(vm_release(&vm, base), VM_OK);
}

/* A copy reaches as far as the program itself could: what is beyond stays untouched. */
static void test_copies(void **state)
{
    uint8_t to[2 * FRAME_BYTES], from[2 * FRAME_BYTES];
    uint64_t base, near_end;
    (void)state;
    memset(from, 7, sizeof from);
    assert_int_equal(vm_reserve(&vm, 0, 4 * FRAME_BYTES, VM_READ, &base), VM_OK);
    assert_int_equal(vm_commit(&vm, base, 3 * FRAME_BYTES, VM_READ | VM_WRITE), VM_OK);
    assert_true(vm_copy(&vm, base + 100, from, sizeof from, VM_FOR_WRITE));
    assert_true(vm_copy(&vm, base + 100, to, sizeof to, VM_FOR_READ));
    assert_memory_equal(to, from, sizeof to);
    assert_int_equal(contents_of(base)[99], 0);
    assert_int_equal(contents_of(base + 2 * FRAME_BYTES)[100], 0);

    near_end = base + 3 * FRAME_BYTES - 1;
    assert_false(vm_copy(&vm, near_end, from, 2, VM_FOR_WRITE));
    assert_int_equal(contents_of(near_end - FRAME_BYTES + 1)[FRAME_BYTES - 1], 7);
    assert_int_equal(vm_protect(&vm, base, FRAME_BYTES, VM_READ), VM_OK);
    assert_false(vm_copy(&vm, base, from, 1, VM_FOR_WRITE));
    assert_int_equal(vm_protect(&vm, base, FRAME_BYTES, VM_READ | VM_GUARD), VM_OK);
    assert_false(vm_copy(&vm, base, to, 1, VM_FOR_READ));
    assert_true(vm_copy(&vm, base, to, 1, VM_FOR_READ));

    assert_true(vm_copy(&vm, base, NULL, 3 * FRAME_BYTES, VM_FOR_READ));
    assert_false(vm_copy(&vm, base, NULL, 3 * FRAME_BYTES + 1, VM_FOR_READ));
    assert_false(vm_copy(&vm, UINT64_MAX, to, 2, VM_FOR_READ));
    assert_false(vm_copy(&vm, 0xffff800000000000, to, 1, VM_FOR_READ));
    assert_false(vm_copy(&vm, base, NULL, UINT64_MAX, VM_FOR_READ));
}

/* Wherever memory ends, a call says so and nothing has changed. */
static void test_memory_ends(void **state)
{
    uint64_t base, taken = 0, held;
    (void)state;
    assert_int_equal(vm_reserve(&vm, 0, 8 * FRAME_BYTES, VM_READ, &base), VM_OK);
    assert_int_equal(vm_commit(&vm, base, 8 * FRAME_BYTES, VM_READ | VM_WRITE), VM_OK);
    assert_int_equal(vm_fault(&vm, base, VM_FOR_WRITE), VM_FAULT_DEMAND_ZERO);
    held = frames.free;
    while (frames_take(&frames, 1) != FRAMES_NONE)
        taken++;
    assert_int_equal(taken, held);
    assert_int_equal(vm_fault(&vm, base + FRAME_BYTES, VM_FOR_READ), VM_FAULT_NO_MEMORY);
    assert_int_equal(vm.frames_held, 1);

    struct section *section = section_create(&heap, 2);
    uint64_t view;
    assert_int_equal(vm_show(&vm, section, true, 0, VM_READ | VM_WRITE, &view), VM_OK);
    assert_int_equal(vm_fault(&vm, view, VM_FOR_WRITE), VM_FAULT_NO_MEMORY);

    heap.grow = NULL; /* never to be called while the free list suffices */
    frames_begin(&frames, bitmap, FRAMES);
    frames_add(&frames, 1, FRAMES - 1);
    assert_int_equal(frames_take(&frames, 1 + 4), 1); /* the tables and the page as they are */
    assert_int_equal(vm_release(&vm, view), VM_OK);
}

static void *grow_no_more(uint64_t bytes)
{
    (void)bytes;
    return NULL;
}

/* Every other page read-only: more spans than there is room for. The call that finds none has done
 * nothing. */
static void test_heap_ends(void **state)
{
    void *taken[64];
    unsigned count = 0, page = 0;
    struct vm_info info;
    uint64_t base;
    (void)state;
    assert_int_equal(vm_reserve(&vm, 0, PAGES * FRAME_BYTES, VM_READ, &base), VM_OK);
    assert_int_equal(vm_commit(&vm, base, PAGES * FRAME_BYTES, VM_READ | VM_WRITE), VM_OK);
    heap.grow = grow_no_more;
    for (uint64_t bytes = 65536; bytes >= 16; bytes /= 2)
        while ((taken[count] = heap_take(&heap, bytes)))
            count++;
    while (vm_protect(&vm, base + page * FRAME_BYTES, 1, VM_READ) == VM_OK)
        page += 2;
    assert_in_range(page, 2, PAGES - 2);
    assert_int_equal(vm_reserve(&vm, 0, 1, VM_READ, &base), VM_NO_ADDRESS);
    vm_query(&vm, base + page * FRAME_BYTES, &info);
    assert_int_equal(info.protection, VM_READ | VM_WRITE);
    assert_int_equal(info.bytes, (PAGES - page + 1) * FRAME_BYTES);
    while (count)
        heap_give(&heap, taken[--count]);
    assert_int_equal(vm_protect(&vm, base + page * FRAME_BYTES, 1, VM_READ), VM_OK);
}

static void test_statuses_have_names(void **state)
{
    (void)state;
    for (unsigned status = VM_OK; status <= VM_NO_MEMORY; status++)
        assert_true(*vm_status_name((enum vm_status)status));
    for (unsigned fault = VM_FAULT_NONE; fault < VM_FAULTS; fault++)
        assert_true(*vm_fault_name((enum vm_fault)fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_calls, begin, end),
        cmocka_unit_test_setup_teardown(test_copies, begin, end),
        cmocka_unit_test_setup_teardown(test_memory_ends, begin, end),
        cmocka_unit_test_setup_teardown(test_heap_ends, begin, end),
        cmocka_unit_test_setup_teardown(test_statuses_have_names, begin, end),
        cmocka_unit_test_setup_teardown(test_huge_region, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
