/* Unified kernel images (UAPI.5): on UEFI their own stub starts them; on BIOS their sections are
 * what a Linux entry names. */
#include "common/lib/text.h"
#include "common/format/uki.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/protocol/efi.h"
#include "common/protocol/linux/linux.h"

/* entry_parse() has checked that it is a number. */
static uint32_t profile_of(const struct entry *entry)
{
    uint64_t number = 0;

    if (entry->profile)
        text_number(entry->profile, &number);
    return (uint32_t)number;
}

/* The stub takes a first word "@2" for the profile to use. */
static enum err join_options(const struct entry *entry, struct arena *arena, char **options)
{
    uint64_t bytes = strlen(entry->profile) + strlen(entry->options) + sizeof "@ ";

    TRY(arena_take(arena, bytes, (void **)options));
    fmt(*options, bytes, "@%s %s", entry->profile, entry->options);
    return OK;
}

static enum err start_stub(struct boot *boot, const struct entry *entry, const struct file *file)
{
    uint32_t profile = profile_of(entry);
    char *options = entry->options;
    struct uki uki;

    if (entry->initrds)
        return fail(ERR_UNSUPPORTED,
                    "entry %s: a unified kernel image has its own initrd: UEFI starts it without "
                    "`initrd`",
                    entry->id);
    TRY(uki_open(&file->source, profile, &boot->machine.arena, &uki));
    if (profile) /* stubs of images without profiles would take it for the command line */
        TRY(join_options(entry, &boot->machine.arena, &options));
    return efi_start(boot, file, options);
}

/* ---- BIOS ------------------------------------------------------------------------------------ */

#define SECTIONS_MAX 3

/* What Linux is given: sections, and the files that the entry adds. */
struct pieces {
    struct source_part sections[SECTIONS_MAX];
    uint64_t section_count;
    const struct source **initrds;
    uint64_t initrd_count;
};

static enum err add_section(const struct uki *uki, const char *name, struct arena *arena,
                            struct pieces *pieces)
{
    const struct pe_section *section = uki_find(uki, name);
    struct source_part *part = &pieces->sections[pieces->section_count];

    if (!section || !section->content_bytes)
        return OK;
    TRY(uki_part(uki, section, arena, part));
    pieces->section_count++;
    pieces->initrds[pieces->initrd_count++] = &part->source;
    return OK;
}

/* Microcode is looked for at the beginning of the initial file system. */
static enum err collect_initrds(struct boot *boot, const struct entry *entry, const struct uki *uki,
                                struct pieces *pieces)
{
    uint64_t most = SECTIONS_MAX + entry_count_files(entry->initrds);

    TRY(ARENA_TAKE(&boot->machine.arena, most, &pieces->initrds));
    TRY(add_section(uki, ".ucode", &boot->machine.arena, pieces));
    TRY(add_section(uki, ".initrd", &boot->machine.arena, pieces));
    for (const struct entry_file *initrd = entry->initrds; initrd; initrd = initrd->next)
        TRY(linux_open_initrd(boot, entry, initrd, &pieces->initrds[pieces->initrd_count++]));
    return OK;
}

static enum err boot_sections(struct boot *boot, const struct entry *entry, const struct file *file)
{
    struct linux_files files = {.options = entry->options};
    struct pieces *pieces;
    struct source_part kernel;
    char *command_line;
    struct uki uki;

    TRY(uki_open(&file->source, profile_of(entry), &boot->machine.arena, &uki));
    TRY(ARENA_TAKE(&boot->machine.arena, 1, &pieces));
    TRY(collect_initrds(boot, entry, &uki, pieces));
    TRY(uki_text(&uki, ".cmdline", &boot->machine.arena, &command_line));
    TRY(uki_part(&uki, uki_find(&uki, ".linux"), &boot->machine.arena, &kernel));
    files.kernel = &kernel.source;
    files.initrds = pieces->initrds;
    files.initrd_count = pieces->initrd_count;
    if (!*entry->options)
        files.options = command_line;
    return linux_boot(boot, &files);
}

static enum err boot_uki(struct boot *boot, const struct entry *entry, const struct file *file)
{
    return boot->machine.firmware->start ? start_stub(boot, entry, file)
                                         : boot_sections(boot, entry, file);
}

static bool is_uki(const struct candidate *file)
{
    return uki_recognise(file->source, file->arena);
}

const struct protocol protocol_uki = {
    .key = "uki",
    .name = "a unified kernel image",
    .refuses = PROTOCOL_NO_MODULES,
    .recognise = is_uki,
    .verifier = VERIFIED_BY_FIRMWARE,
    .boot = boot_uki,
};
