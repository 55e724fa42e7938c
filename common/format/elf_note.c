/* PT_NOTE program headers: the request that makes an ELF file a kernel for Lintel. */
#include "common/format/elf_parts.h"
#include "common/lib/mem.h"

#define STACK_MAX (16 * MIB)

/* Notes are padded to 4 bytes on x86-64 whatever p_align says; the one kind that is padded to 8,
 * .note.gnu.property, has sizes for which both rules agree. */
#define NOTE_ALIGNMENT 4

static enum err check_request(const struct lintel_request *request, const char *name)
{
    if (request->flags & ~LINTEL_REQUEST_FLAGS_KNOWN)
        return fail(ERR_UNSUPPORTED, "%s: Lintel note: flags %Xh are not known to this Lintel",
                    name, request->flags & ~LINTEL_REQUEST_FLAGS_KNOWN);
    if (request->stack_bytes > STACK_MAX)
        return fail(ERR_UNSUPPORTED, "%s: Lintel note: stack_bytes %lu is more than 16 MiB", name,
                    request->stack_bytes);
    if (request->paging_levels != 0 && request->paging_levels != 4 && request->paging_levels != 5)
        return fail(ERR_UNSUPPORTED, "%s: Lintel note: paging_levels is %u, not 0, 4 or 5", name,
                    request->paging_levels);
    if (request->reserved != 0)
        return fail(ERR_FORMAT, "%s: Lintel note: reserved is %Xh, not 0", name, request->reserved);
    return OK;
}

static enum err take_request(struct elf *elf, const uint8_t *descriptor, uint64_t bytes)
{
    const char *name = elf->source->name;
    struct lintel_request request;

    if (elf->has_request)
        return fail(ERR_FORMAT, "%s has two Lintel notes: LINTEL_REQUEST may stand only once",
                    name);
    if (bytes < sizeof request.abi_version)
        return fail(ERR_FORMAT, "%s: Lintel note: n_descsz is %lu, not %lu", name, bytes,
                    sizeof request);

    uint32_t abi_version = load32(descriptor);
    if (abi_version > LINTEL_ABI_VERSION)
        return fail(ERR_UNSUPPORTED,
                    "%s: Lintel note: abi_version is %u, this Lintel has %u: install a newer one",
                    name, abi_version, LINTEL_ABI_VERSION);
    if (abi_version == 0)
        return fail(ERR_FORMAT, "%s: Lintel note: abi_version is 0, not %u", name,
                    LINTEL_ABI_VERSION);
    if (bytes != sizeof request)
        return fail(ERR_FORMAT, "%s: Lintel note: n_descsz is %lu, not %lu", name, bytes,
                    sizeof request);

    memcpy(&request, descriptor, sizeof request);
    TRY(check_request(&request, name));
    elf->request = request;
    elf->has_request = true;
    return OK;
}

static bool is_request(const struct elf_note *header, const uint8_t *name)
{
    return header->n_type == LINTEL_NOTE_REQUEST && header->n_namesz == sizeof LINTEL_NOTE_NAME &&
           memcmp(name, LINTEL_NOTE_NAME, sizeof LINTEL_NOTE_NAME) == 0;
}

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

static enum err read_notes(struct elf *elf, struct notes notes)
{
    bool found;

    TRY(next_note(&notes, &found));
    while (found) {
        if (is_request(&notes.header, notes.name))
            TRY(take_request(elf, notes.descriptor, notes.header.n_descsz));
        TRY(next_note(&notes, &found));
    }
    return OK;
}

static bool holds_request(struct notes notes)
{
    bool found;

    while (next_note(&notes, &found) == OK && found)
        if (is_request(&notes.header, notes.name))
            return true;
    return false;
}

static enum err open_notes(const struct elf_file *file, uint32_t index, struct notes *notes)
{
    uint8_t *bytes;

    TRY(elf_read_program(file, index, &bytes));
    *notes = (struct notes){
        .file = file->source->name,
        .bytes = bytes,
        .count = file->programs[index].p_filesz,
    };
    return OK;
}

static bool has_notes(const struct elf_program *program)
{
    return program->p_type == PT_NOTE && program->p_filesz != 0;
}

bool elf_finds_request(const struct elf_file *file)
{
    struct notes notes;

    for (uint32_t i = 0; i < file->header.e_phnum; i++)
        if (has_notes(&file->programs[i]) && open_notes(file, i, &notes) == OK &&
            holds_request(notes))
            return true;
    return false;
}

enum err elf_read_request(const struct elf_file *file, struct elf *elf)
{
    struct notes notes;

    for (uint32_t i = 0; i < file->header.e_phnum; i++) {
        if (!has_notes(&file->programs[i]))
            continue;
        TRY(open_notes(file, i, &notes));
        TRY(read_notes(elf, notes));
    }
    return OK;
}
