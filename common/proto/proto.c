#include "proto.h"
#include "../entry/reference.h"
#include "../lib/mem.h"

static bool is_linux(const uint8_t *head, uint64_t bytes)
{
    return bytes > 0x206 && memcmp(head + 0x202, "HdrS", 4) == 0;
}

static bool is_pe(const uint8_t *head, uint64_t bytes)
{
    return bytes > 64 && head[0] == 'M' && head[1] == 'Z';
}

static bool is_boot_sector(const uint8_t *head, uint64_t bytes)
{
    return bytes >= 512 && load16(head + 510) == 0xaa55;
}

/* The first row that recognises a file wins: a Linux kernel is a PE file, and a boot sector,
 * too. */
static const struct protocol *const protocols[] = {
    &protocol_lintel,
    &(const struct protocol){"a Linux kernel", is_linux, NULL},
    &(const struct protocol){"an EFI program (PE)", is_pe, NULL},
    &(const struct protocol){"a boot sector", is_boot_sector, NULL},
};

static const struct protocol *recognise(const uint8_t *head, uint64_t bytes)
{
    for (size_t i = 0; i < ARRAY_LENGTH(protocols); i++)
        if (protocols[i]->recognise(head, bytes))
            return protocols[i];
    return NULL;
}

enum err protocol_find(const struct entry *entry, const struct source *kernel, struct arena *arena,
                       const struct protocol **found)
{
    uint64_t bytes = MIN(kernel->bytes, (uint64_t)PROTOCOL_HEAD_BYTES);
    uint8_t *head;
    TRY(ARENA_TAKE(arena, bytes + 1, &head));
    TRY(source_read(kernel, 0, bytes, head));
    const struct protocol *protocol = recognise(head, bytes);
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
    if (reference_open(boot, entry->kernel, &kernel) != OK)
        return fail(ERR_NOT_FOUND, "entry %s: %s", entry->id, err_message());
    TRY(protocol_find(entry, &kernel.source, &boot->arena, &protocol));
    return protocol->boot(boot, entry, &kernel);
}
