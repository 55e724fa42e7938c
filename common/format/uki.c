/* Which parts has a unified kernel image in one of its profiles? */
#include "common/format/uki.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"
#include "common/lib/text.h"

#define TEXT_BYTES_MAX (64 * KIB)

/* Each section .profile begins a profile; what stands before the first one belongs to all. */
static uint32_t next_profile(const struct pe *pe, uint32_t from)
{
    const struct pe_section *section = pe_find(pe, ".profile", from, pe->section_count);

    return section ? (uint32_t)(section - pe->sections) : pe->section_count;
}

enum err uki_choose(struct uki *uki, uint32_t profile)
{
    uint32_t count = uki->pe.section_count;

    uki->base_end = uki->profile_first = next_profile(&uki->pe, 0);
    for (uint32_t i = 0; i < profile && uki->profile_first < count; i++)
        uki->profile_first = next_profile(&uki->pe, uki->profile_first + 1);
    if (profile && uki->profile_first == count)
        return fail(ERR_NOT_FOUND, "%s has no profile %u", uki->pe.reader->name, profile);
    uki->profile_end = uki->profile_first < count ? next_profile(&uki->pe, uki->profile_first + 1)
                                                  : uki->profile_first;
    return OK;
}

bool uki_recognise(const struct reader *reader, struct arena *arena)
{
    struct pe pe;

    return pe_recognise(reader) && pe_parse(reader, arena, &pe) == OK &&
           pe_find(&pe, ".linux", 0, pe.section_count);
}

enum err uki_open(const struct reader *reader, uint32_t profile, struct arena *arena,
                  struct uki *uki)
{
    struct uki opened;

    TRY(pe_parse(reader, arena, &opened.pe));
    TRY(pe_check_overlap(&opened.pe));
    TRY(uki_choose(&opened, profile));
    if (!uki_find(&opened, ".linux"))
        return fail(ERR_NOT_FOUND, "%s has no section .linux: it is no unified kernel image",
                    reader->name);
    *uki = opened;
    return OK;
}

const struct pe_section *uki_find(const struct uki *uki, const char *name)
{
    const struct pe_section *section =
        pe_find(&uki->pe, name, uki->profile_first, uki->profile_end);

    return section ? section : pe_find(&uki->pe, name, 0, uki->base_end);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

static bool is_twice(const struct pe *pe, const char *name, uint32_t from, uint32_t to)
{
    const struct pe_section *first = pe_find(pe, name, from, to);

    return first && pe_find(pe, name, (uint32_t)(first - pe->sections) + 1, to);
}

const char *uki_find_twice(const struct uki *uki)
{
    static const char *const once[] = {".linux", ".initrd", ".ucode", ".cmdline", ".osrel",
                                       ".uname", ".splash", ".dtb",   ".sbat",    ".pcrsig"};

    for (uint32_t i = 0; i < ARRAY_LENGTH(once); i++)
        if (is_twice(&uki->pe, once[i], 0, uki->base_end) ||
            is_twice(&uki->pe, once[i], uki->profile_first, uki->profile_end))
            return once[i];
    return NULL;
}

enum err uki_text(const struct uki *uki, const char *name, struct arena *arena, char **text)
{
    const struct pe_section *section = uki_find(uki, name);
    uint64_t bytes = section ? section->content_bytes : 0;

    if (bytes > TEXT_BYTES_MAX)
        return fail(ERR_FORMAT, "%s: its section %s has %lu bytes of text, more than %lu",
                    uki->pe.reader->name, name, bytes, TEXT_BYTES_MAX);
    TRY(arena_take(arena, bytes + 1, (void **)text));
    if (bytes)
        TRY(reader_read(uki->pe.reader, section->file_offset, bytes, *text));
    if (text_is_utf16(*text, bytes))
        return fail(ERR_FORMAT, "%s: its section %s is UTF-16 text: make it again with UTF-8",
                    uki->pe.reader->name, name);
    while (bytes && is_blank((*text)[bytes - 1]))
        (*text)[--bytes] = '\0';
    return OK;
}

/* systemd's stub turns all that are not printed into blanks, and drops those at the start. */
enum err uki_command_line(const struct uki *uki, struct arena *arena, char **text)
{
    TRY(uki_text(uki, ".cmdline", arena, text));
    for (char *c = *text; *c; c++)
        if ((uint8_t)*c < ' ')
            *c = ' ';
    while (**text == ' ')
        ++*text;
    for (char *end = *text + strlen(*text); end > *text && end[-1] == ' ';)
        *--end = '\0';
    return OK;
}

enum err uki_part(const struct uki *uki, const struct pe_section *section, struct arena *arena,
                  struct reader_part *part)
{
    uint64_t bytes = strlen(uki->pe.reader->name) + sizeof " ()" + PE_NAME_BYTES;
    char *name;

    TRY(arena_take(arena, bytes, (void **)&name));
    fmt(name, bytes, "%s (%s)", uki->pe.reader->name, section->name);
    return reader_cut(uki->pe.reader, name, section->file_offset, section->content_bytes, part);
}
