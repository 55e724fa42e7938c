/* What does a Lintel kernel ask for, by the note that makes it one? */
#include "common/lib/mem.h"
#include "common/protocol/lintel/lintel.h"

#define STACK_MAX (16 * MIB)

static const struct elf_note_kind request_note = {LINTEL_NOTE_NAME, LINTEL_NOTE_REQUEST};

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

/* An older or newer ABI may have a note of another size: its version is looked at first. */
static enum err check_version(const struct elf_notes_found *found, const char *name)
{
    uint64_t bytes = sizeof(struct lintel_request);
    uint32_t version = found->bytes < sizeof version ? 0 : load32(found->descriptor);

    if (version > LINTEL_ABI_VERSION)
        return fail(ERR_UNSUPPORTED,
                    "%s: Lintel note: abi_version is %u, this Lintel has %u: install a newer one",
                    name, version, LINTEL_ABI_VERSION);
    if (found->bytes >= sizeof version && version == 0)
        return fail(ERR_FORMAT, "%s: Lintel note: abi_version is 0, not %u", name,
                    LINTEL_ABI_VERSION);
    if (found->bytes != bytes)
        return fail(ERR_FORMAT, "%s: Lintel note: n_descsz is %lu, not %lu", name, found->bytes,
                    bytes);
    return OK;
}

bool lintel_has_note(const struct reader *reader, struct arena *arena)
{
    struct elf_notes_found found;

    elf_find_notes(reader, arena, &request_note, &found);
    return found.count;
}

/* A linker makes the segment for sections of the type "note" only, which NASM gives to none by
 * itself, and leaves it to a script that has PHDRS. */
enum err lintel_explain_note(const struct reader *reader, struct arena *arena)
{
    if (!elf_has_loose_note(reader, arena, &request_note))
        return OK;
    return fail(ERR_FORMAT,
                "%s has a Lintel note, but in no PT_NOTE segment: give its section the type "
                "\"note\", and where the linker script has PHDRS, a `PT_NOTE` there",
                reader->name);
}

enum err lintel_read_note(const struct reader *reader, struct arena *arena,
                          struct lintel_request *request)
{
    struct elf_notes_found found;
    struct lintel_request read;

    TRY(elf_find_notes(reader, arena, &request_note, &found));
    if (!found.count)
        return fail(
            ERR_UNSUPPORTED,
            "%s: an ELF file without a Lintel note; add LINTEL_REQUEST() from lintel.h to it",
            reader->name);
    if (found.count > 1)
        return fail(ERR_FORMAT, "%s has two Lintel notes: LINTEL_REQUEST may stand only once",
                    reader->name);
    TRY(check_version(&found, reader->name));
    memcpy(&read, found.descriptor, sizeof read);
    TRY(check_request(&read, reader->name));
    *request = read;
    return OK;
}
