/* PT_LOAD program headers: what lies where, and with which permissions. */
#include "common/format/elf_parts.h"
#include "common/lib/mem.h"

/* `end` and page-rounded ends must be expressible, so the last page stays free. */
#define ADDRESS_END (~(PAGE_BYTES - 1))

static enum err check_memory_range(const struct elf_file *file, uint32_t index)
{
    const struct elf_program *program = &file->programs[index];
    uint64_t end;

    if (add_wraps(program->p_vaddr, program->p_memsz, &end) || end > ADDRESS_END)
        return fail(ERR_FORMAT,
                    "%s: program header %u: p_vaddr %lXh + p_memsz %lXh reach the last page of the "
                    "address space",
                    file->reader->name, index, program->p_vaddr, program->p_memsz);
    if (program->p_align && !is_power_of_two(program->p_align))
        return fail(ERR_FORMAT, "%s: program header %u: p_align %lXh is not a power of two",
                    file->reader->name, index, program->p_align);
    if (program->p_align > GIB)
        return fail(ERR_UNSUPPORTED, "%s: program header %u: p_align %lXh is more than 1 GiB",
                    file->reader->name, index, program->p_align);
    if (program->p_flags & PF_W && program->p_flags & PF_X && !file->mixed)
        return fail(ERR_UNSUPPORTED,
                    "%s: program header %u: the segment at %lXh is writable and executable: give "
                    "code and data a segment each",
                    file->reader->name, index, program->p_vaddr);
    return OK;
}

/* Keeps the segments sorted by address: linkers write them so, files need not. */
static void insert_segment(struct elf *elf, struct elf_segment segment)
{
    uint32_t i = elf->segment_count++;

    for (; i > 0 && elf->segments[i - 1].virtual > segment.virtual; i--)
        elf->segments[i] = elf->segments[i - 1];
    elf->segments[i] = segment;
}

static enum err add_segment(const struct elf_file *file, uint32_t index, struct elf *elf)
{
    const struct elf_program *program = &file->programs[index];

    if (program->p_filesz > program->p_memsz)
        return fail(ERR_FORMAT, "%s: program header %u: p_filesz %lXh is more than p_memsz %lXh",
                    file->reader->name, index, program->p_filesz, program->p_memsz);
    TRY(elf_check_file_range(file, index));
    if (program->p_memsz == 0) /* ld leaves these behind for sections that came out empty */
        return OK;
    TRY(check_memory_range(file, index));
    elf->alignment = MAX(elf->alignment, program->p_align);
    insert_segment(elf, (struct elf_segment){
                            .virtual = program->p_vaddr,
                            .physical = program->p_paddr,
                            .file_offset = program->p_offset,
                            .file_bytes = program->p_filesz,
                            .memory_bytes = program->p_memsz,
                            .flags = (program->p_flags & PF_W ? MAP_WRITE : 0) |
                                     (program->p_flags & PF_X ? MAP_EXECUTE : 0),
                        });
    return OK;
}

static uint64_t segment_end(const struct elf_segment *segment)
{
    return segment->virtual + segment->memory_bytes;
}

static enum err refuse_overlaps(const struct elf *elf)
{
    for (uint32_t i = 1; i < elf->segment_count; i++)
        if (segment_end(&elf->segments[i - 1]) > elf->segments[i].virtual)
            return fail(ERR_FORMAT, "%s: the segments at %lXh and %lXh overlap", elf->reader->name,
                        elf->segments[i - 1].virtual, elf->segments[i].virtual);
    return OK;
}

static struct elf_pages *last_pages(const struct elf *elf)
{
    return elf->pages_count ? &elf->pages[elf->pages_count - 1] : NULL;
}

/* Appends pages behind the last range, or lengthens that when it touches and agrees. */
static void append_pages(struct elf *elf, uint64_t first, uint64_t end, uint32_t flags)
{
    struct elf_pages *last = last_pages(elf);

    if (first == end)
        return;
    if (last && last->offset + last->bytes == first && last->flags == flags)
        last->bytes += end - first;
    else
        elf->pages[elf->pages_count++] = (struct elf_pages){first, end - first, flags};
}

