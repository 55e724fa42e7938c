/* A model of the kernel's virtual memory that knows single pages only. */
#pragma once

#include "test/unit/vm_space.h"

#define PAGES    48                       /* of the space: few, so that calls meet */
#define FIRST    UINT64_C(0x7fffc01f0000) /* a border between page tables lies inside */
#define END      (FIRST + PAGES * FRAME_BYTES)
#define SECTIONS 3
#define VIEW     6 /* pages of a section, at most */

struct shown {
    struct section *section; /* NULL: none */
    uint64_t pages, views;
    bool backed[VIEW];
    uint8_t content[VIEW];
};

struct page {
    uint64_t region; /* its address; 0: free */
    uint32_t protection;
    bool committed, backed, owned, copies;
    uint8_t content; /* of an owned frame */
    struct shown *shown;
};

static struct shown shown[SECTIONS];
static struct page pages[PAGES];
static uint64_t expected_faults[VM_FAULTS];

static struct page *page_at(uint64_t address)
{
    return &pages[(address - FIRST) / FRAME_BYTES];
}

static uint64_t address_of(const struct page *page)
{
    return FIRST + (uint64_t)(page - pages) * FRAME_BYTES;
}

static uint64_t index_in_section(const struct page *page)
{
    return (address_of(page) - page->region) / FRAME_BYTES;
}

static bool known_protection(uint32_t p)
{
    static const uint32_t known[] = {0, 1, 3, 5, 9, 11, 13};
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
        if (p == known[i])
            return true;
    return false;
}

struct cut {
    struct page *first, *end;
};

static enum vm_status cut(uint64_t address, uint64_t bytes, struct cut *cut)
{
    if (bytes == 0 || address + bytes < address)
        return VM_BAD_SIZE;
    uint64_t first = address / FRAME_BYTES * FRAME_BYTES;
    uint64_t last = (address + bytes - 1) / FRAME_BYTES * FRAME_BYTES;
    if (first < FIRST || last >= END)
        return VM_BAD_ADDRESS;
    *cut = (struct cut){page_at(first), page_at(last) + 1};
    return VM_OK;
}

static enum vm_status model_place(uint64_t address, uint64_t bytes, struct cut *place)
{
    if (address) {
        enum vm_status status = cut(address, bytes, place);
        for (struct page *p = place->first; status == VM_OK && p < place->end; p++)
            if (p->region)
                status = VM_ADDRESS_TAKEN;
        return status;
    }
    uint64_t count = bytes / FRAME_BYTES + (bytes % FRAME_BYTES != 0);
    if (bytes == 0)
        return VM_BAD_SIZE;
    for (uint64_t first = 0, run = 0, i = 0; i < PAGES; i++) {
        run = pages[i].region ? 0 : run + 1;
        if (run == count) {
            first = i + 1 - count;
            *place = (struct cut){pages + first, pages + first + count};
            return VM_OK;
        }
    }
    return VM_NO_ADDRESS;
}

static enum vm_status model_add(uint64_t address, uint64_t bytes, struct page like, uint64_t *base)
{
    struct cut place = {0};
    enum vm_status status = model_place(address, bytes, &place);
    if (status != VM_OK)
        return status;
    *base = like.region = address_of(place.first);
    for (struct page *p = place.first; p < place.end; p++)
        *p = like;
    return VM_OK;
}

static bool in_one_region(const struct cut *cut)
{
    for (struct page *p = cut->first; p < cut->end; p++)
        if (!p->region || p->region != cut->first->region)
            return false;
    return true;
}

static enum vm_status model_commit(uint64_t address, uint64_t bytes, uint32_t protection,
                                   bool must_be_committed)
{
    struct cut place = {0};
    enum vm_status status = cut(address, bytes, &place);
    if (status != VM_OK)
        return status;
    if (!known_protection(protection))
        return VM_BAD_PROTECTION;
    if (!in_one_region(&place))
        return VM_NOT_RESERVED;
    for (struct page *p = place.first; must_be_committed && p < place.end; p++)
        if (!p->committed)
            return VM_NOT_COMMITTED;
    for (struct page *p = place.first; p < place.end; p++) {
        p->committed = true;
        p->protection = protection;
    }
    return VM_OK;
}

static enum vm_status model_decommit(uint64_t address, uint64_t bytes)
{
    struct cut place = {0};
    enum vm_status status = cut(address, bytes, &place);
    if (status != VM_OK)
        return status;
    if (!in_one_region(&place))
        return VM_NOT_RESERVED;
    if (place.first->shown)
        return VM_SHARED;
    for (struct page *p = place.first; p < place.end; p++)
        *p = (struct page){.region = p->region};
    return VM_OK;
}

static enum vm_status model_release(uint64_t region)
{
    if (region % FRAME_BYTES || region < FIRST || region >= END ||
        page_at(region)->region != region)
        return VM_NOT_A_REGION;
    struct shown *s = page_at(region)->shown;
    for (struct page *p = pages; p < pages + PAGES; p++)
        if (p->region == region)
            *p = (struct page){0};
    if (s && --s->views == 0)
        *s = (struct shown){0};
    return VM_OK;
}

static enum vm_fault model_touch(struct page *p, enum vm_access access)
{
    static const uint32_t needs[] = {VM_READ, VM_WRITE, VM_EXECUTE};
    bool writes = access == VM_FOR_WRITE;
    if (!p->region)
        return VM_FAULT_FREE;
    if (!p->committed)
        return VM_FAULT_RESERVED;
    if (p->protection & VM_GUARD) {
        p->protection &= ~VM_GUARD;
        return VM_FAULT_GUARD;
    }
    if (!(p->protection & needs[access]))
        return VM_FAULT_PROTECTION;
    bool backed = p->backed;
    p->backed = true;
    if (p->shown && p->copies && writes && !p->owned) {
        p->owned = true;
        p->content = p->shown->content[index_in_section(p)];
        return VM_FAULT_COPY;
    }
    if (!p->shown)
        p->owned = true;
    return backed ? VM_FAULT_NONE : VM_FAULT_DEMAND_ZERO;
}

static uint8_t *model_content(struct page *p)
{
    return p->owned ? &p->content : &p->shown->content[index_in_section(p)];
}
