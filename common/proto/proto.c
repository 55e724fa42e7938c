#include "proto.h"
#include "../entry/reference.h"
#include "../lib/mem.h"

/* The first row that recognises a file wins: a Linux kernel is a PE file, and a boot sector, too.
 */
static const struct protocol *const protocols[] = {
    &protocol_lintel, &protocol_limine, &protocol_multiboot2, &protocol_multiboot1,
    &protocol_linux,  &protocol_uki,    &protocol_efi,        &protocol_sector,
};

static const struct protocol *recognise(const struct candidate *file)
{
    for (size_t i = 0; i < ARRAY_LENGTH(protocols); i++)
        if (protocols[i]->recognise(file))
            return protocols[i];
    return NULL;
}

enum err protocol_find(const struct entry *entry, const struct source *kernel, struct arena *arena,
                       const struct protocol **found)
{
    uint64_t bytes = MIN(kernel->bytes, PROTOCOL_HEAD_BYTES);
    uint8_t *head;
    TRY(ARENA_TAKE(arena, bytes + 1, &head));
    TRY(source_read(kernel, 0, bytes, head));
    const struct candidate file = {kernel, head, bytes, arena};
    const struct protocol *protocol = recognise(&file);
    if (!protocol)
        return fail(
            ERR_FORMAT,
            "entry %s: %s is no kernel that Lintel knows; it boots ELF64 files with a Lintel note",
            entry->id, entry->kernel);
    if (!protocol->boot)
        return fail(ERR_UNSUPPORTED,
                    "entry %s: %s is %s, which this version of Lintel does not boot; it boots "
                    "ELF64 files with a Lintel note",
                    entry->id, entry->kernel, protocol->name);
    *found = protocol;
    return OK;
}

enum err protocol_boot(struct boot *boot, const struct entry *entry)
{
    const struct protocol *protocol;
    struct file kernel;

    boot_stage(boot, "kernel");
    if (entry->problem)
        return fail(ERR_UNSUPPORTED, "entry %s: %s", entry->id, entry->problem);
    if (reference_open(boot, entry, entry->kernel, &kernel) != OK)
        return fail(ERR_NOT_FOUND, "entry %s: %s", entry->id, err_message());
    TRY(protocol_find(entry, &kernel.source, &boot->arena, &protocol));
    return protocol->boot(boot, entry, &kernel);
}