/* Takes the last page off the last range. */
static void cut_last_page(struct elf *elf)
{
    struct elf_pages *last = last_pages(elf);

    last->bytes -= PAGE_BYTES;
    if (last->bytes == 0)
        elf->pages_count--;
}

/* Segments are sorted and disjoint, so at most one page is shared with what came before. */
static enum err add_pages(struct elf *elf, const struct elf_segment *segment, bool mixed)
{
    uint64_t first = align_down(segment->virtual, PAGE_BYTES) - elf->first;
    uint64_t end = align_up(segment_end(segment), PAGE_BYTES) - elf->first;
    const struct elf_pages *last = last_pages(elf);

    if (last && first < last->offset + last->bytes) {
        uint32_t both = last->flags | segment->flags;

        if (both == (MAP_WRITE | MAP_EXECUTE) && !mixed)
            return fail(ERR_UNSUPPORTED,
                        "%s: the page at %lXh holds both code and writable data: align the "
                        "segment at %lXh to a page",
                        elf->reader->name, elf->first + first, segment->virtual);
        cut_last_page(elf);
        append_pages(elf, first, first + PAGE_BYTES, both);
        first += PAGE_BYTES;
    }
    append_pages(elf, first, end, segment->flags);
    return OK;
}

/* lld warns of an ENTRY that names no symbol, and writes 0: that is nowhere, or the file's header.
 */
enum err elf_check_entry(const struct elf *elf)
{
    const struct elf_segment *segment = elf_segment_at(elf, elf->entry, 1);
    const char *where = NULL;

    if (!segment || !(segment->flags & MAP_EXECUTE))
        where = "in no executable segment";
    else if (elf->entry - segment->virtual + segment->file_offset < sizeof(struct elf_header))
        where = "in the ELF header";
    if (where)
        return fail(ERR_FORMAT,
                    "%s: e_entry %lXh lies %s: does ENTRY in the linker script name a function of "
                    "the kernel?",
                    elf->reader->name, elf->entry, where);
    return OK;
}

enum err elf_read_segments(const struct elf_file *file, struct elf *elf)
{
    TRY(ARENA_TAKE(file->arena, file->header.e_phnum, &elf->segments));
    elf->alignment = PAGE_BYTES;
    for (uint32_t i = 0; i < file->header.e_phnum; i++)
        if (file->programs[i].p_type == PT_LOAD)
            TRY(add_segment(file, i, elf));
    if (elf->segment_count == 0)
        return fail(ERR_FORMAT, "%s: no program header loads anything", file->reader->name);
    TRY(refuse_overlaps(elf));

    elf->first = align_down(elf->segments[0].virtual, PAGE_BYTES);
    elf->end = align_up(segment_end(&elf->segments[elf->segment_count - 1]), PAGE_BYTES);
    TRY(ARENA_TAKE(file->arena, 2 * (uint64_t)elf->segment_count, &elf->pages));
    for (uint32_t i = 0; i < elf->segment_count; i++)
        TRY(add_pages(elf, &elf->segments[i], file->mixed));
    return file->mixed ? OK : elf_check_entry(elf);
}

const struct elf_segment *elf_segment_at(const struct elf *elf, uint64_t virtual, uint64_t bytes)
{
    uint32_t low = 0, high = elf->segment_count;

    while (low < high) { /* the first segment that begins above `virtual` */
        uint32_t middle = low + (high - low) / 2;

        if (elf->segments[middle].virtual <= virtual)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;

    const struct elf_segment *segment = &elf->segments[low - 1];
    uint64_t inside = virtual - segment->virtual;
    bool holds = inside < segment->memory_bytes && bytes <= segment->memory_bytes - inside;
    return holds ? segment : NULL;
}
