#include "images/tool/check/foreign.h"
#include "common/entries/entry.h"
#include "common/format/uki.h"
#include "common/lib/mem.h"
#include "common/protocol/efi.h"
#include "common/protocol/linux/linux_image.h"
#include "common/protocol/multiboot/multiboot.h"
#include "images/tool/host/text.h"

static void describe_name(const struct kernel_file *kernel, char **text)
{
    text_add(text, "Kernel:  %s is %s\n", kernel->source.name, kernel->protocol->name);
}

/* ---- Linux ----------------------------------------------------------------------------------- */

static const char *entry_name(enum linux_entry entry)
{
    static const char *const names[] = {
        [LINUX_ENTRY_64] = "64-bit mode",
        [LINUX_ENTRY_32] = "32-bit mode",
        [LINUX_ENTRY_REAL] = "real mode, so on BIOS only",
    };

    return names[entry];
}

static enum err describe_linux(const struct kernel_file *kernel, struct arena *arena, char **text)
{
    struct linux_image image;

    (void)arena;
    TRY(linux_image_parse(&kernel->source, &image));
    describe_name(kernel, text);
    text_add(text, "  boot protocol %u.%u, entered in %s%s\n", image.version >> 8,
             image.version & 0xff, entry_name(image.entry),
             image.has_efi_entry ? "; on UEFI by its EFI entry" : "");
    text_add(text, "  %s in memory, %s %lXh\n", size_text(image.memory_bytes).text,
             image.relocatable ? "rather at" : "at", image.address);
    text_add(text, "  at most %lu bytes of options; initrd %s\n", image.options_most,
             image.above_4gib ? "anywhere" : "below 4 GiB");
    return OK;
}

/* ---- PE files -------------------------------------------------------------------------------- */

static enum err describe_efi(const struct kernel_file *kernel, struct arena *arena, char **text)
{
    struct pe pe;

    TRY(pe_parse(&kernel->source, arena, &pe));
    TRY(efi_check(&pe));
    describe_name(kernel, text);
    text_add(text, "  for UEFI only; %s in memory, %u sections\n", size_text(pe.image_bytes).text,
             pe.section_count);
    return OK;
}

static const char *or_none(const char *text)
{
    return *text ? text : "none";
}

/* The list has the last one first. */
static void describe_profiles(const struct entry_item *item, char **text)
{
    const struct entry *entry = &item->entry;

    if (item->next)
        describe_profiles(item->next, text);
    text_add(text, "  title %s, version %s, sort key %s\n", entry->title, or_none(entry->version),
             or_none(entry->sort_key));
    text_add(text, "  options %s\n", or_none(entry_options(entry)));
}

static enum err describe_uki(const struct kernel_file *kernel, struct arena *arena, char **text)
{
    struct entry_item *entries = NULL;
    struct uki uki;

    TRY(uki_open(&kernel->source, 0, arena, &uki));
    TRY(entries_from_uki(kernel->source.name, kernel->source.name, &kernel->source, arena,
                         &entries));
    describe_name(kernel, text);
    describe_profiles(entries, text);
    for (uint32_t i = 0; i < uki.pe.section_count; i++)
        text_add(text, "  %-8s %s\n", uki.pe.sections[i].name,
                 size_text(uki.pe.sections[i].content_bytes).text);
    text_add(
        text,
        "  on UEFI its own stub starts it; BIOS boots its sections by the key `kernel`, or with\n"
        "  `uki-on-bios yes` in loader.conf\n");
    return OK;
}

/* ---- Multiboot, boot sectors ----------------------------------------------------------------- */

static enum err describe_multiboot(const struct kernel_file *kernel, struct arena *arena,
                                   char **text)
{
    uint64_t bytes = MIN(kernel->source.bytes, (uint64_t)MULTIBOOT2_SEARCH_BYTES);
    const uint8_t *head = kernel->source.memory;
    struct multiboot_header header;
    struct multiboot_image image;

    if (kernel->protocol == &protocol_multiboot2)
        TRY(multiboot2_parse(head, bytes, kernel->source.name, &header));
    else
        TRY(multiboot1_parse(head, MIN(bytes, (uint64_t)MULTIBOOT1_SEARCH_BYTES),
                             kernel->source.name, &header));
    TRY(multiboot_image_parse(&kernel->source, &header, arena, &image));
    describe_name(kernel, text);
    text_add(text, "  header at %lXh; %u segments, %lXh to %lXh%s; entry %lXh%s\n", header.offset,
             image.segment_count, image.first, image.end, header.relocatable ? " or elsewhere" : "",
             image.entry, header.efi_services ? "; takes EFI boot services" : "");
    return OK;
}

static enum err describe_sector(const struct kernel_file *kernel, struct arena *arena, char **text)
{
    (void)arena;
    describe_name(kernel, text);
    text_add(text, "  for BIOS only; %s at 7C00h\n", size_text(kernel->source.bytes).text);
    return OK;
}

static const struct row {
    const struct protocol *protocol;
    enum err (*describe)(const struct kernel_file *kernel, struct arena *arena, char **text);
} rows[] = {
    {&protocol_linux, describe_linux},
    {&protocol_uki, describe_uki},
    {&protocol_efi, describe_efi},
    {&protocol_multiboot2, describe_multiboot},
    {&protocol_multiboot1, describe_multiboot},
    {&protocol_sector, describe_sector},
};

enum err foreign_describe(const struct kernel_file *kernel, struct arena *arena, char **text)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (rows[i].protocol == kernel->protocol)
            return rows[i].describe(kernel, arena, text);
    describe_name(kernel, text);
    return OK;
}
