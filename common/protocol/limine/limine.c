/* The steps of booting a Limine kernel, up to the job that it is then. */
#include "common/protocol/limine/limine.h"
#include "common/format/elf_format.h"
#include "common/hw/cpu.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"

#define SCAN_BYTES (64 * KIB)

/* ---- recognition ----------------------------------------------------------------------------- */

static bool holds_magic(const uint8_t *bytes, uint64_t count)
{
    for (uint64_t at = 0; at + 16 <= count; at += 8)
        if (limine_is_magic(bytes + at))
            return true;
    return false;
}

/* In the file as in the image, which lie alike but for whole pages. Parts overlap by one word. */
static bool scan_file(const struct source *source, uint8_t *part, uint64_t part_bytes)
{
    for (uint64_t at = 0; at < source->bytes; at += part_bytes - 8) {
        uint64_t bytes = MIN(part_bytes, source->bytes - at);
        if (source_read(source, at, bytes, part) != OK)
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
    const struct source *source = file->source;
    uint64_t bytes = source->whole ? align_up(source->bytes, 8) + 16 : SCAN_BYTES;
    struct arena_mark mark = arena_mark(file->arena);
    uint8_t *part;

    if (!elf_recognise(file->head, file->head_bytes) ||
        file->head_bytes < sizeof(struct elf_header) || file->head[EI_CLASS] != ELFCLASS64 ||
        arena_take(file->arena, bytes, (void **)&part) != OK)
        return false;
    bool found = scan_file(source, part, bytes);
    arena_reset(file->arena, mark);
    return found;
}

/* ---- the kernel ------------------------------------------------------------------------------ */

/* Requests can only be read in an image that is loaded and relocated, and the plan needs them: so
 * it is loaded twice, from memory. */
static enum err read_kernel(struct limine *limine, const struct source *source)
{
    struct job *job = &limine->job;
    struct arena *arena = &job->boot->machine.arena;
    uint8_t *file, *image;

    TRY(arena_take(arena, source->bytes + 1, (void **)&file));
    TRY(source_read(source, 0, source->bytes, file));
    limine->memory = source_from_memory(source->name, file, source->bytes);
    TRY(elf_parse_mixed(&limine->memory, arena, &job->kernel));
    TRY(arena_take(arena, job->kernel.end - job->kernel.first, (void **)&image));
    TRY(elf_load(&job->kernel, image, 0));
    limine->image = (struct limine_image){.elf = &job->kernel, .bytes = image, .file = file};
    return limine_find(&limine->image);
}

static enum err read_wishes(struct limine *limine)
{
    struct elf *kernel = &limine->job.kernel;
    TRY(limine_read_wishes(&limine->image, &kernel->request, &kernel->entry));
    limine_make_rules(&limine->rules, limine->image.base_revision);
    limine->job.rules = &limine->rules;
    note("Limine kernel, base revision %lu\n", limine->image.base_revision);
    return OK;
}

enum err limine_parse(struct limine *limine, const struct source *kernel)
{
    TRY(read_kernel(limine, kernel));
    TRY(read_wishes(limine));
    return job_parse_resident(&limine->job);
}

static enum err open_modules(struct limine *limine)
{
    struct entry_file *list;
    TRY(limine_list_modules(limine, &list));
    TRY(job_open_modules(&limine->job, list));
    if (limine->executable_place != LIMINE_NONE)
        limine->job.modules[limine->executable_place].source = limine->memory;
    return limine_unpack_modules(limine);
}

/* Kept: the firmware's own may be gone when it is built in for good. */
static enum err read_event_log(struct limine *limine)
{
    const struct firmware *firmware = limine->job.boot->machine.firmware;
    struct event_log log;
    uint8_t *copy;
    if (!limine_has(limine, LIMINE_EVENT_LOG) || !firmware->event_log)
        return OK;
    if (firmware->event_log(&log) != OK) {
        note("no TPM event log: %s\n", err_message());
        return OK;
    }
    TRY(arena_take(&limine->job.boot->machine.arena, log.bytes, (void **)&copy));
    memcpy(copy, log.events, log.bytes);
    limine->event_log = (struct event_log){log.format, copy, log.bytes};
    return OK;
}

static enum err boot_limine(struct boot *boot, const struct entry *entry, const struct file *kernel)
{
    struct limine *limine;

    TRY(ARENA_TAKE(&boot->machine.arena, 1, &limine));
    limine->job.boot = boot;
    limine->job.entry = entry;
    limine->job.volume = kernel->fs->volume;
    limine->file = kernel;
    cpu_entropy(&boot->machine.facts->cpu, limine->job.entropy);
    TRY(limine_parse(limine, &kernel->source));
    TRY(open_modules(limine));
    TRY(read_event_log(limine));
    TRY(limine_list_cpus(limine));
    return job_carry_out(&limine->job);
}

const struct protocol protocol_limine = {
    .key = "limine",
    .name = "a Limine kernel",
    .refuses = PROTOCOL_NO_INITRDS,
    .advice = ": its files are `module`",
    .recognise = is_limine,
    .boot = boot_limine,
};
