#include "common/protocol/protocol.h"
#include "common/entries/loader_interface.h"
#include "common/storage/reference.h"
#include "common/format/elf.h"
#include "common/format/gzip.h"
#include "common/lib/fmt.h"
#include "common/lib/mem.h"

#define LIST_BYTES 256 /* of the names of all protocols */

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

static const struct protocol *find_named(const char *key)
{
    for (size_t i = 0; i < ARRAY_LENGTH(protocols); i++)
        if (strcmp(protocols[i]->key, key) == 0)
            return protocols[i];
    return NULL;
}

/* The keys, or the names, of all protocols that Lintel boots. */
static const char *list_protocols(bool names, char *list, size_t bytes)
{
    size_t length = 0;

    list[0] = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(protocols); i++)
        if (length < bytes)
            length += fmt(list + length, bytes - length, "%s%s", length ? ", " : "",
                          names ? protocols[i]->name : protocols[i]->key);
    return list;
}

/* ---- a protocol that the entry names --------------------------------------------------------- */

/* `kernel` takes every kind of file; `linux`, `efi` and `uki` are protocols' keys. */
static const char *wanted_key(const struct entry *entry)
{
    if (entry->protocol)
        return entry->protocol;
    return entry->kernel_key && find_named(entry->kernel_key) ? entry->kernel_key : NULL;
}

static enum err find_wanted(const struct entry *entry, const char *key,
                            const struct candidate *file, const struct protocol **found)
{
    char list[LIST_BYTES];
    const struct protocol *wanted = find_named(key), *is = recognise(file);

    if (!wanted)
        return fail(ERR_FORMAT, "entry %s: there is no protocol `%s`; Lintel knows %s", entry->id,
                    key, list_protocols(false, list, sizeof list));
    if (!wanted->recognise(file))
        return fail(ERR_FORMAT, "entry %s: %s is %s, not %s; the key `kernel` takes every kind",
                    entry->id, entry->kernel, is ? is->name : "nothing that Lintel knows",
                    wanted->name);
    *found = wanted;
    return OK;
}

/* ---- recognition by content ------------------------------------------------------------------ */

/* An ELF file that is damaged is told so: what kind it was can't be seen then. */
static enum err refuse_unknown(const struct entry *entry, const struct candidate *file)
{
    char list[LIST_BYTES];
    struct elf elf;

    list_protocols(true, list, sizeof list);
    if (!elf_recognise(file->head, file->head_bytes))
        return fail(ERR_FORMAT, "entry %s: %s is no kernel that Lintel knows; it boots %s",
                    entry->id, entry->kernel, list);
    if (elf_parse(file->source, file->arena, &elf) != OK)
        return fail(ERR_FORMAT, "entry %s: %s; Lintel boots %s", entry->id, err_message(), list);
    return fail(ERR_FORMAT,
                "entry %s: %s is an ELF file without the marks of a kernel, such as a Lintel note; "
                "Lintel boots %s",
                entry->id, entry->kernel, list);
}

static enum err find_by_content(const struct entry *entry, const struct candidate *file,
                                const struct protocol **found)
{
    *found = recognise(file);
    return *found ? OK : refuse_unknown(entry, file);
}

/* Nothing that an entry asks for is left out silently. */
static enum err check_lines(const struct entry *entry, const struct protocol *protocol)
{
    const char *line = NULL;

    if (protocol->refuses & PROTOCOL_NO_OPTIONS && *entry->options)
        line = "options";
    if (protocol->refuses & PROTOCOL_NO_INITRDS && entry->initrds)
        line = "initrd";
    if (protocol->refuses & PROTOCOL_NO_MODULES && entry->modules)
        line = "module";
    if (!line)
        return OK;
    return fail(ERR_UNSUPPORTED, "entry %s: %s gets no `%s`%s", entry->id, protocol->name, line,
                protocol->advice ? protocol->advice : "");
}

static enum err read_head(const struct source *kernel, struct arena *arena, struct candidate *file)
{
    uint64_t bytes = MIN(kernel->bytes, PROTOCOL_HEAD_BYTES);
    uint8_t *head;

    TRY(ARENA_TAKE(arena, bytes + 1, &head));
    TRY(source_read(kernel, 0, bytes, head));
    *file = (struct candidate){kernel, head, bytes, arena};
    return OK;
}

enum err protocol_find(const struct entry *entry, struct source *kernel, struct arena *arena,
                       const struct protocol **found)
{
    const char *wanted = wanted_key(entry);
    struct candidate file;

    TRY(read_head(kernel, arena, &file));
    if (gzip_recognise(file.head, file.head_bytes)) {
        TRY(gzip_unpack(kernel, arena));
        TRY(read_head(kernel, arena, &file));
    }
    if (wanted)
        TRY(find_wanted(entry, wanted, &file, found));
    else
        TRY(find_by_content(entry, &file, found));
    return check_lines(entry, *found);
}

enum err protocol_check_secure(const struct boot *boot, const struct source *kernel)
{
    if (!boot->machine.facts->secure_boot)
        return OK;
    return fail(ERR_UNSUPPORTED,
                "%s: Secure Boot is on, and the firmware can't verify this file: only signed EFI "
                "programs, Linux kernels with an EFI entry and unified kernel images boot then; "
                "the firmware's setup can turn Secure Boot off",
                kernel->name);
}

enum err protocol_boot(struct boot *boot, const struct entry *entry)
{
    const struct protocol *protocol;
    struct file kernel;

    timeline_mark(&boot->timeline, "kernel");
    if (entry->problem)
        return fail(ERR_UNSUPPORTED, "entry %s: %s", entry->id, entry->problem);
    if (reference_open(&boot->volumes, entry->fs, entry->kernel, &kernel) != OK)
        return fail(ERR_NOT_FOUND, "entry %s: %s", entry->id, err_message());
    TRY(protocol_find(entry, &kernel.source, &boot->machine.arena, &protocol));
    if (protocol->verifier == VERIFIED_BY_NOBODY)
        TRY(protocol_check_secure(boot, &kernel.source));
    /* A Lintel kernel's boot information says what UEFI's variables tell others. */
    boot->interface.tells = protocol != &protocol_lintel;
    if (boot->interface.tells)
        loader_interface_tell(&boot->interface, &boot->config, entry);
    return protocol->boot(boot, entry, &kernel);
}
