/* Which protocol does a kernel file want to be booted by? */
#include "common/protocol/protocol.h"
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
        return fail(ERR_FORMAT, "there is no protocol `%s`; Lintel knows %s", key,
                    list_protocols(false, list, sizeof list));
    if (!is && wanted->explain)
        TRY(wanted->explain(file));
    if (!wanted->recognise(file))
        return fail(ERR_FORMAT, "%s is %s, not %s; the key `kernel` takes every kind",
                    entry->kernel, is ? is->name : "nothing that Lintel knows", wanted->name);
    *found = wanted;
    return OK;
}

/* ---- recognition by content ------------------------------------------------------------------ */

static enum err explain(const struct candidate *file)
{
    for (size_t i = 0; i < ARRAY_LENGTH(protocols); i++)
        if (protocols[i]->explain)
            TRY(protocols[i]->explain(file));
    return OK;
}

/* An ELF file that is damaged is told so: what kind it was can't be seen then. */
static enum err check_elf(const struct candidate *file)
{
    static const struct elf_note_kind any = {"", 0};
    struct elf_notes_found found;
    struct elf elf;

    TRY(elf_parse(file->reader, file->arena, &elf));
    return elf_find_notes(file->reader, file->arena, &any, &found);
}

static enum err refuse_unknown(const struct entry *entry, const struct candidate *file)
{
    char list[LIST_BYTES];

    bool is_elf = elf_recognise(file->head, file->head_bytes);

    list_protocols(true, list, sizeof list);
    if (explain(file) != OK || (is_elf && check_elf(file) != OK))
        return fail(ERR_FORMAT, "%s; Lintel boots %s", err_message(), list);
    if (!is_elf)
        return fail(ERR_FORMAT, "%s is no kernel that Lintel knows; it boots %s", entry->kernel,
                    list);
    return fail(ERR_FORMAT,
                "%s is an ELF file without the marks of a kernel, such as a Lintel note; "
                "Lintel boots %s",
                entry->kernel, list);
}

static enum err find_by_content(const struct entry *entry, const struct candidate *file,
                                const struct protocol **found)
{
    *found = recognise(file);
    return *found ? OK : refuse_unknown(entry, file);
}

static const char *firmware_name(enum lintel_firmware firmware)
{
    return firmware == LINTEL_FIRMWARE_UEFI ? "UEFI" : "BIOS";
}

static void print_nothing(const char *format, ...)
{
    (void)format;
}

/* What is wrong with the file itself is said first: none starts a program for another CPU. */
static enum err check_firmware(const struct attempt *attempt, const struct protocol *protocol)
{
    enum lintel_firmware here = attempt_facts(attempt)->firmware;

    if (!protocol->firmware || protocol->firmware == here)
        return OK;
    TRY(protocol->describe(attempt, print_nothing));
    return fail(ERR_UNSUPPORTED, "%s is %s: %s starts such, but this machine was booted by %s",
                attempt->entry->kernel, protocol->name, firmware_name(protocol->firmware),
                firmware_name(here));
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
    if (!protocol->takes_extras && entry->extras)
        line = "extra";
    if (!line)
        return OK;
    return fail(ERR_UNSUPPORTED, "%s gets no `%s`%s", protocol->name, line,
                protocol->advice ? protocol->advice : "");
}

static enum err read_head(const struct reader *kernel, struct arena *arena, struct candidate *file)
{
    uint64_t bytes = MIN(kernel->bytes, PROTOCOL_HEAD_BYTES);
    uint8_t *head;

    TRY(ARENA_TAKE(arena, bytes + 1, &head));
    TRY(reader_read(kernel, 0, bytes, head));
    *file = (struct candidate){kernel, head, bytes, arena};
    return OK;
}

enum err protocol_find(struct attempt *attempt, const struct protocol **found)
{
    const struct entry *entry = attempt->entry;
    struct reader *kernel = &attempt->kernel.reader;
    struct arena *arena = &attempt->machine->arena;
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
    attempt->hooks = &(*found)->hooks;
    return OK;
}

enum err protocol_check(const struct attempt *attempt, const struct protocol *protocol)
{
    TRY(check_firmware(attempt, protocol));
    return check_lines(attempt->entry, protocol);
}
