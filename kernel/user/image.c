/* Is a file a program, and where do its segments go? */
#include "kernel/user/image.h"

#define TYPE_EXECUTABLE 2
#define MACHINE_X86_64  62
#define SEGMENT_LOAD    1
#define SEGMENT_SYMBOLS 0x6c6e746c /* program.ld */
#define SEGMENT_EXECUTE 1u
#define SEGMENT_WRITE   2u
#define SEGMENTS_MAX    16
#define STACK_BYTES     (64 * UINT64_C(1024))

struct header {
    uint8_t identity[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments_at, sections_at;
    uint32_t flags;
    uint16_t bytes, segment_bytes, segments, section_bytes, sections, names_section;
};

struct segment {
    uint32_t type, flags;
    uint64_t offset, virtual, physical, file_bytes, memory_bytes, alignment;
};

static const struct header *header_of(const struct image *image)
{
    return (const struct header *)image->file;
}

static bool is_inside(const struct image *image, uint64_t offset, uint64_t bytes)
{
    return offset <= image->bytes && bytes <= image->bytes - offset;
}

/* Modules are page-aligned, so that an aligned table can be read in place. */
static const struct segment *segment_at(const struct image *image, unsigned index)
{
    return (const struct segment *)(image->file + header_of(image)->segments_at) + index;
}

/* Modules are page-aligned here, too. */
static const char *check_symbols(struct image *image, const struct segment *segment)
{
    image->symbols = (const struct symbol_table *)(image->file + segment->offset);
    return segment->offset % 8 || symbols_lie(image->symbols, segment->file_bytes)
               ? "its table of symbols is damaged"
               : NULL;
}

static const char *check_segment(struct image *image, const struct segment *segment)
{
    uint64_t end;
    if (segment->type != SEGMENT_LOAD && segment->type != SEGMENT_SYMBOLS)
        return NULL;
    if (!is_inside(image, segment->offset, segment->file_bytes))
        return "a segment lies beyond the end of the file";
    if (segment->file_bytes > segment->memory_bytes ||
        __builtin_add_overflow(segment->virtual, segment->memory_bytes, &end))
        return "a segment's sizes are wrong";
    if ((segment->flags & (SEGMENT_WRITE | SEGMENT_EXECUTE)) == (SEGMENT_WRITE | SEGMENT_EXECUTE))
        return "a segment is writable and executable";
    if (segment->type == SEGMENT_SYMBOLS)
        return check_symbols(image, segment);
    if (segment->flags & SEGMENT_EXECUTE &&
        header_of(image)->entry - segment->virtual < segment->memory_bytes)
        image->entry = header_of(image)->entry;
    return NULL;
}

const char *image_check(struct image *image, const void *file, uint64_t bytes)
{
    *image = (struct image){.file = file, .bytes = bytes};
    const struct header *header = header_of(image);
    static const uint8_t identity[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    if (bytes < sizeof *header || __builtin_memcmp(header, identity, sizeof identity))
        return "not an ELF64 file";
    if (header->type != TYPE_EXECUTABLE || header->machine != MACHINE_X86_64)
        return "not a static program for x86-64";
    if (header->segment_bytes != sizeof(struct segment) || header->segments > SEGMENTS_MAX)
        return "its program headers are strange";
    if (header->segments_at % 8 ||
        !is_inside(image, header->segments_at, header->segments * sizeof(struct segment)))
        return "its program headers lie beyond the end of the file";
    const char *problem = NULL;
    for (unsigned i = 0; i < header->segments && !problem; i++)
        problem = check_segment(image, segment_at(image, i));
    return problem || image->entry ? problem : "its entry point lies outside its code";
}

/* ---- loading --------------------------------------------------------------------------------- */

static const char *explain(enum vm_status status)
{
    return status == VM_OK              ? NULL
           : status == VM_ADDRESS_TAKEN ? "two segments share a page"
           : status == VM_BAD_ADDRESS   ? "a segment lies outside the lower half"
                                        : vm_status_name(status);
}

static const char *load_segment(const struct image *image, const struct segment *segment,
                                struct vm *space)
{
    uint32_t protection = VM_READ | (segment->flags & SEGMENT_WRITE ? VM_WRITE : 0) |
                          (segment->flags & SEGMENT_EXECUTE ? VM_EXECUTE : 0);
    uint64_t at = segment->virtual, bytes = segment->memory_bytes, base;
    if (bytes == 0)
        return NULL;
    enum vm_status status = at ? vm_reserve(space, at, bytes, VM_NO_ACCESS, &base) : VM_BAD_ADDRESS;
    if (status == VM_OK)
        status = vm_commit(space, at, bytes, VM_READ | VM_WRITE);
    void *contents = (uint8_t *)image->file + segment->offset;
    if (status == VM_OK && !vm_copy(space, at, contents, segment->file_bytes, VM_FOR_WRITE))
        status = VM_NO_MEMORY;
    if (status == VM_OK)
        status = vm_protect(space, at, bytes, protection);
    return explain(status);
}

/* The page below the stack stays reserved: an overflow ends there. */
static const char *make_stack(struct image *image, struct vm *space)
{
    uint64_t base;
    enum vm_status status = vm_reserve(space, space->end - STACK_BYTES - FRAME_BYTES,
                                       STACK_BYTES + FRAME_BYTES, VM_NO_ACCESS, &base);
    if (status == VM_OK)
        status = vm_commit(space, base + FRAME_BYTES, STACK_BYTES, VM_READ | VM_WRITE);
    image->stack_top = space->end - 8; /* as behind a call, which pushes a return address */
    return status == VM_ADDRESS_TAKEN ? "a segment lies where the stack goes" : explain(status);
}

const char *image_load(struct image *image, struct vm *space)
{
    const char *problem = NULL;
    for (unsigned i = 0; i < header_of(image)->segments && !problem; i++)
        if (segment_at(image, i)->type == SEGMENT_LOAD)
            problem = load_segment(image, segment_at(image, i), space);
    return problem ? problem : make_stack(image, space);
}
