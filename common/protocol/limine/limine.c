/* How does a Limine kernel want to be booted? */
#include "common/protocol/limine/limine.h"
#include "common/format/elf_format.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/protocol/protocol.h"

#define SCAN_BYTES (64 * KIB)

/* ---- recognition ----------------------------------------------------------------------------- */

static bool holds_magic(const uint8_t *bytes, uint64_t count)
{
    for (uint64_t at = 0; at + 16 <= count; at += 8)
        if (limine_is_magic(bytes + at))
            return true;
    return false;
}

/* What is loaded of a file ends here: symbols, and much that is for a debugger, lie behind. */
static uint64_t find_end(const struct candidate *file)
{
    struct elf_header header;
    struct elf_program program;
    uint64_t end = 0, segment_end;

    memcpy(&header, file->head, sizeof header);
    for (uint64_t i = 0; i < header.e_phnum; i++) {
        uint64_t at = i * sizeof program;
        if (header.e_phoff > file->head_bytes ||
            at + sizeof program > file->head_bytes - header.e_phoff)
            return file->reader->bytes;
        memcpy(&program, file->head + header.e_phoff + at, sizeof program);
        if (program.p_type == PT_LOAD &&
            !add_wraps(program.p_offset, program.p_filesz, &segment_end))
            end = MAX(end, segment_end);
    }
    return MIN(end, file->reader->bytes);
}

/* In the file as in the image, which lie alike but for whole pages. Parts overlap by one word. */
static bool scan_file(const struct reader *reader, uint64_t end, uint8_t *part, uint64_t part_bytes)
{
    for (uint64_t at = 0; at < end; at += part_bytes - 8) {
        uint64_t bytes = MIN(part_bytes, end - at);
        if (reader_read(reader, at, bytes, part) != OK)
            return false;
        if (holds_magic(part, bytes))
            return true;
        if (bytes < part_bytes)
            break;
    }
    return false;
}

static bool is_limine(const struct candidate *file)
{
    const struct reader *reader = file->reader;
    uint64_t bytes = reader->whole ? align_up(reader->bytes, 8) + 16 : SCAN_BYTES;
    struct arena_mark mark = arena_mark(file->arena);
    uint8_t *part;

    if (!elf_recognise(file->head, file->head_bytes) ||
        file->head_bytes < sizeof(struct elf_header) || file->head[EI_CLASS] != ELFCLASS64 ||
        arena_take(file->arena, bytes, (void **)&part) != OK)
        return false;
    bool found = scan_file(reader, find_end(file), part, bytes);
    arena_reset(file->arena, mark);
    return found;
}

/* ---- the kernel ------------------------------------------------------------------------------ */

/* Requests can only be read in an image that is loaded and relocated, and the plan needs them: so
 * it is loaded twice, from memory. */
static enum err read_kernel(struct limine *limine)
{
    const struct reader *reader = &limine->attempt->kernel.reader;
    struct arena *arena = &limine->attempt->machine->arena;
    uint8_t *file, *image;

    TRY(arena_take(arena, reader->bytes + 1, (void **)&file));
    TRY(reader_read(reader, 0, reader->bytes, file));
    limine->memory = reader_from_memory(reader->name, file, reader->bytes);
    TRY(elf_parse_mixed(&limine->memory, arena, &limine->elf));
    TRY(arena_take(arena, limine->elf.end - limine->elf.first, (void **)&image));
    TRY(elf_load(&limine->elf, image, 0));
    limine->image = (struct limine_image){.elf = &limine->elf, .bytes = image, .file = file};
    return limine_find(&limine->image);
}

enum err limine_parse(struct limine *limine)
{
    struct attempt *attempt = limine->attempt;
    uint64_t revision;

    TRY(read_kernel(limine));
    TRY(limine_read_wishes(&limine->image, &attempt->wishes, &limine->entry));
    revision = limine->image.base_revision;
    limine->space = limine_space_rules(revision);
    limine->cpu_rules = limine_cpu_rules(revision);
    attempt->wishes.space = &limine->space;
    attempt->cpu_rules = &limine->cpu_rules;
    note("Limine kernel, base revision %lu\n", revision);
    return OK;
}

static enum err wish_for_files(struct limine *limine)
{
    TRY(upper_half_begin(limine->attempt, &limine->elf, limine->file_count));
    for (uint64_t i = 0; i < limine->file_count; i++) {
        const struct reader *reader = &limine->files[i].file.reader;
        const char *name = i < limine->module_count ? reader->name : "executable file";
        TRY(upper_half_add_module(limine->attempt, name, reader));
    }
    return OK;
}

/* Kept: the firmware's own may be gone when it is built in for good. */
static enum err read_event_log(struct limine *limine)
{
    struct machine *machine = limine->attempt->machine;
    struct event_log log;
    uint8_t *copy;

    if (!limine_has(limine, LIMINE_EVENT_LOG) || !machine->firmware->event_log)
        return OK;
    if (machine->firmware->event_log(&log) != OK) {
        note("no TPM event log: %s\n", err_message());
        return OK;
    }
    TRY(arena_take(&machine->arena, log.bytes, (void **)&copy));
    memcpy(copy, log.events, log.bytes);
    limine->event_log = (struct event_log){log.format, copy, log.bytes};
    return OK;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static enum err open(struct attempt *attempt)
{
    struct limine *limine;

    TRY(ARENA_TAKE(&attempt->machine->arena, 1, &limine));
    attempt->protocol = limine;
    limine->attempt = attempt;
    TRY(limine_parse(limine));
    TRY(limine_open_files(limine));
    TRY(wish_for_files(limine));
    TRY(read_event_log(limine));
    return limine_list_cpus(limine);
}

static enum err finish(struct attempt *attempt)
{
    const struct limine *limine = attempt->protocol;

    TRY(upper_half_finish(attempt, limine->entry));
    return limine_check_hashes(limine);
}

const struct protocol protocol_limine = {
    .key = "limine",
    .name = "a Limine kernel",
    .refuses = PROTOCOL_NO_INITRDS,
    .advice = ": its files are `module`",
    .recognise = is_limine,
    .hooks =
        {
            .open = open,
            .amend_map = limine_amend_map,
            .amended_ranges = 2 * LIMINE_FIRMWARE_RANGES,
            .finish = finish,
            .build = limine_build,
            .fill_mailbox = limine_fill_mailbox,
            .tell_cpus = limine_tell_cpus,
            .settle = limine_settle,
        },
};
