#include "spans.h"

static uint8_t level_of(const struct span *span)
{
    return span ? span->level : 0;
}

/* A red node on the left turns to the right. */
static struct span *skew(struct span *top)
{
    struct span *left = top->left;
    if (level_of(left) != top->level)
        return top;
    top->left = left->right;
    left->right = top;
    return left;
}

/* Two red nodes in a row on the right: the middle one moves up. */
static struct span *split(struct span *top)
{
    struct span *right = top->right;
    if (!right || level_of(right->right) != top->level)
        return top;
    top->right = right->left;
    right->left = top;
    right->level++;
    return right;
}

/* The depth of these is twice the logarithm of the count at most. */
static struct span *insert(struct span *top, struct span *span)
{
    if (!top)
        return span;
    if (span->first < top->first)
        top->left = insert(top->left, span);
    else
        top->right = insert(top->right, span);
    return split(skew(top));
}

static struct span *lower(struct span *top)
{
    uint8_t below =
        level_of(top->left) < level_of(top->right) ? level_of(top->left) : level_of(top->right);
    if (top->level <= below + 1)
        return top;
    top->level = below + 1;
    if (level_of(top->right) > top->level)
        top->right->level = top->level;
    return top;
}

static struct span *rebalance(struct span *top)
{
    top = skew(lower(top));
    if (top->right) {
        top->right = skew(top->right);
        if (top->right->right)
            top->right->right = skew(top->right->right);
    }
    top = split(top);
    if (top->right)
        top->right = split(top->right);
    return top;
}

static struct span *cut_first(struct span *top, struct span **first)
{
    if (!top->left) {
        *first = top;
        return top->right;
    }
    top->left = cut_first(top->left, first);
    return rebalance(top);
}

static struct span *cut(struct span *top, const struct span *span)
{
    if (span->first < top->first) {
        top->left = cut(top->left, span);
    } else if (span->first > top->first) {
        top->right = cut(top->right, span);
    } else if (!top->right) {
        return top->left;
    } else {
        struct span *heir, *right = cut_first(top->right, &heir);
        heir->left = top->left;
        heir->right = right;
        heir->level = top->level;
        top = heir;
    }
    return rebalance(top);
}

struct span *spans_find(const struct spans *spans, uint64_t address)
{
    struct span *best = NULL;
    for (struct span *span = spans->root; span;)
        if (span->end > address) {
            best = span;
            span = span->left;
        } else {
            span = span->right;
        }
    return best;
}

struct span *spans_before(const struct spans *spans, uint64_t address)
{
    struct span *best = NULL;
    for (struct span *span = spans->root; span;)
        if (span->first < address) {
            best = span;
            span = span->right;
        } else {
            span = span->left;
        }
    return best;
}

void spans_insert(struct spans *spans, struct span *span)
{
    span->level = 1;
    span->left = span->right = NULL;
    spans->root = insert(spans->root, span);
    spans->count++;
}

void spans_remove(struct spans *spans, struct span *span)
{
    spans->root = cut(spans->root, span);
    spans->count--;
    heap_give(spans->heap, span);
}

static bool is_sound(const struct span *span, uint64_t low, uint64_t high, uint64_t *count)
{
    if (!span)
        return true;
    ++*count;
    return span->first >= low && span->first < span->end && span->end <= high &&
           level_of(span->left) == span->level - 1 &&
           (level_of(span->right) == span->level || level_of(span->right) == span->level - 1) &&
           (!span->right || level_of(span->right->right) < span->level) &&
           is_sound(span->left, low, span->first, count) &&
           is_sound(span->right, span->end, high, count);
}

bool spans_are_sound(const struct spans *spans)
{
    uint64_t count = 0;
    return is_sound(spans->root, 0, UINT64_MAX, &count) && count == spans->count;
}
