/* Does an ELF file have a note (PT_NOTE) of some kind, and what does it say? */
#include "common/format/elf_parts.h"
#include "common/lib/mem.h"

/* Notes are padded to 4 bytes on x86-64 whatever p_align says; the one kind that is padded to 8,
 * .note.gnu.property, has sizes for which both rules agree. */
#define NOTE_ALIGNMENT 4

/* The notes of one segment, one after the other. */
struct notes {
    const char *file; /* its name */
    const uint8_t *bytes;
    uint64_t count, next; /* in bytes */
    struct elf_note header;
    const uint8_t *name, *descriptor; /* of the note at hand */
};

/* Moves to the next note; *found is false behind the last one. */
static enum err next_note(struct notes *notes, bool *found)
{
    struct elf_note *header = &notes->header;

    *found = false;
    while (notes->count - notes->next >= sizeof *header && !*found) {
        memcpy(header, notes->bytes + notes->next, sizeof *header);
        if (header->n_namesz == 0) { /* zeros with which a linker aligned the next note */
            notes->next += NOTE_ALIGNMENT;
            continue;
        }

        /* Three 32-bit sizes cannot wrap 64 bits. */
        uint64_t name = notes->next + sizeof *header;
        uint64_t descriptor = align_up(name + header->n_namesz, NOTE_ALIGNMENT);
        uint64_t end = descriptor + header->n_descsz;

        if (end > notes->count)
            return fail(ERR_FORMAT,
                        "%s: a note with n_namesz %Xh and n_descsz %Xh passes the end of its "
                        "segment",
                        notes->file, header->n_namesz, header->n_descsz);
        notes->name = notes->bytes + name;
        notes->descriptor = notes->bytes + descriptor;
        notes->next = MIN(align_up(end, NOTE_ALIGNMENT), notes->count);
        *found = true;
    }
    return OK;
}

static bool matches(const struct notes *notes, const struct elf_note_kind *kind)
{
    uint64_t bytes = strlen(kind->name) + 1;

    return notes->header.n_type == kind->type && notes->header.n_namesz == bytes &&
           memcmp(notes->name, kind->name, bytes) == 0;
}

static enum err search(struct notes notes, const struct elf_note_kind *kind,
                       struct elf_notes_found *found)
{
    bool more;

    TRY(next_note(&notes, &more));
    while (more) {
        if (matches(&notes, kind) && !found->count++) {
            found->descriptor = notes.descriptor;
            found->bytes = notes.header.n_descsz;
        }
        TRY(next_note(&notes, &more));
    }
    return OK;
}

static enum err search_program(struct elf_file *file, uint32_t index,
                               const struct elf_note_kind *kind, struct elf_notes_found *found)
{
    uint8_t *bytes;

    if (file->programs[index].p_type != PT_NOTE || !file->programs[index].p_filesz)
        return OK;
    TRY(elf_read_program(file, index, &bytes));
    return search((struct notes){.file = file->reader->name,
                                 .bytes = bytes,
                                 .count = file->programs[index].p_filesz},
                  kind, found);
}

enum err elf_find_notes(const struct reader *reader, struct arena *arena,
                        const struct elf_note_kind *kind, struct elf_notes_found *found)
{
    struct elf_file file = {.reader = reader, .arena = arena};
    enum err first = OK;

    *found = (struct elf_notes_found){0};
    TRY(elf_open(&file));
    for (uint32_t i = 0; i < file.header.e_phnum; i++) {
        enum err err = search_program(&file, i, kind, found);
        first = first == OK ? err : first;
    }
    return first;
}

/* ---- notes that no program header shows ------------------------------------------------------ */

#define SECTION_BYTES 512 /* are searched of each */

static enum err search_section(struct elf_file *file, const struct elf_section *section,
                               const struct elf_note_kind *kind, struct elf_notes_found *found)
{
    uint8_t bytes[SECTION_BYTES];
    uint64_t count = MIN(section->sh_size, sizeof bytes);

    if (section->sh_type != SHT_NOTE && section->sh_type != SHT_PROGBITS)
        return OK;
    TRY(reader_read(file->reader, section->sh_offset, count, bytes));
    search((struct notes){.file = file->reader->name, .bytes = bytes, .count = count}, kind, found);
    return OK;
}

bool elf_has_loose_note(const struct reader *reader, struct arena *arena,
                        const struct elf_note_kind *kind)
{
    struct elf_file file = {.reader = reader, .arena = arena};
    struct elf_notes_found found = {0};
    struct elf_section *sections;
    uint32_t count;

    if (elf_open(&file) != OK || elf_read_sections(&file, &sections, &count) != OK)
        return false;
    for (uint32_t i = 0; i < count && !found.count; i++)
        if (search_section(&file, &sections[i], kind, &found) != OK)
            return false;
    return found.count;
}
