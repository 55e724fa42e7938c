/* How is an EFI program started: another boot loader, a shell, a tool? (UEFI 2.10, 2.1.2) */
#include "common/protocol/efi.h"
#include "common/lib/mem.h"

static enum err parse(const struct attempt *attempt, struct pe *pe)
{
    TRY(pe_parse(&attempt->kernel.reader, &attempt->machine->arena, pe));
    if (pe->subsystem != PE_EFI_APPLICATION)
        return fail(ERR_UNSUPPORTED, "%s: its Subsystem is %u, not 10 (EFI application)",
                    pe->reader->name, pe->subsystem);
    return OK;
}

enum err efi_check(const struct attempt *attempt)
{
    struct pe pe;

    return parse(attempt, &pe);
}

enum err efi_wish(struct attempt *attempt, const char *options, uint64_t more)
{
    const struct region image = {.type = LINTEL_MEMORY_RECLAIMABLE, .window_count = 1};
    struct arena *arena = &attempt->machine->arena;

    attempt->wishes.mode = ENTRY_PROGRAM;
    attempt->program.options = options;
    TRY(wishes_begin(&attempt->wishes, 1 + more, arena));
    return wishes_add_file(&attempt->wishes, &attempt->kernel.reader, image, arena);
}

static enum err open(struct attempt *attempt)
{
    TRY(efi_check(attempt));
    return efi_wish(attempt, attempt->entry->options, 0);
}

static bool is_efi(const struct candidate *file)
{
    return pe_recognise(file->reader);
}

static enum err describe(const struct attempt *attempt, protocol_print *print)
{
    struct pe pe;

    TRY(parse(attempt, &pe));
    print("for UEFI only; %lu KiB in memory, %u sections", pe.image_bytes / KIB, pe.section_count);
    return OK;
}

const struct protocol protocol_efi = {
    .key = "efi",
    .name = "an EFI program",
    .refuses = PROTOCOL_NO_MODULES | PROTOCOL_NO_INITRDS,
    .firmware = LINTEL_FIRMWARE_UEFI,
    .recognise = is_efi,
    .hooks = {.open = open, .starts_programs = true},
    .describe = describe,
};
