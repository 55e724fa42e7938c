/* EFI programs (UEFI 2.10, 2.1.2): other boot loaders, shells, tools. */
#include "common/protocol/efi.h"
#include "common/lib/mem.h"
#include "common/memory/claims.h"
#include "common/storage/disk/cache.h"

static enum err read_and_start(struct boot *boot, struct claims *claims, const struct file *file,
                               struct program *program)
{
    const struct claim_wish wish = {.name = file->source.name, .bytes = file->source.bytes};
    struct claim *claim;

    timeline_mark(&boot->timeline, "load");
    TRY(claims_take(claims, &wish, &claim));
    TRY(source_load(&file->source, 0, file->source.bytes, at_physical(claim->physical)));
    program->image = at_physical(claim->physical);
    loader_interface_tell_execution(&boot->interface);
    timeline_mark(&boot->timeline, "start");
    return boot->machine.firmware->start(program);
}

enum err efi_run(struct boot *boot, const struct file *file, struct program *program)
{
    struct claims claims;

    program->name = program->path = file->source.name;
    program->disk = file->fs->volume->disk;
    program->volume_first_lba = file->fs->volume->first_lba;
    program->bytes = file->source.bytes;
    claims_begin(&claims, boot->machine.facts, boot->machine.firmware, &boot->machine.arena);
    enum err err = read_and_start(boot, &claims, file, program);
    claims_release(&claims);
    cache_forget(boot->machine.facts); /* it may have written to the disks */
    return err;
}

enum err efi_check(const struct pe *pe)
{
    if (pe->subsystem != PE_EFI_APPLICATION)
        return fail(ERR_UNSUPPORTED, "%s: its Subsystem is %u, not 10 (EFI application)",
                    pe->source->name, pe->subsystem);
    return OK;
}

enum err efi_start(struct boot *boot, const struct file *file, const char *options)
{
    struct program program = {.options = options};
    struct pe pe;

    TRY(pe_parse(&file->source, &boot->machine.arena, &pe));
    TRY(efi_check(&pe));
    if (!boot->machine.firmware->start)
        return fail(ERR_UNSUPPORTED,
                    "%s is an EFI program: UEFI starts such, but this machine was booted by BIOS",
                    file->source.name);
    return efi_run(boot, file, &program);
}

static enum err boot_efi(struct boot *boot, const struct entry *entry, const struct file *file)
{
    return efi_start(boot, file, entry->options);
}

static bool is_efi(const struct candidate *file)
{
    return pe_recognise(file->source);
}

const struct protocol protocol_efi = {
    .key = "efi",
    .name = "an EFI program",
    .refuses = PROTOCOL_NO_MODULES | PROTOCOL_NO_INITRDS,
    .recognise = is_efi,
    .verifier = VERIFIED_BY_FIRMWARE,
    .boot = boot_efi,
};
