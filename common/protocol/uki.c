/* How is a unified kernel image booted? (UAPI.5) */
#include "common/format/uki.h"
#include "common/lib/fmt.h"
#include "common/lib/log.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"
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

/* Versions of systemd's stub differ in which one they take. */
static void say_twice(const struct uki *uki, const char *counts)
{
    const char *name = uki_find_twice(uki);

    if (name)
        say("%s has more than one section %s: %s\n", uki->pe.reader->name, name, counts);
}

/* The stub joins what it is offered with its own initrds. */
static enum err offer_extras(struct attempt *attempt)
{
    struct arena *arena = &attempt->machine->arena;
    struct linux_boot *boot;

    TRY(ARENA_TAKE(arena, 1, &boot));
    TRY(ARENA_TAKE(arena, linux_count_initrds(attempt->entry), &boot->initrds));
    TRY(linux_open_initrds(attempt, boot));
    return linux_offer_initrd(attempt, boot, 0);
}

/* On UEFI the image's own stub starts it. */
static enum err wish_for_stub(struct attempt *attempt)
{
    const struct entry *entry = attempt->entry;
    struct arena *arena = &attempt->machine->arena;
    uint32_t profile = profile_of(entry);
    char *options = entry->options;
    struct uki uki;

    if (entry->initrds)
        return fail(ERR_UNSUPPORTED,
                    "a unified kernel image has its own initrd: UEFI starts it without `initrd`");
    TRY(uki_open(&attempt->kernel.reader, profile, arena, &uki));
    say_twice(&uki, "its stub takes one of them");
    if (profile) /* stubs of images without profiles would take it for the command line */
        TRY(join_options(entry, arena, &options));
    TRY(efi_check(attempt));
    TRY(efi_wish(attempt, options, 1));
    return entry->extras ? offer_extras(attempt) : OK;
}

/* ---- BIOS ------------------------------------------------------------------------------------ */

static enum err cut_section(const struct uki *uki, const char *name, struct arena *arena,
                            const struct reader **reader)
{
    const struct pe_section *section = uki_find(uki, name);
    struct reader_part *part;

    *reader = NULL;
    if (!section || !section->content_bytes)
        return OK;
    TRY(ARENA_TAKE(arena, 1, &part));
    TRY(uki_part(uki, section, arena, part));
    *reader = &part->reader;
    return OK;
}

/* Microcode is looked for at the beginning of the initial file system. */
static enum err add_initrds(struct attempt *attempt, const struct uki *uki, struct linux_boot *boot)
{
    static const char *const names[] = {".ucode", ".initrd"};

    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        const struct reader *reader;
        TRY(cut_section(uki, names[i], &attempt->machine->arena, &reader));
        if (reader)
            boot->initrds[boot->initrd_count++] = reader;
    }
    return linux_open_initrds(attempt, boot);
}

/* What a Linux entry names stands in the image's sections. */
static enum err wish_for_sections(struct attempt *attempt)
{
    const struct entry *entry = attempt->entry;
    struct arena *arena = &attempt->machine->arena;
    const struct reader *kernel;
    struct linux_boot *boot;
    char *command_line;
    struct uki uki;

    TRY(uki_open(&attempt->kernel.reader, profile_of(entry), arena, &uki));
    say_twice(&uki, "the first one counts");
    TRY(cut_section(&uki, ".linux", arena, &kernel));
    if (!kernel)
        return fail(ERR_FORMAT, "%s: its section .linux is empty", attempt->kernel.reader.name);
    TRY(uki_command_line(&uki, arena, &command_line));
    TRY(linux_begin(attempt, kernel, *entry->options ? entry->options : command_line,
                    2 + linux_count_initrds(entry), &boot));
    TRY(add_initrds(attempt, &uki, boot));
    return linux_wish(attempt, boot);
}

static enum err open(struct attempt *attempt)
{
    return attempt->machine->firmware->start ? wish_for_stub(attempt) : wish_for_sections(attempt);
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool is_uki(const struct candidate *file)
{
    return uki_recognise(file->reader, file->arena);
}

static const char *or_none(const char *text)
{
    return *text ? text : "none";
}

/* The list has the last one first. */
static void describe_profiles(const struct entry_item *item, protocol_print *print)
{
    const struct entry *entry = &item->entry;

    if (item->next)
        describe_profiles(item->next, print);
    print("title %s, version %s, sort key %s", entry->title, or_none(entry->version),
          or_none(entry->sort_key));
    print("options %s", or_none(entry_options(entry)));
}

static enum err describe(const struct attempt *attempt, protocol_print *print)
{
    const struct reader *kernel = &attempt->kernel.reader;
    struct arena *arena = &attempt->machine->arena;
    struct entry_item *entries = NULL;
    struct uki uki;

    TRY(uki_open(kernel, 0, arena, &uki));
    TRY(entries_from_uki(kernel->name, kernel->name, kernel, arena, &entries));
    describe_profiles(entries, print);
    for (uint32_t i = 0; i < uki.pe.section_count; i++)
        print("%-8s %u bytes", uki.pe.sections[i].name, uki.pe.sections[i].content_bytes);
    print("on UEFI its own stub starts it; BIOS boots its sections by the key `kernel`, or with");
    print("`uki-on-bios yes` in loader.conf");
    return OK;
}

const struct protocol protocol_uki = {
    .key = "uki",
    .takes_extras = true,
    .name = "a unified kernel image",
    .refuses = PROTOCOL_NO_MODULES,
    .recognise = is_uki,
    .hooks = {.open = open, .starts_programs = true, .finish = linux_finish, .build = linux_build},
    .describe = describe,
};
